#pragma once

#include "agent/protocols/http_request.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace apiary::agent {

/// What is known of the file that conditions and ranges (RFC 9110, 13 and 14) speak of.
struct HttpValidators {
    std::string etag;  // quoted
    std::chrono::sys_seconds modified;
    std::chrono::sys_seconds now;
};

/// 0 if the file is to be sent, else 304 or 412.
unsigned httpConditions(const HttpRequest& request, const HttpValidators& validators);

struct HttpRanges {
    bool satisfiable = true;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> parts;  // first and last byte; none: the whole file
};

/// The parts of `size` bytes that the request asks for, joined and limited as Apache does it.
HttpRanges httpRanges(const HttpRequest& request, std::uint64_t size, const HttpValidators& validators);

}  // namespace apiary::agent
