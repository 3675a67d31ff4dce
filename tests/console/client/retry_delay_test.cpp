#include "console/client/retry_delay.hpp"

#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using std::chrono::milliseconds;

TEST(RetryDelayTest, DoublesUpTo30Seconds) {
    EXPECT_EQ(retryDelay(1, 0), milliseconds(1'000));
    EXPECT_EQ(retryDelay(2, 0), milliseconds(2'000));
    EXPECT_EQ(retryDelay(5, 0), milliseconds(16'000));
    EXPECT_EQ(retryDelay(6, 0), milliseconds(30'000));
    EXPECT_EQ(retryDelay(1'000'000, 0), milliseconds(30'000));
}

TEST(RetryDelayTest, TakesOffUpToAQuarterByChance) {
    EXPECT_EQ(retryDelay(2, 0.5), milliseconds(1'750));
    EXPECT_GE(retryDelay(2, 0.999), milliseconds(1'500));
}

}  // namespace
}  // namespace apiary::console
