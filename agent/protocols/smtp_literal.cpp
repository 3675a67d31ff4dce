#include "agent/protocols/smtp_address.hpp"
#include "agent/protocols/smtp_words.hpp"
#include "common/net/address.hpp"

#include <algorithm>
#include <cstdint>

namespace apiary::agent {
namespace {

constexpr std::string_view kV6Prefix = "IPv6:";
constexpr std::size_t kLongest = 45;  // without its brackets

bool digit(char c) {
    return c >= '0' && c <= '9';
}

/// Four numbers up to 255, zeros before them or not. The first is 0 only where all are.
bool isV4(std::string_view text) {
    unsigned count = 0;
    unsigned value = 0;
    bool inNumber = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool number = digit(text[i]);
        if (!number && (text[i] != '.' || !inNumber || i + 1 == text.size())) {
            return false;
        }
        if (number) {
            count += inNumber ? 0 : 1;
            value = (inNumber ? value * 10 : 0) + static_cast<unsigned>(text[i] - '0');
        }
        if (value > 255 ||
            (!number && count == 1 && value == 0 && text.find_first_not_of("0.") != std::string_view::npos)) {
            return false;
        }
        inNumber = number;
    }
    return count == 4;
}

/// Up to seven colons between numbers, of which "::" may leave out some; that there are enough is not asked.
bool isV6(std::string_view text) {
    std::size_t colons = 0;
    std::size_t gap = 0;  // the first colon of "::", counted from 1
    std::size_t digits = 0;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '.') {
            return colons >= 2 && colons <= 6 && isV4(text.substr(at - digits));
        }
        if (text[at] != ':') {
            digits = std::min(text.find_first_not_of("0123456789abcdefABCDEF", at), text.size()) - at;
            if (digits == 0 || digits > 4) {
                return false;
            }
            at += digits;
            continue;
        }
        const std::string_view behind = text.substr(++at);
        const bool twice = behind.starts_with(':');
        const bool lone = colons == 0 && digits == 0 && !twice;
        if (lone || ++colons > 7 || (twice && gap > 0)) {
            return false;
        }
        digits = 0;
        gap = twice ? colons : gap;
    }
    return colons >= 2 && (digits > 0 || gap == colons - 1);
}

/// Of what isV4() takes. inet_aton() reads a number that begins with 0 as octal.
std::optional<Endpoint> v4Of(std::string_view text) {
    Endpoint::V4 bytes{};
    for (auto& byte : bytes) {
        const std::string_view number = text.substr(0, text.find('.'));
        text.remove_prefix(std::min(number.size() + 1, text.size()));
        const bool octal = number.front() == '0';
        unsigned value = 0;
        for (const char c : number) {
            if (octal && c > '7') {
                return std::nullopt;
            }
            value = value * (octal ? 8 : 10) + static_cast<unsigned>(c - '0');
        }
        byte = static_cast<std::uint8_t>(value);
    }
    return Endpoint::of(bytes, 0);
}

}  // namespace

bool smtpIsLiteral(std::string_view text) {
    if (text.size() < 2 || text.size() - 2 > kLongest || !text.starts_with('[') || !text.ends_with(']')) {
        return false;
    }
    const std::string_view inner = text.substr(1, text.size() - 2);
    return smtpSame(inner.substr(0, 5), kV6Prefix) ? isV6(inner.substr(5)) : isV4(inner);
}

std::optional<Endpoint> smtpLiteral(std::string_view text) {
    if (!smtpIsLiteral(text)) {
        return std::nullopt;
    }
    const std::string_view inner = text.substr(1, text.size() - 2);
    if (!smtpSame(inner.substr(0, 5), kV6Prefix)) {
        return v4Of(inner);
    }
    const auto address = parseAddress(inner.substr(5));
    return address ? std::optional(*address) : std::nullopt;
}

}  // namespace apiary::agent
