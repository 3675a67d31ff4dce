/// date: what it shows, and the forms in which it is told a time. The clock itself is not changed.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

namespace apiary::agent {
namespace {

constexpr std::int64_t kLatest = 253'402'300'799;  // of the year 9999

std::tm brokenDown(std::int64_t seconds) {
    const std::time_t at = std::clamp<std::int64_t>(seconds, -kLatest, kLatest);
    std::tm time{};
    gmtime_r(&at, &time);
    return time;
}

/// As strftime() in UTC and the C locale.
std::string formatted(std::string_view format, std::int64_t seconds) {
    const std::tm time = brokenDown(seconds);
    std::string text;
    for (std::size_t i = 0; i < format.size() && text.size() < ShellWork::kMostPiped; ++i) {
        if (format[i] != '%' || i + 1 == format.size()) {
            text += format[i];
            continue;
        }
        const char kind = format[++i];
        if (kind == 'Z') {
            text += "UTC";
        } else if (kind == 's') {
            text += std::to_string(seconds);
        } else if (kind == 'z') {
            text += "+0000";
        } else if (std::string_view("aAbBcCdDeFgGhHIjklmMnpPrRStTuUVwWxXyY%").find(kind) != std::string_view::npos) {
            std::array<char, 128> piece{};
            const char spec[] = {'%', kind, '\0'};
            text.append(piece.data(), std::strftime(piece.data(), piece.size(), spec, &time));
        } else {
            (text += '%') += kind;
        }
    }
    return text;
}

std::optional<std::int64_t> secondsOf(int year, unsigned month, unsigned day, int hour, int minute, int second) {
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) {
        return {};
    }
    return std::chrono::sys_seconds{std::chrono::sys_days{date}}.time_since_epoch().count() + hour * 3600 +
           minute * 60 + second;
}

/// The numbers of a text, and what stands between them as one sign each: "2020-1-2 3:4" is 2020 1 2 3 4 and "-- :".
struct Parts {
    std::vector<unsigned> numbers;
    std::string between;
};

std::optional<Parts> partsOf(std::string_view text) {
    Parts parts;
    while (!text.empty()) {
        const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
        const auto number = parseNumber<unsigned>(text.substr(0, digits));
        if (!number || parts.numbers.size() > 6) {
            return {};
        }
        parts.numbers.push_back(*number);
        text.remove_prefix(digits);
        if (!text.empty()) {
            parts.between += text.front();
            text.remove_prefix(1);
        }
    }
    return parts;
}

/// A time as -d and -s take it; nothing for one that cannot be read.
std::optional<std::int64_t> timeOf(std::string_view text, std::int64_t now) {
    if (text.starts_with('@')) {
        return parseNumber<std::int64_t>(text.substr(1));
    }
    const auto parts = partsOf(text);
    if (!parts || parts->between.size() + 1 != parts->numbers.size()) {
        return {};
    }
    const std::tm today = brokenDown(now);
    const int year = today.tm_year + 1900;
    const unsigned month = static_cast<unsigned>(today.tm_mon) + 1;
    const unsigned day = static_cast<unsigned>(today.tm_mday);
    const std::vector<unsigned>& n = parts->numbers;
    const auto part = [&](std::size_t i) { return i < n.size() ? static_cast<int>(n[i]) : 0; };
    const std::string& form = parts->between;
    if (form == ":" || form == "::") {
        return secondsOf(year, month, day, part(0), part(1), part(2));
    }
    if (form == "--" || form == "-- :" || form == "-- ::" || form == "-- ") {
        return secondsOf(part(0), n[1], n[2], part(3), part(4), part(5));
    }
    if (form == ".-:" || form == ".-::") {
        return secondsOf(year, n[0], n[1], part(2), part(3), part(4));
    }
    if (form == "..-:" || form == "..-::") {
        return secondsOf(part(0), n[1], n[2], part(3), part(4), part(5));
    }
    if (form.empty() || form == ".") {  // [[[[[YY]YY]MM]DD]hh]mm[.ss]
        std::string digits(text.substr(0, text.find('.')));
        if (digits.size() % 2 != 0 || digits.size() > 12) {
            return {};
        }
        const std::string whole = printed("%04d%02u%02u%02d%02d", year, month, day, today.tm_hour, today.tm_min);
        digits.insert(0, whole.substr(0, whole.size() - digits.size()));
        const auto at = [&](std::size_t from, std::size_t size) {
            return parseNumber<unsigned>(std::string_view(digits).substr(from, size)).value_or(99);
        };
        return secondsOf(static_cast<int>(at(0, 4)), at(4, 2), at(6, 2), static_cast<int>(at(8, 2)),
                         static_cast<int>(at(10, 2)), form.empty() ? 0 : part(1));
    }
    return {};
}

/// MMDDhhmm[[YY]YY][.ss], as an operand is read.
std::optional<std::int64_t> operandTime(std::string_view text, std::int64_t now) {
    const std::string_view digits = text.substr(0, text.find('.'));
    if ((digits.size() != 8 && digits.size() != 10 && digits.size() != 12) ||
        digits.find_first_not_of("0123456789") != std::string_view::npos) {
        return timeOf(text, now);
    }
    const std::string rest(digits.substr(8));
    const std::string year = rest.size() == 4 ? rest : rest.size() == 2 ? "20" + rest : formatted("%Y", now);
    return timeOf(year + std::string(digits.substr(0, 8)) + std::string(text.substr(digits.size())), now);
}

}  // namespace

int runDate(ShellCall& call) {
    std::string precision;
    for (std::size_t i = 1; i < call.words.size(); ++i) {
        std::string& word = call.words[i];
        if (word.starts_with("-I") && word.size() > 2) {  // its value is never a word of its own
            precision = word.substr(2);
            word = "-I";
        }
    }
    if (!call.parse("us:d:r:RID:")) {
        return 1;
    }
    std::int64_t at = call.work().seconds();
    std::string format = "%a %b %e %H:%M:%S UTC %Y";
    const std::string spoken = call.has('s') ? call.value('s') : call.valueOr('d', "");
    std::optional<std::string> told;
    if (call.has('d') || call.has('s')) {
        told = spoken;
    }
    std::string operand = call.words.size() > 1 ? call.words[1] : "";
    const bool hasFormat = operand.starts_with('+');
    if (call.has('r')) {
        const ShellFiles::Place place = call.locate(call.value('r'));
        const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
        if (node == nullptr) {
            return call.fail("can't stat '" + call.value('r') + "': No such file or directory");
        }
        at = node->modified;
    } else if (told || (!operand.empty() && !hasFormat)) {
        const auto time = told ? timeOf(*told, at) : operandTime(operand, at);
        if (!time) {
            return call.fail("invalid date '" + told.value_or(operand) + "'");
        }
        at = *time;
        if (!call.has('d') && call.files().user() != 0) {
            call.fail("can't set date: Operation not permitted");
        }
    }
    if (hasFormat) {
        format = operand.substr(1);
    } else if (call.has('R')) {
        format = "%a, %d %b %Y %H:%M:%S +0000";
    } else if (call.has('I')) {
        format = precision.starts_with('s')   ? "%Y-%m-%dT%H:%M:%S+00:00"
                 : precision.starts_with('m') ? "%Y-%m-%dT%H:%M+00:00"
                 : precision.starts_with('h') ? "%Y-%m-%dT%H+00:00"
                 : precision.starts_with('n') ? "%Y-%m-%dT%H:%M:%S,000000000+00:00"
                                              : "%Y-%m-%d";
    }
    call.out(formatted(format, at) + '\n');
    return 0;
}

}  // namespace apiary::agent
