#include "agent/shell/shell_prompt.hpp"

#include <algorithm>
#include <optional>

namespace apiary::agent {
namespace {

constexpr unsigned kGreatestByte = 255;
constexpr unsigned kMostDigits = 3;

unsigned digitOf(char c) {
    const char lower = static_cast<char>(c | 0x20);
    return c >= '0' && c <= '9'           ? static_cast<unsigned>(c - '0')
           : lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a') + 10
                                          : kGreatestByte;
}

/// A byte that is written as \n, \101 or \x41. Takes it off what stands behind the backslash; \t is none, but the time.
std::optional<char> takeEscape(std::string_view& rest) {
    constexpr std::string_view kLetters = "abefnrv\\";
    constexpr std::string_view kBytes = "\a\b\x1b\f\n\r\v\\";
    const std::size_t letter = rest.empty() ? std::string_view::npos : kLetters.find(rest.front());
    if (letter != std::string_view::npos) {
        rest.remove_prefix(1);
        return kBytes[letter];
    }
    const bool hexadecimal = rest.starts_with('x');
    const unsigned base = hexadecimal ? 16 : 8;
    unsigned value = 0;
    std::size_t at = hexadecimal ? 1 : 0;
    const std::size_t begin = at;
    for (; at < rest.size() && at < kMostDigits; ++at) {
        const unsigned digit = digitOf(rest[at]);
        if (digit >= base || value * base + digit > kGreatestByte) {
            break;
        }
        value = value * base + digit;
    }
    if (at == begin) {
        return std::nullopt;
    }
    rest.remove_prefix(at);
    return static_cast<char>(value);
}

/// What the letter behind a backslash stands for; itself if nothing.
std::string valueOf(char letter, const ShellPromptValues& values) {
    switch (letter) {
        case 'u':
            return values.user;
        case 'H':
            return values.host;
        case 'h':
            return values.host.substr(0, values.host.find('.'));
        case '$':
            return values.root ? "#" : "$";
        case 'T':
        case '@':
        case 'A':
        case 't':
            return values.clock;
        case 'w':
            return values.directory;
        case 'W':
            return values.directory.substr(values.directory.rfind('/') + 1);
        case 'x':
        case 'X':
            return "?";
        default:
            return {letter};
    }
}

/// A column for each byte, but none for those that go on with a character of several.
unsigned widthOf(std::string_view text) {
    if (text.size() != 1) {
        return static_cast<unsigned>(text.size());
    }
    const auto byte = static_cast<unsigned char>(text.front());
    return byte >= 0x80 && byte < 0xc0 ? 0 : 1;
}

}  // namespace

ShellPrompt shellPrompt(std::string_view format, const ShellPromptValues& values) {
    ShellPrompt prompt;
    bool counts = true;
    while (!format.empty() && prompt.text.size() < ShellPrompt::kLongest) {
        std::string shown(1, format.front());
        format.remove_prefix(1);
        if (shown == "\\") {
            if (const auto byte = takeEscape(format)) {
                shown = std::string(*byte == '\0' ? 0 : 1, *byte);
            } else if (format.empty()) {
                break;
            } else if (format.front() == (counts ? '[' : ']')) {
                counts = !counts;
                shown.clear();
                format.remove_prefix(1);
            } else {
                shown = valueOf(format.front(), values);
                format.remove_prefix(1);
            }
        }
        prompt.width = shown == "\n" ? 0 : prompt.width + (counts ? widthOf(shown) : 0);
        prompt.text += shown;
    }
    prompt.text.resize(std::min(prompt.text.size(), ShellPrompt::kLongest));
    return prompt;
}

}  // namespace apiary::agent
