#pragma once

#include "agent/protocols/http_pieces.hpp"
#include "agent/protocols/http_reply.hpp"
#include "agent/protocols/http_site.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// Whether an entry, by its path, may be listed.
using HttpListed = std::function<bool(std::string_view path)>;

/// The page of a folder without an index, as mod_autoindex makes it with Debian's settings. `path` ends with '/'.
/// Times are those of UTC. Left out: HEADER.html and README.html.
HttpPieces httpListing(const HttpSite& site, std::string_view path, const HttpRequest& request, const HttpOwner& owner,
                       const HttpListed& listed);

/// Compares names by what they say, numbers by their value: apr_strnatcmp(). Less than, equal to or above 0.
int httpNaturalOrder(std::string_view one, std::string_view other);

}  // namespace apiary::agent
