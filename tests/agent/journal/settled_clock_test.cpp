#include "agent/journal/settled_clock.hpp"

#include <gtest/gtest.h>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;

class SettledClockTest : public testing::Test {
protected:
    /// What it says when so much time has passed, and the system's clock was set ahead by `set`.
    std::chrono::seconds says(std::chrono::seconds passed, std::chrono::seconds set) {
        return std::chrono::floor<std::chrono::seconds>(
            clock_.at(kWall + passed + set, SettledClock::Steady(7s) + passed) - kWall);
    }

    static constexpr SettledClock::Wall kWall{std::chrono::seconds(1'492'510'799)};
    SettledClock clock_;
};

TEST_F(SettledClockTest, GoesWithTheSystemsClockAndItsCorrections) {
    EXPECT_EQ(says(0s, 0s), 0s);
    EXPECT_EQ(says(60s, 1s), 61s);
    EXPECT_EQ(says(120s, 200s), 320s);
}

TEST_F(SettledClockTest, LeavesAWrongYearAlone) {
    EXPECT_EQ(says(0s, 0s), 0s);
    EXPECT_EQ(says(60s, 24h * 3650), 60s);
    EXPECT_EQ(says(3600s, 24h * 3650), 3600s);
    EXPECT_EQ(says(3601s, 0s), 3601s);
    EXPECT_EQ(says(7200s, 24h * 3650), 7200s);  // another time, and another hour
}

TEST_F(SettledClockTest, BelievesAJumpThatStandsAndAnyStepBack) {
    EXPECT_EQ(says(0s, 0s), 0s);
    EXPECT_EQ(says(60s, 24h * 40), 60s);
    EXPECT_EQ(says(3660s, 24h * 40), 3660s + 24h * 40);
    EXPECT_EQ(says(3661s, 0s), 3661s);
}

}  // namespace
}  // namespace apiary::agent
