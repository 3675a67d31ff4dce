/// The limit of open sessions as the collector is installed with, against a sensor that opens more and ends none.

#include "tests/collector/rpc/hostile_sensor.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <malloc.h>
#include <string>

// Of the sanitizers, which have a malloc of their own.
extern "C" __attribute__((weak)) std::size_t __sanitizer_get_current_allocated_bytes();  // NOLINT

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using test::recordedNow;
using test::RecordedSession;
using test::TestSpool;

constexpr std::uint64_t kBatch = 1000;
constexpr std::uint64_t kBeyond = 5000;
constexpr std::size_t kMostMemory = std::size_t{16} << 20U;

std::size_t allocated() {
    return __sanitizer_get_current_allocated_bytes != nullptr ? __sanitizer_get_current_allocated_bytes()
                                                              : mallinfo2().uordblks;
}

class HostileFloodTest : public test::HostileSensorFixture {
protected:
    HostileFloodTest() : HostileSensorFixture({}) {}

    /// Opens sessions that nobody ends, a spool of its own for each thousand.
    void open(std::uint64_t first, std::uint64_t last) {
        for (; first < last; first += kBatch) {
            TestSpool spool(1'000'000 + first);
            for (std::uint64_t i = first; i < first + kBatch; ++i) {
                spool.append(RecordedSession({.start = recordedNow() - 1h, .random = i + 1}));
            }
            sendAll(spool);
        }
    }

    std::string opened() { return count("session_open", of("hostile")); }
    std::string putAside() { return count("quarantine", of("hostile")); }
};

TEST_F(HostileFloodTest, HasWhatItOpensBeyondTheLimitPutAsideAndTakesNoMemory) {
    const auto limit = static_cast<std::uint64_t>(IngestHub::Settings{}.openSessions);
    open(0, kBatch);
    const std::size_t before = allocated();
    open(kBatch, limit);
    EXPECT_EQ(opened(), std::to_string(limit));
    EXPECT_EQ(putAside(), "0");
    open(limit, limit + kBeyond);
    EXPECT_LT(allocated(), before + kMostMemory);
    EXPECT_EQ(opened(), std::to_string(limit));
    EXPECT_EQ(putAside(), std::to_string(kBeyond));
    EXPECT_EQ(reasons(), "more than " + std::to_string(limit) + " sessions of this sensor are open");
    expectTheOtherUnharmed();
}

}  // namespace
}  // namespace apiary::collector
