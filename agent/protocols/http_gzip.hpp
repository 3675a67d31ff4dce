#pragma once

#include "agent/protocols/http_request.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// Bytes in the coding gzip, as mod_deflate makes them with Debian's settings.
struct HttpGzip {
    std::shared_ptr<const std::string> bytes;
    std::vector<std::size_t> passes;  // what the filter hands on at a time; more than one makes the answer chunked
};

/// True for what mod_deflate looks at on Debian: these types, and more bytes than the coding itself may take.
bool httpCompressible(std::string_view type, std::size_t size);

/// True if the peer takes gzip.
bool httpTakesGzip(const HttpRequest& request);

/// Compresses; nothing is ever unpacked here.
HttpGzip httpGzip(std::string_view bytes);

/// The tag of a file in that coding.
std::string httpGzipTag(const std::string& etag);

}  // namespace apiary::agent
