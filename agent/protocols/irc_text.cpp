#include "agent/protocols/irc_text.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestLine = 512;
constexpr std::size_t kLongestTags = 4095;
constexpr std::size_t kLongestNick = 30;
constexpr std::size_t kLongestChannel = 64;
constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

char fold(char c, bool rfc) {
    if ((c >= 'A' && c <= 'Z') || (rfc && c >= '[' && c <= ']')) {
        return static_cast<char>(c + 32);
    }
    return c;
}

struct Moment {
    std::chrono::year_month_day day;
    unsigned weekday;
    std::chrono::hh_mm_ss<std::chrono::seconds> time;
};

Moment momentOf(std::int64_t seconds) {
    const std::chrono::sys_seconds at{std::chrono::seconds(seconds)};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    return {day, std::chrono::weekday(day).c_encoding(), std::chrono::hh_mm_ss(at - day)};
}

/// Takes the next word from the front of `rest`; false at its end.
bool takeWord(std::string_view& rest, std::string& word) {
    if (rest.empty()) {
        return false;
    }
    const auto end = std::min(rest.find(' '), rest.size());
    word = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.find_first_not_of(' ', end), rest.size()));
    return true;
}

std::uint64_t unitOf(char c) {
    switch (c | 0x20) {
        case 's':
            return 1;
        case 'm':
            return 60;
        case 'h':
            return 3600;
        case 'd':
            return 86400;
        case 'w':
            return 604800;
        case 'y':
            return 31557600;
        default:
            return 0;
    }
}

}  // namespace

std::string ircFold(std::string_view text) {
    std::string folded(text);
    std::ranges::transform(folded, folded.begin(), [](char c) { return fold(c, true); });
    return folded;
}

bool ircEqual(std::string_view one, std::string_view other) {
    return std::ranges::equal(one, other, [](char a, char b) { return fold(a, true) == fold(b, true); });
}

bool ircMatches(std::string_view text, std::string_view mask, bool rfc) {
    std::size_t at = 0;
    std::size_t in = 0;
    std::size_t star = std::string_view::npos;  // behind the last *
    std::size_t resume = 0;
    while (at < text.size()) {
        if (in < mask.size() && mask[in] == '*') {
            star = ++in;
            resume = at;
        } else if (in < mask.size() && (mask[in] == '?' || fold(mask[in], rfc) == fold(text[at], rfc))) {
            ++in;
            ++at;
        } else if (star != std::string_view::npos) {
            in = star;
            at = ++resume;
        } else {
            return false;
        }
    }
    return mask.find_first_not_of('*', in) == std::string_view::npos;
}

bool ircIsNick(std::string_view text) {
    const auto first = [](char c) { return c >= 'A' && c <= '}'; };
    return !text.empty() && text.size() <= kLongestNick && first(text[0]) &&
           std::ranges::all_of(text, [&](char c) { return first(c) || (c >= '0' && c <= '9') || c == '-'; });
}

bool ircIsIdent(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'A' && c <= '}') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
}

bool ircIsChannel(std::string_view text) {
    return text.starts_with('#') && text.size() <= kLongestChannel &&
           text.find_first_of(" ,\x07") == std::string_view::npos;
}

std::vector<std::string> ircWords(std::string_view text, char separator, bool empties) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at <= text.size();) {
        const auto end = std::min(text.find(separator, at), text.size());
        if (end > at || empties) {
            words.emplace_back(text.substr(at, end - at));
        }
        at = end + 1;
    }
    return words;
}

std::uint64_t ircNumber(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\v\f"), text.size()));
    const bool minus = text.starts_with('-');
    if (minus || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    std::uint64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec == std::errc::result_out_of_range) {
        return 0;
    }
    return minus ? 0 - number : number;
}

std::optional<std::uint64_t> ircDuration(std::string_view text) {
    std::uint64_t total = 0;
    std::uint64_t part = 0;
    for (const char c : text) {
        if (c >= '0' && c <= '9') {
            part = part * 10 + static_cast<std::uint64_t>(c - '0');
            continue;
        }
        const std::uint64_t unit = unitOf(c);
        if (unit == 0) {
            return std::nullopt;
        }
        total += part * unit;
        part = 0;
    }
    return total + part;
}

std::string ircDurationText(std::int64_t seconds) {
    if (seconds <= 0) {
        return "0s";
    }
    std::string text;
    const auto add = [&](std::int64_t count, char unit) {
        if (count != 0) {
            text += std::to_string(count) + unit;
        }
    };
    add(seconds / 31449600, 'y');
    add(seconds / 604800 % 52, 'w');
    add(seconds / 86400 % 7, 'd');
    add(seconds / 3600 % 24, 'h');
    add(seconds / 60 % 60, 'm');
    add(seconds % 60, 's');
    return text;
}

std::string ircDate(std::int64_t seconds) {
    const Moment moment = momentOf(seconds);
    char text[64];
    (void)std::snprintf(text, sizeof text, "%s %s %02u %d %02d:%02d:%02d", kDays[moment.weekday],
                        kMonths[unsigned(moment.day.month()) - 1], unsigned(moment.day.day()), int(moment.day.year()),
                        int(moment.time.hours().count()), int(moment.time.minutes().count()),
                        int(moment.time.seconds().count()));
    return text;
}

std::string ircCreated(std::int64_t seconds) {
    const std::string date = ircDate(seconds);  // "Thu Jan 01 1970 00:00:00"
    return date.substr(date.size() - 8) + date.substr(3, date.size() - 12);
}

std::optional<IrcLine> ircRead(std::string_view line, bool& tagsTooLong) {
    const auto start = line.find_first_not_of(' ');
    if (start == std::string_view::npos) {
        return std::nullopt;
    }
    const bool tagged = line[start] == '@';
    std::string_view rest =
        line.substr(start, kLongestLine - std::min(start, kLongestLine - 2) - 2 + (tagged ? kLongestTags + 1 : 0));
    std::string word;
    if (!takeWord(rest, word)) {
        return std::nullopt;
    }
    if (word.starts_with('@')) {
        tagsTooLong = word.size() > kLongestTags;
        if (tagsTooLong || !takeWord(rest, word)) {
            return std::nullopt;
        }
    }
    if (word.starts_with(':') && !takeWord(rest, word)) {
        return std::nullopt;
    }
    IrcLine read;
    read.command = word;
    std::ranges::transform(read.command, read.command.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
    while (!rest.empty()) {
        if (rest.starts_with(':')) {
            read.parameters.emplace_back(rest.substr(1));
            break;
        }
        takeWord(rest, word);
        read.parameters.push_back(word);
    }
    return read;
}

std::size_t IrcHash::operator()(const std::string& name) const {
    std::size_t hash = 0;
    for (const char c : name) {
        hash = 5 * hash + static_cast<unsigned char>(fold(c, true));
    }
    return hash;
}

}  // namespace apiary::agent
