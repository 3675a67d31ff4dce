#include "agent/record/session_ids.hpp"

#include "common/crypto/digest.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>

namespace apiary::agent {

Uuid newSessionId(std::chrono::system_clock::time_point at) {
    static const std::array<std::uint8_t, 10> origin = [] {
        std::array<std::uint8_t, 10> bytes{};
        fillRandom(bytes.data(), bytes.size());
        return bytes;
    }();
    static std::atomic<std::uint64_t> made{0};

    std::array<std::uint8_t, 10> tail = origin;
    std::uint64_t number = 0;
    std::memcpy(&number, tail.data() + 2, sizeof number);
    number = __builtin_bswap64(__builtin_bswap64(number) + made.fetch_add(1, std::memory_order_relaxed));
    std::memcpy(tail.data() + 2, &number, sizeof number);
    return Uuid::v7(at, tail);
}

}  // namespace apiary::agent
