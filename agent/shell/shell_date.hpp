#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace apiary::agent {

/// The forms of touch -d: "hh:mm[:ss]", "YYYY-MM-DD[ hh:mm[:ss]]", "[YYYY.]MM.DD-hh:mm[:ss]", "@SECONDS" and
/// "[[[[CC]YY]MM]DD]hhmm[.ss]". What a form does not name is as at `now`.
/// Seconds since 1970 in UTC; nothing if it is no date.
std::optional<std::int64_t> parseDate(std::string_view text, std::int64_t now);

}  // namespace apiary::agent
