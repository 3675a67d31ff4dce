#include "agent/protocols/pop3_encoding.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace apiary::agent {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBlanks = " \t\r\n";

using Words = std::array<std::uint32_t, 4>;

/// floor(2^32 * abs(sin(i + 1))), which RFC 1321 calls T.
constexpr std::uint32_t kSines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

std::uint32_t wordAt(std::string_view block, std::size_t index) {
    std::uint32_t word = 0;
    for (std::size_t i = 4; i-- > 0;) {
        word = word << 8U | static_cast<unsigned char>(block[4 * index + i]);
    }
    return word;
}

void addBlock(Words& state, std::string_view block) {
    auto [a, b, c, d] = state;
    for (std::size_t i = 0; i < 64; ++i) {
        const std::size_t round = i / 16;
        const std::uint32_t mixed = round == 0   ? (b & c) | (~b & d)
                                    : round == 1 ? (d & b) | (~d & c)
                                    : round == 2 ? b ^ c ^ d
                                                 : c ^ (b | ~d);
        const std::size_t word = (round == 0 ? i : round == 1 ? 5 * i + 1 : round == 2 ? 3 * i + 5 : 7 * i) % 16;
        const std::uint32_t turned = std::rotl(a + mixed + kSines[i] + wordAt(block, word), kShifts[round][i % 4]);
        a = d;
        d = c;
        c = b;
        b += turned;
    }
    state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d};
}

}  // namespace

std::optional<std::string> pop3Base64Decode(std::string_view text) {
    std::string bytes;
    std::uint32_t bits = 0;
    std::size_t digits = 0;
    std::size_t padding = 0;
    for (const char c : text) {
        const auto value = kAlphabet.find(c);
        if (kBlanks.find(c) != std::string_view::npos) {
            continue;
        }
        if (c == '=' && digits % 4 >= 2 && digits % 4 + padding < 4) {
            ++padding;
            continue;
        }
        if (value == std::string_view::npos || padding > 0) {
            return std::nullopt;
        }
        bits = bits << 6U | static_cast<std::uint32_t>(value);
        if (digits++ % 4 > 0) {
            bytes += static_cast<char>((bits >> (8 - digits % 4 * 2) % 8) & 0xffU);
        }
    }
    if (digits % 4 != 0 && digits % 4 + padding != 4) {
        return std::nullopt;
    }
    return bytes;
}

std::string pop3Base64Encode(std::string_view bytes) {
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::string_view group = bytes.substr(at, 3);
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            bits = bits << 8U | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            text += i <= group.size() ? kAlphabet[bits >> (18 - 6 * i) & 63U] : '=';
        }
    }
    return text;
}

std::string pop3Md5(std::string_view bytes) {
    std::string padded(bytes);
    padded += '\x80';
    padded.append((120 - padded.size() % 64) % 64, '\0');
    for (std::size_t i = 0; i < 8; ++i) {
        padded += static_cast<char>(static_cast<std::uint64_t>(bytes.size()) * 8 >> 8 * i & 0xffU);
    }
    Words state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    for (std::size_t at = 0; at < padded.size(); at += 64) {
        addBlock(state, std::string_view(padded).substr(at, 64));
    }
    std::string hex;
    for (const std::uint32_t word : state) {
        for (std::size_t i = 0; i < 4; ++i) {
            const std::uint32_t byte = word >> 8 * i & 0xffU;
            hex += {"0123456789abcdef"[byte >> 4U], "0123456789abcdef"[byte & 15U]};
        }
    }
    return hex;
}

}  // namespace apiary::agent
