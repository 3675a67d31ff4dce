#pragma once

#include "common/net/endpoint.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace apiary::collector {

/// Text for a text column: printable ASCII as it is, anything else as escape() writes it, at most `longest` characters.
std::string plainText(std::string_view text, std::size_t longest);

/// True for the name of a protocol as the database takes it: [a-z0-9._-]{1,32}.
bool isProtocolName(std::string_view text);

/// A command by which others like it are counted: addresses become <ip>, URLs <url>, long hexadecimal <hex>, numbers
/// <n>, bytes that are not printable <bin>. At most 256 characters; equal commands give equal text.
std::string normalizeCommand(std::string_view verb, std::string_view argument);

/// Where an address lies: `private` (RFC 1918, RFC 4193), `special` (other blocks of RFC 6890), or `internet`.
std::string scopeOf(const Endpoint& endpoint);

}  // namespace apiary::collector
