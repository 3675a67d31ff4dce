#include "collector/notify/memory_notices.hpp"

#include <gtest/gtest.h>

#include <string>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using Time = NoticeQueue::Time;

class MemoryNoticesTest : public testing::Test {
protected:
    std::string next() {
        const auto notice = notices_.next(now_);
        return notice ? notice->body : "";
    }

    Time now_ = std::chrono::sys_days{2026y / 11 / 25} + 12h;
    MemoryNotices notices_;
};

TEST_F(MemoryNoticesTest, HandsOutTheOldestUntilItIsDelivered) {
    notices_.add("a", now_);
    notices_.add("b", now_);
    EXPECT_EQ(next(), "a");
    EXPECT_EQ(next(), "a");
    notices_.delivered(notices_.next(now_)->id, now_);
    EXPECT_EQ(next(), "b");
    notices_.drop(notices_.next(now_)->id, now_, "refused");
    EXPECT_EQ(next(), "");
}

TEST_F(MemoryNoticesTest, OneThatFailedHoldsBackThoseBehindIt) {
    notices_.add("a", now_);
    notices_.add("b", now_);
    notices_.failed(notices_.next(now_)->id, now_ + 2s, "no");
    EXPECT_EQ(next(), "");
    now_ += 2s;
    const auto again = notices_.next(now_);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->body, "a");
    EXPECT_EQ(again->tries, 1U);
    EXPECT_EQ(again->madeAt, now_ - 2s);
}

TEST_F(MemoryNoticesTest, DoesNotWaitForAClockThatWasSetBack) {
    notices_.add("a", now_);
    notices_.failed(notices_.next(now_)->id, now_ + 20min, "no");
    now_ -= 40 * 24h;
    EXPECT_EQ(next(), "a");
}

TEST_F(MemoryNoticesTest, TheOldestMakesRoomAndIsCounted) {
    for (std::size_t i = 0; i <= MemoryNotices::kMost; ++i) {
        notices_.add(std::to_string(i), now_);
    }
    EXPECT_EQ(next(), "1");
    EXPECT_EQ(notices_.overflowed(), 1U);
    notices_.failed(1, now_ + 1h, "the one that was dropped");
    EXPECT_EQ(next(), "1");
}

}  // namespace
}  // namespace apiary::collector
