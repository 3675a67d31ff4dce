#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace apiary {

/// A UUID (RFC 9562) as its 16 bytes in network order, which is also how it travels and how it sorts.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    /// Version 7: `at` to the millisecond, the rest from 10 bytes of randomness.
    static Uuid v7(std::chrono::system_clock::time_point at, const std::array<std::uint8_t, 10>& random);

    /// Version 4 from 16 bytes of randomness.
    static Uuid v4(const std::array<std::uint8_t, 16>& random);

    /// Reads the hyphenated form, either case; nothing if it is not one.
    static std::optional<Uuid> parse(std::string_view text);

    /// Takes exactly 16 bytes; nothing for any other length.
    static std::optional<Uuid> ofBytes(std::string_view bytes);

    /// The millisecond a version 7 was made for; the end of time as the clock knows it, 2262, if it says a later one.
    std::chrono::system_clock::time_point time() const;

    /// Lower case, hyphenated.
    std::string text() const;

    std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

    friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

}  // namespace apiary

template <>
struct std::hash<apiary::Uuid> {
    std::size_t operator()(const apiary::Uuid& uuid) const noexcept {
        std::size_t tail = 0;  // of a version 7, the random part
        std::memcpy(&tail, uuid.bytes.data() + 8, sizeof tail);
        return tail;
    }
};
