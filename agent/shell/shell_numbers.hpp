#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace apiary::agent {

/// A number that takes the whole of a text; nothing if it is none, or too large.
template <typename Number>
std::optional<Number> parseNumber(std::string_view text, int base = 10) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty() ? std::optional(value)
                                                                                     : std::nullopt;
}

/// As parseNumber, with the suffixes of BusyBox: c, w, b, k, kB, M, G.
std::optional<std::uint64_t> parseSize(std::string_view text);

/// A number of printf and test: blanks before it, a sign, "0x".
std::optional<std::int64_t> parseInteger(std::string_view text);

/// As ls -h and df -h show bytes: "1.5K", or without the fraction "2K".
std::string humanSize(std::uint64_t bytes, bool fraction = true);

/// A conversion of printf, "%-12.3f", with no width or precision above 1000, which printed() would not show.
std::string boundedConversion(std::string_view spec);

/// As snprintf(3), cut at 500 bytes. Its work grows with what it would print: a format that is not the program's own
/// needs boundedConversion().
template <typename... Values>
std::string printed(const char* format, Values... values) {
    std::array<char, 501> text{};
    const int size = std::snprintf(text.data(), text.size(), format, values...);
    return {text.data(), static_cast<std::size_t>(std::clamp<int>(size, 0, static_cast<int>(text.size()) - 1))};
}

/// Seconds since 1970 no further than the years that have four digits, so that they may be added and multiplied.
constexpr std::int64_t boundedTime(std::int64_t seconds) {
    constexpr std::int64_t kFurthest = 253'402'300'799;  // the last second of 9999
    return seconds < -kFurthest ? -kFurthest : seconds > kFurthest ? kFurthest : seconds;
}

/// "Nov 25 21:15:03 2026" in UTC; of bounded years.
std::string dateOf(std::int64_t seconds);

/// The day of the week: "Wed".
std::string_view weekdayOf(std::int64_t seconds);

}  // namespace apiary::agent
