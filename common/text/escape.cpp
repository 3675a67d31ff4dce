#include "common/text/escape.hpp"

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace apiary {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

bool plain(char c) {
    return c >= ' ' && c <= '~' && c != '\\';
}

constexpr std::uint64_t ofEach(std::uint64_t byte) {
    return byte * 0x0101010101010101U;
}

/// The highest bit of each byte that is 0, and perhaps of bytes behind the first such one.
constexpr std::uint64_t zeros(std::uint64_t word) {
    return (word - ofEach(0x01)) & ~word & ofEach(0x80);
}

/// How many bytes in front are plain; eight at a step, as most of a page or a mail is.
std::size_t plainPrefix(std::string_view bytes) {
    static_assert(std::endian::native == std::endian::little);
    std::size_t at = 0;
    for (std::uint64_t word = 0; bytes.size() - at >= sizeof word; at += sizeof word) {
        std::memcpy(&word, bytes.data() + at, sizeof word);
        const std::uint64_t control = (word - ofEach(' ')) & ~word & ofEach(0x80);
        const std::uint64_t others =
            control | (word & ofEach(0x80)) | zeros(word ^ ofEach(0x7f)) | zeros(word ^ ofEach('\\'));
        if (others != 0) {
            return at + static_cast<std::size_t>(std::countr_zero(others)) / 8;
        }
    }
    while (at < bytes.size() && plain(bytes[at])) {
        ++at;
    }
    return at;
}

}  // namespace

void appendEscaped(std::string& out, std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
        std::size_t end = at + plainPrefix(bytes.substr(at));
        out.append(bytes, at, end - at);
        if (end < bytes.size()) {
            const auto byte = static_cast<unsigned char>(bytes[end]);
            if (byte == '\\') {
                out += "\\\\";
            } else {
                out += "\\x";
                out += kDigits[byte >> 4U];
                out += kDigits[byte & 0xfU];
            }
            ++end;
        }
        at = end;
    }
}

std::string escape(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size() + bytes.size() / 8);
    appendEscaped(text, bytes);
    return text;
}

std::string escapeCut(std::string_view bytes, std::size_t longest) {
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        const std::size_t before = text.size();
        appendEscaped(text, bytes.substr(at, 1));
        if (text.size() > longest) {
            text.resize(before);
            break;
        }
    }
    return text;
}

std::optional<std::string> unescape(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] != '\\') {
            if (!plain(text[at])) {
                return std::nullopt;
            }
            bytes += text[at++];
        } else if (text.substr(at, 2) == "\\\\") {
            bytes += '\\';
            at += 2;
        } else {
            unsigned value = 0;
            const std::string_view digits = text.substr(std::min(at + 2, text.size()), 2);
            const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
            if (text.substr(at, 2) != "\\x" || digits.size() != 2 || error != std::errc{} ||
                end != digits.data() + digits.size()) {
                return std::nullopt;
            }
            bytes += static_cast<char>(value);
            at += 4;
        }
    }
    return bytes;
}

}  // namespace apiary
