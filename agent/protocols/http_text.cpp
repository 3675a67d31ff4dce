#include "agent/protocols/http_text.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>

namespace apiary::agent {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

int hexOf(char c) {
    const char low = httpLower(c);
    return c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// True if the text has the form of `mask`: '#' a digit, '@' an upper-case letter, '$' a lower-case one, '~' a digit
/// or a blank.
bool masked(std::string_view text, std::string_view mask) {
    return text.size() >= mask.size() && std::ranges::equal(text.substr(0, mask.size()), mask, [](char c, char m) {
               switch (m) {
                   case '#':
                       return c >= '0' && c <= '9';
                   case '~':
                       return c == ' ' || (c >= '0' && c <= '9');
                   case '@':
                       return c >= 'A' && c <= 'Z';
                   case '$':
                       return c >= 'a' && c <= 'z';
                   default:
                       return c == m;
               }
           });
}

unsigned twoDigits(std::string_view text) {
    return static_cast<unsigned>((text[0] == ' ' ? 0 : text[0] - '0') * 10 + (text[1] - '0'));
}

std::optional<std::chrono::sys_seconds> timeOf(int year, std::string_view month, std::string_view day,
                                               std::string_view clock) {
    using namespace std::chrono;
    const auto* known = std::ranges::find(kMonths, month);
    const unsigned hour = twoDigits(clock);
    const unsigned minute = twoDigits(clock.substr(3));
    const unsigned second = twoDigits(clock.substr(6));
    if (known == std::end(kMonths) || hour > 23 || minute > 59 || second > 61) {
        return std::nullopt;
    }
    const auto number = static_cast<unsigned>(known - std::begin(kMonths)) + 1;
    const year_month_day date(std::chrono::year(year), std::chrono::month(number), std::chrono::day(twoDigits(day)));
    if (!date.ok()) {
        return std::nullopt;
    }
    return sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
}

}  // namespace

bool httpSpace(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool httpToken(char c) {
    return alphanumeric(c) || (c != '\0' && "!#$%&'*+-.^_`|~"sv.find(c) != std::string_view::npos);
}

bool httpText(char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != '\x7f');
}

char httpLower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string httpLower(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](char c) { return httpLower(c); });
    return lower;
}

bool httpEqual(std::string_view one, std::string_view other) {
    return std::ranges::equal(
        one, other, {}, [](char c) { return httpLower(c); }, [](char c) { return httpLower(c); });
}

bool httpListed(std::string_view list, std::string_view token) {
    while (!list.empty()) {
        const auto* begin = std::ranges::find_if(list, httpToken);
        const auto* end = std::find_if_not(begin, list.end(), httpToken);
        const auto size = static_cast<std::size_t>(end - begin);
        if (size > 0 && httpEqual(std::string_view(begin, end), token.substr(0, size))) {
            return true;
        }
        list.remove_prefix(static_cast<std::size_t>(end - list.begin()));
    }
    return false;
}

std::optional<std::uint64_t> httpNumber(std::string_view digits) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    std::uint64_t number = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9' || number > (kMost - static_cast<std::uint64_t>(c - '0')) / 10) {
            return std::nullopt;
        }
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return digits.empty() ? std::nullopt : std::optional(number);
}

std::string httpEscape(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        switch (c) {
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '&':
                escaped += "&amp;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            default:
                escaped += c;
        }
    }
    return escaped;
}

std::string httpEscapePath(std::string_view path) {
    std::string escaped;
    for (const char c : path) {
        if (alphanumeric(c) || (c != '\0' && "$-_.+!*'(),:;@&=/~"sv.find(c) != std::string_view::npos)) {
            escaped += c;
        } else {
            char code[4];
            (void)std::snprintf(code, sizeof code, "%%%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
            escaped += code;
        }
    }
    return escaped;
}

std::string httpDecode(std::string_view text, bool plus) {
    std::string decoded;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%' && at + 2 < text.size() && hexOf(text[at + 1]) >= 0 && hexOf(text[at + 2]) >= 0) {
            decoded += static_cast<char>(hexOf(text[at + 1]) * 16 + hexOf(text[at + 2]));
            at += 2;
        } else {
            decoded += plus && text[at] == '+' ? ' ' : text[at];
        }
    }
    return decoded;
}

std::string httpDate(std::chrono::sys_seconds time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(time - day);
    char text[64];
    (void)std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT",
                        kDays[weekday(day).c_encoding()].data(), static_cast<unsigned>(date.day()),
                        kMonths[static_cast<unsigned>(date.month()) - 1].data(), static_cast<int>(date.year()),
                        static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                        static_cast<int>(clock.seconds().count()));
    return text;
}

std::optional<std::chrono::sys_seconds> httpTime(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const auto blank = text.find(' ');
    if (blank == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view rest = text.substr(blank + 1);
    if (masked(rest, "## @$$ #### ##:##:## ")) {  // RFC 1123
        const int year = static_cast<int>(twoDigits(rest.substr(7)) * 100 + twoDigits(rest.substr(9)));
        return timeOf(year, rest.substr(3, 3), rest, rest.substr(12));
    }
    if (masked(rest, "# @$$ #### ##:##:## ")) {  // with one digit, as some write it
        const int year = static_cast<int>(twoDigits(rest.substr(6)) * 100 + twoDigits(rest.substr(8)));
        return timeOf(year, rest.substr(2, 3), "0" + std::string(rest.substr(0, 1)), rest.substr(11));
    }
    if (masked(rest, "##-@$$-## ##:##:## ")) {  // RFC 850
        const int year = static_cast<int>(twoDigits(rest.substr(7)));
        return timeOf(year + (year < 70 ? 2000 : 1900), rest.substr(3, 3), rest, rest.substr(10));
    }
    if (masked(rest, "@$$ ~# ##:##:## ####")) {  // asctime()
        const int year = static_cast<int>(twoDigits(rest.substr(16)) * 100 + twoDigits(rest.substr(18)));
        return timeOf(year, rest.substr(0, 3), rest.substr(4), rest.substr(7));
    }
    return std::nullopt;
}

}  // namespace apiary::agent
