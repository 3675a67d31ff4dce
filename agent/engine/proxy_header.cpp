#include "agent/engine/proxy_header.hpp"

#include "common/net/address.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <span>

namespace apiary::agent {
namespace {

constexpr std::string_view kSignature1 = "PROXY ";
constexpr std::string_view kSignature2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kLongestLine = 107;  // of version 1, with its CRLF

std::uint8_t byteAt(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t wordAt(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>(byteAt(bytes, at) << 8U | byteAt(bytes, at + 1));
}

/// The next word of a line whose words one blank parts.
std::string_view takeWord(std::string_view& line) {
    const auto end = std::min(line.find(' '), line.size());
    const auto word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return word;
}

std::optional<std::uint16_t> portOf(std::string_view digits) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return error == std::errc{} && end == digits.data() + digits.size() ? std::optional(port) : std::nullopt;
}

ProxyParse parseLine(std::string_view bytes, ProxyHeader& header) {
    const auto end = bytes.substr(0, kLongestLine).find("\r\n");
    if (end == std::string_view::npos) {
        return bytes.size() < kLongestLine ? ProxyParse::Incomplete : ProxyParse::Invalid;
    }
    header = {};
    header.size = end + 2;
    std::string_view line = bytes.substr(kSignature1.size(), end - kSignature1.size());
    const auto family = takeWord(line);
    if (family == "UNKNOWN") {
        return ProxyParse::Whole;
    }
    std::array<std::string_view, 4> words;
    std::ranges::generate(words, [&] { return takeWord(line); });
    auto source = parseAddress(words[0]);
    auto target = parseAddress(words[1]);
    const auto sourcePort = portOf(words[2]);
    const auto targetPort = portOf(words[3]);
    const bool v4 = family == "TCP4";
    // Told by how it is written: a proxy that listens for both families calls a client of IPv4 TCP6 ::ffff:192.0.2.1.
    const bool fits = std::ranges::all_of(std::span(words).first(2), [&](std::string_view address) {
        return (address.find(':') == std::string_view::npos) == v4;
    });
    if ((!v4 && family != "TCP6") || !source || !target || !sourcePort || !targetPort || !line.empty() || !fits) {
        return ProxyParse::Invalid;
    }
    header.source = Endpoint{source->address, *sourcePort};
    header.target = Endpoint{target->address, *targetPort};
    return ProxyParse::Whole;
}

Endpoint::V4 v4At(std::string_view bytes, std::size_t at) {
    return {byteAt(bytes, at), byteAt(bytes, at + 1), byteAt(bytes, at + 2), byteAt(bytes, at + 3)};
}

Endpoint v6At(std::string_view bytes, std::size_t at, std::uint16_t port) {
    Endpoint endpoint{{}, port};
    for (std::size_t i = 0; i < endpoint.address.size(); ++i) {
        endpoint.address[i] = byteAt(bytes, at + i);
    }
    return endpoint;
}

ProxyParse parseBinary(std::string_view bytes, ProxyHeader& header) {
    constexpr std::size_t kFixed = 16;
    constexpr std::size_t kV4 = 12;
    constexpr std::size_t kV6 = 36;
    if (bytes.size() < kFixed) {
        return ProxyParse::Incomplete;
    }
    const unsigned version = byteAt(bytes, 12) >> 4U;
    const unsigned command = byteAt(bytes, 12) & 0xfU;
    const unsigned family = byteAt(bytes, 13);
    const std::size_t length = wordAt(bytes, 14);
    if (version != 2 || command > 1 || kFixed + length > kLongestProxyHeader) {
        return ProxyParse::Invalid;
    }
    if (bytes.size() < kFixed + length) {
        return ProxyParse::Incomplete;
    }
    header = {};
    header.size = kFixed + length;
    if (command == 0 || family == 0) {
        return ProxyParse::Whole;
    }
    if (family == 0x11 && length >= kV4) {
        header.source = Endpoint::of(v4At(bytes, kFixed), wordAt(bytes, kFixed + 8));
        header.target = Endpoint::of(v4At(bytes, kFixed + 4), wordAt(bytes, kFixed + 10));
        return ProxyParse::Whole;
    }
    if (family == 0x21 && length >= kV6) {
        header.source = v6At(bytes, kFixed, wordAt(bytes, kFixed + 32));
        header.target = v6At(bytes, kFixed + 16, wordAt(bytes, kFixed + 34));
        return ProxyParse::Whole;
    }
    return ProxyParse::Invalid;
}

bool mayBegin(std::string_view bytes, std::string_view signature) {
    const auto size = std::min(bytes.size(), signature.size());
    return bytes.substr(0, size) == signature.substr(0, size);
}

}  // namespace

ProxyParse parseProxyHeader(std::string_view bytes, ProxyHeader& header) {
    if (mayBegin(bytes, kSignature1)) {
        return bytes.size() < kSignature1.size() ? ProxyParse::Incomplete : parseLine(bytes, header);
    }
    if (mayBegin(bytes, kSignature2)) {
        return bytes.size() < kSignature2.size() ? ProxyParse::Incomplete : parseBinary(bytes, header);
    }
    return ProxyParse::Invalid;
}

}  // namespace apiary::agent
