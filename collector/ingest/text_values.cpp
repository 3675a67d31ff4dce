#include "collector/ingest/text_values.hpp"

#include "common/text/escape.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>

namespace apiary::collector {
namespace {

constexpr std::size_t kLookedAt = 1024;  // of a command: more tells no two scripts apart
constexpr std::size_t kNormalized = 256;
constexpr std::size_t kLongHex = 8;

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}
bool isHex(char c) {
    return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool isWord(char c) {
    return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

template <typename Test>
std::size_t run(std::string_view text, Test test) {
    return static_cast<std::size_t>(std::ranges::find_if_not(text, test) - text.begin());
}

/// Length of an IPv4 address at the start of `text`, or 0.
std::size_t v4Length(std::string_view text) {
    std::size_t at = 0;
    for (int part = 0; part < 4; ++part) {
        if (part > 0) {
            if (at >= text.size() || text[at] != '.') {
                return 0;
            }
            ++at;
        }
        const std::size_t digits = run(text.substr(at), isDigit);
        if (digits == 0 || digits > 3) {
            return 0;
        }
        at += digits;
    }
    return at;
}

/// Length of an IPv6 address at the start of `text`, or 0: hexadecimal groups with at least two colons.
std::size_t v6Length(std::string_view text) {
    const std::size_t length = run(text, [](char c) { return isHex(c) || c == ':'; });
    return std::ranges::count(text.substr(0, length), ':') >= 2 && length >= 3 ? length : 0;
}

/// Length of a URL at the start of `text`, or 0.
std::size_t urlLength(std::string_view text) {
    const std::size_t scheme = run(text, [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; });
    if (scheme < 2 || !text.substr(scheme).starts_with("://")) {
        return 0;
    }
    return run(text, [](char c) { return c != ' ' && c != '"' && c != '\'' && c != ';' && c != '|' && c != '>'; });
}

/// Length of a run of \xHH at the start of `text`, or 0.
std::size_t binaryLength(std::string_view text) {
    std::size_t at = 0;
    while (text.size() >= at + 4 && text.substr(at).starts_with("\\x")) {
        at += 4;
    }
    return at;
}

struct Block {
    std::array<std::uint8_t, 16> address;
    unsigned bits;
    const char* scope;
};

constexpr Block v4Block(std::uint8_t a, std::uint8_t b, std::uint8_t c, unsigned bits, const char* scope) {
    return {Endpoint::of({a, b, c, 0}, 0).address, 96 + bits, scope};
}
constexpr Block v6Block(std::array<std::uint8_t, 4> start, unsigned bits, const char* scope) {
    return {{start[0], start[1], start[2], start[3]}, bits, scope};
}

constexpr std::array kBlocks{
    v4Block(10, 0, 0, 8, "private"),
    v4Block(172, 16, 0, 12, "private"),
    v4Block(192, 168, 0, 16, "private"),
    v4Block(0, 0, 0, 8, "special"),
    v4Block(100, 64, 0, 10, "special"),
    v4Block(127, 0, 0, 8, "special"),
    v4Block(169, 254, 0, 16, "special"),
    v4Block(192, 0, 0, 24, "special"),
    v4Block(192, 0, 2, 24, "special"),
    v4Block(192, 88, 99, 24, "special"),
    v4Block(198, 18, 0, 15, "special"),
    v4Block(198, 51, 100, 24, "special"),
    v4Block(203, 0, 113, 24, "special"),
    v4Block(224, 0, 0, 3, "special"),
    v6Block({0xfc}, 7, "private"),
    v6Block({0xfe, 0x80}, 10, "special"),
    v6Block({0xff}, 8, "special"),
    v6Block({0x20, 0x01, 0x0d, 0xb8}, 32, "special"),
    v6Block({0x20, 0x01, 0x00}, 23, "special"),
    v6Block({0x01}, 8, "special"),
};

bool within(const std::array<std::uint8_t, 16>& address, const Block& block) {
    for (unsigned bit = 0; bit < block.bits; bit += 8) {
        const unsigned kept = std::min(8U, block.bits - bit);
        const unsigned mask = 0xffU << (8U - kept) & 0xffU;
        if (((address[bit / 8] ^ block.address[bit / 8]) & mask) != 0) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::string plainText(std::string_view text, std::size_t longest) {
    if (std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7e; })) {
        return std::string(text.substr(0, longest));
    }
    return escapeCut(text, longest);
}

bool isProtocolName(std::string_view text) {
    return !text.empty() && text.size() <= 32 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || isDigit(c) || c == '.' || c == '_' || c == '-';
    });
}

std::string normalizeCommand(std::string_view verb, std::string_view argument) {
    std::string whole = escapeCut(verb, 64);
    if (!argument.empty()) {
        whole += ' ';
        whole += escapeCut(argument, kLookedAt);
    }
    std::string_view rest = whole;
    std::string out;
    bool inWord = false;
    const auto replace = [&](std::size_t length, std::string_view placeholder) {
        if (length == 0) {
            return false;
        }
        out += placeholder;
        rest.remove_prefix(length);
        inWord = false;
        return true;
    };
    while (!rest.empty() && out.size() < kNormalized) {
        if (replace(binaryLength(rest), "<bin>")) {
            continue;
        }
        if (!inWord) {
            const std::size_t hex = run(rest, isHex);
            const bool longHex = hex >= kLongHex && (hex == rest.size() || !isWord(rest[hex])) &&
                                 std::ranges::any_of(rest.substr(0, hex), isDigit);
            if (replace(urlLength(rest), "<url>") || replace(v4Length(rest), "<ip>") ||
                replace(v6Length(rest), "<ip>") || replace(longHex ? hex : 0, "<hex>")) {
                continue;
            }
        }
        if (replace(run(rest, isDigit), "<n>")) {
            inWord = true;
            continue;
        }
        inWord = isWord(rest.front());
        // An escaped backslash is one character: its second half must not be taken for the start of \xHH.
        const std::size_t length = rest.starts_with("\\\\") ? 2 : 1;
        out += rest.substr(0, length);
        rest.remove_prefix(length);
    }
    return out.substr(0, kNormalized);
}

std::string scopeOf(const Endpoint& endpoint) {
    for (const Block& block : kBlocks) {
        if (within(endpoint.address, block)) {
            return block.scope;
        }
    }
    const bool low =
        std::all_of(endpoint.address.begin(), endpoint.address.begin() + 10, [](auto b) { return b == 0; });
    return low && !endpoint.v4() ? "special" : "internet";  // ::, ::1 and what is embedded there
}

}  // namespace apiary::collector
