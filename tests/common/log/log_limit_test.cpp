#include "common/log/log_limit.hpp"

#include <gtest/gtest.h>

namespace apiary::log {
namespace {

using namespace std::chrono_literals;

const Limit::Place kHere{"here.cpp", 1};
const Limit::Place kThere{"there.cpp", 1};

TEST(LogLimitTest, AMillionFailuresAreAFewLinesAndTheCountIsRight) {
    Limit limit(50, 60s);
    Limit::Time now{};
    std::uint64_t said = 0;
    std::uint64_t counted = 0;
    std::size_t lines = 0;
    const auto count = [&](const std::vector<Limit::Held>& due) {
        for (const Limit::Held& held : due) {
            counted += held.count;
            ++lines;
        }
    };
    for (int i = 0; i < 1'000'000; ++i) {
        now += 300us;  // five minutes in all
        count(limit.takeDue(now));
        said += limit.admit(kHere, "warning", "failure " + std::to_string(i), now) ? 1U : 0U;
    }
    count(limit.takeDue(now, true));
    EXPECT_EQ(said + counted, 1'000'000U);
    EXPECT_LE(said + lines, 320U);
    EXPECT_EQ(limit.size(), 0U);
}

TEST(LogLimitTest, TellsTheFirstOfThoseItHeld) {
    Limit limit(1, 60s);
    const Limit::Time now{};
    EXPECT_TRUE(limit.admit(kHere, "error", "one", now));
    EXPECT_FALSE(limit.admit(kHere, "error", "two", now + 1s));
    EXPECT_FALSE(limit.admit(kHere, "error", "three", now + 2s));
    EXPECT_TRUE(limit.takeDue(now + 59s).empty());
    const auto due = limit.takeDue(now + 60s);
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].count, 2U);
    EXPECT_EQ(due[0].like, "two");
    EXPECT_EQ(due[0].level, "error");
    EXPECT_TRUE(limit.admit(kHere, "error", "four", now + 60s));
}

TEST(LogLimitTest, OnePlaceDoesNotSilenceAnother) {
    Limit limit(1, 60s);
    EXPECT_TRUE(limit.admit(kHere, "info", "a", {}));
    EXPECT_FALSE(limit.admit(kHere, "info", "a", {}));
    EXPECT_TRUE(limit.admit(kThere, "info", "a", {}));
    EXPECT_TRUE(limit.admit({"here.cpp", 2}, "info", "a", {}));
}

TEST(LogLimitTest, HasNothingToTellOfAQuietPlace) {
    Limit limit(50, 60s);
    limit.admit(kHere, "info", "a", {});
    EXPECT_TRUE(limit.takeDue(Limit::Time{} + 61s).empty());
    EXPECT_EQ(limit.size(), 0U);
}

}  // namespace
}  // namespace apiary::log
