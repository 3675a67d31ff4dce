#include "agent/shell/shell_date.hpp"

#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <chrono>

namespace apiary::agent {
namespace {

/// Two or more digits of a date, taken off the text.
std::optional<int> takeNumber(std::string_view& text, std::size_t digits, bool atMost = false) {
    const std::size_t found = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::size_t size = std::min(found, digits);
    const auto value = atMost || size == digits ? parseNumber<int>(text.substr(0, size)) : std::nullopt;
    text.remove_prefix(value ? size : 0);
    return value;
}

bool takeSign(std::string_view& text, std::string_view signs) {
    const bool there = !text.empty() && signs.find(text.front()) != std::string_view::npos;
    text.remove_prefix(there ? 1 : 0);
    return there;
}

/// The fields of a date; what a text does not name stays.
struct Date {
    int year = 1970;
    int month = 1;
    int day = 1;
    int hour = 0;
    int minute = 0;
    int second = 0;

    static Date of(std::int64_t seconds) {
        const std::chrono::sys_seconds at{std::chrono::seconds{seconds}};
        const auto day = std::chrono::floor<std::chrono::days>(at);
        const std::chrono::year_month_day date{day};
        const std::chrono::hh_mm_ss clock{at - day};
        return {static_cast<int>(date.year()),
                static_cast<int>(static_cast<unsigned>(date.month())),
                static_cast<int>(static_cast<unsigned>(date.day())),
                static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count())};
    }
    std::optional<std::int64_t> seconds() const {
        if (year < 1900 || year > 2100 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 ||
            second > 60) {
            return std::nullopt;
        }
        const auto date = std::chrono::sys_days{std::chrono::year{year} / month / 1} + std::chrono::days{day - 1};
        return std::chrono::duration_cast<std::chrono::seconds>(date.time_since_epoch()).count() + hour * 3600 +
               minute * 60 + second;
    }
    /// "hh:mm[:ss]"
    bool takeClock(std::string_view& text) {
        const auto hours = takeNumber(text, 2, true);
        const auto minutes = hours && takeSign(text, ":") ? takeNumber(text, 2) : std::nullopt;
        if (!minutes) {
            return false;
        }
        hour = *hours;
        minute = *minutes;
        if (takeSign(text, ":")) {
            const auto seconds = takeNumber(text, 2);
            second = seconds.value_or(99);
        }
        return text.empty();
    }
};

}  // namespace

std::optional<std::int64_t> parseDate(std::string_view text, std::int64_t now) {
    if (text.starts_with('@')) {
        return parseNumber<std::int64_t>(text.substr(1));
    }
    Date date = Date::of(now);
    std::string_view rest = text;
    if (date.takeClock(rest)) {
        return date.seconds();
    }
    date = Date::of(now);
    rest = text;
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (digits == 4 && rest.size() > 4 && (rest[4] == '-' || rest[4] == '.')) {
        const char sign = rest[4];
        date.year = takeNumber(rest, 4).value_or(0);
        takeSign(rest, "-.");
        date.month = takeNumber(rest, 2, true).value_or(99);
        const bool signedDay = takeSign(rest, std::string_view(&sign, 1));
        date.day = signedDay ? takeNumber(rest, 2, true).value_or(99) : 99;
        if (rest.empty() && sign == '-') {
            return date.seconds();
        }
        return takeSign(rest, sign == '-' ? " T" : "-") && date.takeClock(rest) ? date.seconds() : std::nullopt;
    }
    if (digits == 2 && rest.size() > 2 && rest[2] == '.') {
        date.month = takeNumber(rest, 2).value_or(99);
        takeSign(rest, ".");
        date.day = takeNumber(rest, 2).value_or(99);
        return takeSign(rest, "-") && date.takeClock(rest) ? date.seconds() : std::nullopt;
    }
    if (digits % 2 != 0 || digits < 4 || digits > 12) {
        return std::nullopt;
    }
    date.second = 0;
    if (digits == 12) {
        date.year = takeNumber(rest, 4).value_or(0);
    } else if (digits == 10) {
        const int year = takeNumber(rest, 2).value_or(0);
        date.year = year + (year < 69 ? 2000 : 1900);
    }
    date.month = digits >= 8 ? takeNumber(rest, 2).value_or(99) : date.month;
    date.day = digits >= 6 ? takeNumber(rest, 2).value_or(99) : date.day;
    date.hour = takeNumber(rest, 2).value_or(99);
    date.minute = takeNumber(rest, 2).value_or(99);
    if (takeSign(rest, ".")) {
        date.second = takeNumber(rest, 2).value_or(99);
    }
    return rest.empty() ? date.seconds() : std::nullopt;
}

}  // namespace apiary::agent
