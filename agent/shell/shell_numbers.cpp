#include "agent/shell/shell_numbers.hpp"

#include <chrono>

namespace apiary::agent {
namespace {

constexpr std::uint64_t kMostWidth = 1000;
constexpr std::int64_t kLatest = 4'102'444'800;  // the year 2100

std::chrono::sys_seconds clamped(std::int64_t seconds) {
    return std::chrono::sys_seconds{std::chrono::seconds{std::clamp<std::int64_t>(seconds, 0, kLatest)}};
}

}  // namespace

std::optional<std::uint64_t> parseSize(std::string_view text) {
    struct Suffix {
        std::string_view name;
        std::uint64_t factor;
    };
    constexpr Suffix kSuffixes[] = {{"kB", 1000},
                                    {"MB", 1000 * 1000},
                                    {"KB", 1000},
                                    {"c", 1},
                                    {"w", 2},
                                    {"b", 512},
                                    {"k", 1024},
                                    {"K", 1024},
                                    {"M", 1024 * 1024},
                                    {"m", 1024 * 1024},
                                    {"G", 1024 * 1024 * 1024}};
    std::uint64_t factor = 1;
    for (const Suffix& suffix : kSuffixes) {
        if (text.ends_with(suffix.name)) {
            factor = suffix.factor;
            text.remove_suffix(suffix.name.size());
            break;
        }
    }
    const auto value = parseNumber<std::uint32_t>(text);
    return value ? std::optional(*value * factor) : std::nullopt;
}

std::optional<std::int64_t> parseInteger(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    const bool negative = text.starts_with('-');
    text.remove_prefix(negative || text.starts_with('+') ? 1 : 0);
    if (text.starts_with('-')) {
        return std::nullopt;
    }
    const bool hexadecimal = text.starts_with("0x");
    const auto value = parseNumber<std::int64_t>(text.substr(hexadecimal ? 2 : 0), hexadecimal ? 16 : 10);
    return value ? std::optional(negative ? -*value : *value) : std::nullopt;
}

std::string humanSize(std::uint64_t bytes, bool fraction) {
    constexpr std::string_view kUnits = " KMGTPE";
    constexpr std::uint64_t kStep = 1024;
    std::size_t unit = 0;
    std::uint64_t tenths = 0;
    for (; bytes >= kStep; ++unit) {
        tenths = (bytes % kStep * 10 + kStep / 2) / kStep;
        bytes /= kStep;
    }
    if (tenths >= 10) {
        ++bytes;
        tenths = 0;
    }
    std::string text = std::to_string(bytes + (!fraction && tenths >= 5 ? 1 : 0));
    if (unit > 0) {
        text += (fraction ? '.' + std::to_string(tenths) : "") + kUnits[unit];
    }
    return text;
}

std::string boundedConversion(std::string_view spec) {
    constexpr std::string_view kDigits = "0123456789";
    std::string bounded;
    while (!spec.empty()) {
        const std::size_t digits = std::min(spec.find_first_not_of(kDigits), spec.size());
        const auto number = parseNumber<std::uint64_t>(spec.substr(0, digits));
        const bool large = digits > 0 && number.value_or(kMostWidth + 1) > kMostWidth;
        bounded += large ? std::to_string(kMostWidth) : std::string(spec.substr(0, digits));
        spec.remove_prefix(digits);
        const std::size_t others = std::min(spec.find_first_of(kDigits), spec.size());
        bounded += spec.substr(0, others);
        spec.remove_prefix(others);
    }
    return bounded;
}

std::string dateOf(std::int64_t seconds) {
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto at = clamped(seconds);
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{at - day};
    return printed("%s %2u %02d:%02d:%02d %d", kMonths[static_cast<unsigned>(date.month()) - 1],
                   static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                   static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
                   static_cast<int>(date.year()));
}

std::string_view weekdayOf(std::int64_t seconds) {
    static constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    return kDays[std::chrono::weekday{std::chrono::floor<std::chrono::days>(clamped(seconds))}.c_encoding()];
}

}  // namespace apiary::agent
