/// cal.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <array>
#include <chrono>

namespace apiary::agent {
namespace {

constexpr std::size_t kRows = 6;
constexpr std::array<const char*, 12> kMonths{"January", "February", "March",     "April",   "May",      "June",
                                              "July",    "August",   "September", "October", "November", "December"};

/// The days of a month, a week each, as wide as a month is.
std::array<std::string, kRows> weeksOf(int year, unsigned month, bool ofYear) {
    const std::chrono::year_month_day_last last{std::chrono::year{year},
                                                std::chrono::month_day_last{std::chrono::month{month}}};
    const auto first = std::chrono::sys_days{std::chrono::year{year} / static_cast<int>(month) / 1};
    const auto before = (first - std::chrono::sys_days{std::chrono::year{year} / 1 / 1}).count();
    const std::size_t width = ofYear ? 4 : 3;
    std::array<std::string, kRows> weeks;
    std::size_t cell = std::chrono::weekday{first}.c_encoding();
    weeks[0].append(cell * width, ' ');
    for (unsigned day = 1; day <= static_cast<unsigned>(last.day()); ++day, ++cell) {
        const long number = ofYear ? before + day : day;
        weeks[cell / 7] += printed(ofYear ? "%3ld" : "%2ld", number) + (cell % 7 == 6 ? "" : " ");
    }
    for (std::string& week : weeks) {
        week.resize(week.find_last_not_of(' ') + 1);
    }
    return weeks;
}

std::string centred(const std::string& text, std::size_t width) {
    const std::size_t blanks = width - std::min(width, text.size());
    return std::string(blanks / 2, ' ') + text + std::string(blanks - blanks / 2, ' ');
}

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text;
}

std::string withoutEnd(std::string text) {
    text.resize(text.find_last_not_of(' ') + 1);
    return text;
}

std::string headOf(bool ofYear) {
    return ofYear ? " Su  Mo  Tu  We  Th  Fr  Sa" : "Su Mo Tu We Th Fr Sa";
}

std::string monthText(int year, unsigned month, bool ofYear) {
    const std::size_t width = ofYear ? 27 : 20;
    std::string text = withoutEnd(centred(std::string(kMonths[month - 1]) + ' ' + std::to_string(year), width)) + '\n' +
                       headOf(ofYear) + '\n';
    for (const std::string& week : weeksOf(year, month, ofYear)) {
        text += (week.empty() ? std::string(width + 1, ' ') : week) + '\n';
    }
    return text;
}

std::string yearText(int year, bool ofYear) {
    const std::size_t width = ofYear ? 27 : 20;
    const unsigned across = ofYear ? 2 : 3;
    std::string text = centred(std::to_string(year), width * across + 2 * (across - 1)) + "\n\n";
    for (unsigned first = 1; first <= 12; first += across) {
        std::string names;
        std::string heads;
        std::array<std::string, kRows> rows;
        for (unsigned month = first; month < first + across; ++month) {
            const std::string gap = month + 1 < first + across ? "  " : "";
            names += centred(kMonths[month - 1], width) + gap;
            heads += headOf(ofYear) + gap;
            const auto weeks = weeksOf(year, month, ofYear);
            for (std::size_t row = 0; row < kRows; ++row) {
                rows[row] += padded(weeks[row], width) + gap;
            }
        }
        text += names + '\n' + heads + '\n';
        for (const std::string& row : rows) {
            const std::string shown = withoutEnd(row);
            text += (shown.empty() ? std::string(79, ' ') : shown) + '\n';
        }
    }
    return text;
}

/// A number within bounds; nothing after it was said why it is none.
std::optional<int> bounded(ShellCall& call, const std::string& text, int most) {
    const auto value = parseNumber<unsigned>(text);
    if (!value) {
        call.fail("invalid number '" + text + "'");
    } else if (*value < 1 || *value > static_cast<unsigned>(most)) {
        call.fail("number " + text + " is not in 1.." + std::to_string(most) + " range");
    } else {
        return static_cast<int>(*value);
    }
    return std::nullopt;
}

int calendar(ShellCall& call) {
    if (!call.parse("jmy")) {
        return 1;
    }
    const std::vector<std::string> words = call.operands();
    if (words.size() > 2) {
        return call.usage();
    }
    const std::chrono::year_month_day today{
        std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds{std::chrono::seconds{call.work().seconds()}})};
    const bool ofYear = call.has('j');
    const auto month = words.size() == 2 ? bounded(call, words[0], 12)
                                         : std::optional(static_cast<int>(static_cast<unsigned>(today.month())));
    const auto year = !month          ? std::nullopt
                      : words.empty() ? std::optional(static_cast<int>(today.year()))
                                      : bounded(call, words.back(), 9999);
    if (!year) {
        return 1;
    }
    call.out(words.size() == 1 || call.has('y') ? yearText(*year, ofYear)
                                                : monthText(*year, static_cast<unsigned>(*month), ofYear));
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"cal", calendar, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellCalendarApplets() {
    return kApplets;
}

}  // namespace apiary::agent
