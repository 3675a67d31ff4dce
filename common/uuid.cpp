#include "common/uuid.hpp"

#include <algorithm>

namespace apiary {
namespace {

/// The last millisecond that the clock's nanoseconds can hold, in 2262; an id may say any.
constexpr std::uint64_t kLatestMillis = 9'223'372'036'854;

constexpr std::array<std::size_t, 4> kHyphens{8, 13, 18, 23};

int digitOf(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

void mark(Uuid& uuid, unsigned version) {
    uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0fU) | version << 4U);
    uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3fU) | 0x80U);
}

}  // namespace

Uuid Uuid::v7(std::chrono::system_clock::time_point at, const std::array<std::uint8_t, 10>& random) {
    const auto millis = std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count();
    Uuid uuid;
    for (std::size_t i = 0; i < 6; ++i) {
        uuid.bytes[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(millis) >> (40 - 8 * i));
    }
    std::ranges::copy(random, uuid.bytes.begin() + 6);
    mark(uuid, 7);
    return uuid;
}

Uuid Uuid::v4(const std::array<std::uint8_t, 16>& random) {
    Uuid uuid{random};
    mark(uuid, 4);
    return uuid;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
    if (text.size() != 36) {
        return std::nullopt;
    }
    Uuid uuid;
    std::size_t digits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (std::ranges::find(kHyphens, i) != kHyphens.end()) {
            if (text[i] != '-') {
                return std::nullopt;
            }
            continue;
        }
        const int digit = digitOf(text[i]);
        if (digit < 0) {
            return std::nullopt;
        }
        auto& byte = uuid.bytes[digits++ / 2];
        byte = static_cast<std::uint8_t>(byte << 4U | static_cast<unsigned>(digit));
    }
    return uuid;
}

std::optional<Uuid> Uuid::ofBytes(std::string_view bytes) {
    Uuid uuid;
    if (bytes.size() != uuid.bytes.size()) {
        return std::nullopt;
    }
    std::ranges::transform(bytes, uuid.bytes.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
    return uuid;
}

std::chrono::system_clock::time_point Uuid::time() const {
    std::uint64_t millis = 0;
    for (std::size_t i = 0; i < 6; ++i) {
        millis = millis << 8U | bytes[i];
    }
    return std::chrono::system_clock::time_point(
        std::chrono::milliseconds(static_cast<std::int64_t>(std::min(millis, kLatestMillis))));
}

std::string Uuid::text() const {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (const std::uint8_t byte : bytes) {
        if (std::ranges::find(kHyphens, text.size()) != kHyphens.end()) {
            text += '-';
        }
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 0xfU];
    }
    return text;
}

}  // namespace apiary
