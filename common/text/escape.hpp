#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace apiary {

/// Bytes as the text logs, `transcript()` and every view write them: 0x20 to 0x7e as they are, `\` as `\\`, the rest as
/// `\xHH` in lower case. Reversible, printable ASCII only, so safe to show in a terminal.
std::string escape(std::string_view bytes);

/// Appends escape(bytes) to `out`.
void appendEscaped(std::string& out, std::string_view bytes);

/// The first `longest` characters of escape(bytes), never cut inside an escape.
std::string escapeCut(std::string_view bytes, std::size_t longest);

/// The bytes again; nothing if `text` was not written by escape().
std::optional<std::string> unescape(std::string_view text);

}  // namespace apiary
