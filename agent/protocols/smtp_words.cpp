#include "agent/protocols/smtp_words.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace apiary::agent {
namespace {

constexpr std::string_view kBlanks = " \t\n\v\f\r";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int hexDigit(char c) {
    const char small = lower(c);
    return c >= '0' && c <= '9' ? c - '0' : small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/// Takes in what stands between quotes or brackets. Within <> another < and a " open a level of their own.
std::size_t quoted(std::string_view line, std::size_t at, char last, SmtpWord& word) {
    std::string wanted(1, last);
    while (at < line.size()) {
        const char c = line[at++];
        word.text += c;
        if (c == '\\' && at < line.size()) {
            word.text += line[at++];
        } else if (c == wanted.back()) {
            wanted.pop_back();
            if (wanted.empty()) {
                return at;
            }
        } else if (c == '"' || (c == '<' && wanted.back() == '>')) {
            wanted += c == '"' ? '"' : '>';
        }
    }
    word.open = true;
    return at;
}

std::size_t nextWord(std::string_view line, std::size_t at, SmtpWord& word) {
    while (at < line.size()) {
        const char c = line[at++];
        if (kBlanks.find(c) != std::string_view::npos) {
            if (!word.text.empty()) {
                return at;
            }
        } else if (c == '<' || c == '"') {
            word.text += c;
            at = quoted(line, at, c == '<' ? '>' : '"', word);
        } else {
            word.text += c;
            if (c == '\\' && at < line.size()) {
                word.text += line[at++];
            } else if (c == ':' && (smtpSame(word.text, "to:") || smtpSame(word.text, "from:"))) {
                return at;
            }
        }
    }
    return at;
}

/// How many bytes follow the first of a character, or -1 if none begins so.
int continuationOf(unsigned char first) {
    return first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
}

bool secondByteFits(unsigned char first, unsigned char second) {
    return !(first == 0xe0 && second < 0xa0) && !(first == 0xed && second > 0x9f) &&
           !(first == 0xf0 && second < 0x90) && !(first == 0xf4 && second > 0x8f);
}

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::vector<SmtpWord> smtpWords(std::string_view line) {
    line = line.substr(0, line.find('\0'));
    std::vector<SmtpWord> words;
    for (std::size_t at = 0; at < line.size();) {
        SmtpWord word;
        at = nextWord(line, at, word);
        if (!word.text.empty()) {
            words.push_back(std::move(word));
        }
    }
    return words;
}

bool smtpIsHeader(std::string_view word) {
    std::string_view name = word.substr(0, word.find(':'));
    if (name.size() == word.size()) {
        return false;
    }
    name = name.substr(0, name.find_last_not_of(" \t") + 1);
    return !name.empty() && std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7f'; });
}

bool smtpIsUtf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto first = static_cast<unsigned char>(text[at++]);
        const int more = continuationOf(first);
        if (more < 0 || text.size() - at < static_cast<std::size_t>(more)) {
            return false;
        }
        for (int i = 0; i < more; ++i, ++at) {
            const auto next = static_cast<unsigned char>(text[at]);
            if ((next & 0xc0U) != 0x80U || (i == 0 && !secondByteFits(first, next))) {
                return false;
            }
        }
    }
    return true;
}

SmtpBase64 smtpDecode(std::string_view text, std::string& decoded) {
    bool ended = false;
    for (; text.size() > 3; text.remove_prefix(4)) {
        std::array<std::size_t, 4> value{};
        for (std::size_t i = 0; i < 4; ++i) {
            value.at(i) = kBase64.find(text[i]);
            if (value.at(i) == std::string_view::npos && (i < 2 || text[i] != '=')) {
                return SmtpBase64::Bad;
            }
        }
        if (ended || (text[2] == '=' && text[3] != '=')) {
            return SmtpBase64::Bad;
        }
        decoded += static_cast<char>(value[0] << 2U | value[1] >> 4U);
        if (text[2] != '=') {
            decoded += static_cast<char>(value[1] << 4U | value[2] >> 2U);
        }
        if (text[3] != '=') {
            decoded += static_cast<char>(value[2] << 6U | value[3]);
        }
        ended = text[3] == '=';
    }
    return text.empty() ? SmtpBase64::Good : ended ? SmtpBase64::Bad : SmtpBase64::Short;
}

bool smtpIsXtext(std::string_view text, bool visible) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        int c = static_cast<unsigned char>(text[at]);
        if (c == '+') {
            if (text.size() - at < 3 || hexDigit(text[at + 1]) < 0 || hexDigit(text[at + 2]) < 0) {
                return false;
            }
            c = hexDigit(text[at + 1]) * 16 + hexDigit(text[at + 2]);
            at += 2;
        }
        if (visible && (c < ' ' || c > '~')) {
            return false;
        }
    }
    return true;
}

bool smtpIsUnicodeXtext(std::string_view text) {
    while (!text.empty()) {
        if (text.front() != '\\') {
            text.remove_prefix(1);
            continue;
        }
        const auto end = text.find('}');
        if (!text.starts_with("\\x{") || end == std::string_view::npos) {
            return false;
        }
        const std::string_view digits = text.substr(3, end - 3);
        std::uint32_t character = 0;
        const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), character, 16);
        if (error != std::errc() || stop != digits.data() + digits.size() || character == 0 || character > 0x10ffff) {
            return false;
        }
        text.remove_prefix(end + 1);
    }
    return true;
}

bool smtpIsNotify(std::string_view value) {
    bool never = false;
    bool other = false;
    while (!value.empty()) {
        const std::string_view word = value.substr(0, value.find(','));
        value.remove_prefix(std::min(word.size() + 1, value.size()));
        const bool known = smtpSame(word, "SUCCESS") || smtpSame(word, "FAILURE") || smtpSame(word, "DELAY");
        if (!word.empty() && !known && !smtpSame(word, "NEVER")) {
            return false;
        }
        never = never || smtpSame(word, "NEVER");
        other = other || known;
    }
    return never != other;
}

std::optional<std::int64_t> smtpSize(std::string_view digits) {
    std::int64_t size = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    if (digits.empty() || digits.front() == '-' || stop != digits.data() + digits.size()) {
        return std::nullopt;
    }
    return error == std::errc::result_out_of_range ? -1 : size;
}

bool smtpSame(std::string_view one, std::string_view other) {
    return std::ranges::equal(one, other, {}, lower, lower);
}

std::string smtpLower(std::string_view text) {
    std::string small(text);
    std::ranges::transform(small, small.begin(), lower);
    return small;
}

}  // namespace apiary::agent
