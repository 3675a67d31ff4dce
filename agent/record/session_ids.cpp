#include "agent/record/session_ids.hpp"

#include "common/crypto/digest.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace apiary::agent {

Uuid newSessionId(std::chrono::system_clock::time_point at) {
    struct Pool {
        std::array<std::uint8_t, 1000> bytes{};
        std::size_t used = sizeof bytes;
    };
    thread_local Pool pool;
    std::array<std::uint8_t, 10> random{};
    if (pool.used + random.size() > pool.bytes.size()) {
        fillRandom(pool.bytes.data(), pool.bytes.size());
        pool.used = 0;
    }
    std::copy_n(pool.bytes.begin() + static_cast<std::ptrdiff_t>(pool.used), random.size(), random.begin());
    pool.used += random.size();
    return Uuid::v7(at, random);
}

}  // namespace apiary::agent
