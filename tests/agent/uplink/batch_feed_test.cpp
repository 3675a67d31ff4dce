#include "agent/uplink/batch_feed.hpp"

#include "tests/agent/uplink/fake_spool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;

/// A spool of 25 records whose disk can be told to refuse, and a clock of its own.
class BatchFeedTest : public ::testing::Test {
protected:
    BatchFeedTest() {
        spool_.add(25);
        EXPECT_TRUE(cursor_.resume({{0, 0}}));
    }

    /// The next batch as "first-last", or "nothing".
    std::string next() {
        const auto batch = feed_.next(now_);
        return batch ? std::to_string(batch->first) + "-" + std::to_string(batch->last) : "nothing";
    }

    FakeSpool spool_;
    UplinkCursor cursor_{spool_, {.window = 9, .entries = 10, .bytes = 10'000}};
    BatchFeed feed_{cursor_, RetryDelay(1s, 8s, 1)};
    BatchFeed::Time now_{1h};
};

TEST_F(BatchFeedTest, GoesOnWhereItWasOnceTheSpoolCanBeReadAgain) {
    EXPECT_EQ(next(), "1-10");
    spool_.failReads(1);
    EXPECT_EQ(next(), "nothing");
    now_ = feed_.tryAgainAt();
    EXPECT_EQ(next(), "11-20");
    EXPECT_EQ(next(), "21-25");
    EXPECT_EQ(next(), "nothing");
    EXPECT_EQ(feed_.failedReads(), 1U);
}

TEST_F(BatchFeedTest, DoesNotReadBeforeItIsTime) {
    spool_.failReads(2);
    EXPECT_EQ(next(), "nothing");
    now_ = feed_.tryAgainAt() - 1ms;
    EXPECT_EQ(next(), "nothing");
    EXPECT_EQ(spool_.failingReads(), 1U);
    now_ += 1ms;
    EXPECT_EQ(next(), "nothing");
    EXPECT_EQ(spool_.failingReads(), 0U);
    EXPECT_EQ(feed_.failedReads(), 2U);
}

TEST_F(BatchFeedTest, WaitsLongerEachTimeUpToABoundAndBeginsAnewAfterASuccess) {
    spool_.failReads(7);
    std::chrono::nanoseconds longest{0};
    for (int i = 0; i < 7; ++i) {
        EXPECT_EQ(next(), "nothing");
        longest = std::max<std::chrono::nanoseconds>(longest, feed_.tryAgainAt() - now_);
        now_ = feed_.tryAgainAt();
    }
    EXPECT_GE(longest, 4s);
    EXPECT_LE(longest, 8s);
    EXPECT_EQ(next(), "1-10");
    EXPECT_EQ(feed_.tryAgainAt(), BatchFeed::Time::max());
    spool_.failReads(1);
    EXPECT_EQ(next(), "nothing");
    EXPECT_LE(feed_.tryAgainAt() - now_, 1s);
}

TEST_F(BatchFeedTest, WaitsForAnAcknowledgementNotForTheClockWhenTheWindowIsFull) {
    UplinkCursor narrow(spool_, {.window = 1, .entries = 10, .bytes = 10'000});
    ASSERT_TRUE(narrow.resume({{0, 0}}));
    BatchFeed feed(narrow, RetryDelay(1s, 8s, 1));
    spool_.failReads(1);
    EXPECT_FALSE(feed.next(now_));
    now_ = feed.tryAgainAt();
    EXPECT_TRUE(feed.next(now_));
    EXPECT_FALSE(feed.next(now_));
    EXPECT_EQ(feed.tryAgainAt(), BatchFeed::Time::max());
}

TEST_F(BatchFeedTest, SaysWhyUntilAReadSucceeds) {
    EXPECT_EQ(feed_.reason(), "");
    spool_.failReads(1);
    next();
    EXPECT_EQ(feed_.reason(), "cannot read the fake spool: Input/output error");
    now_ = feed_.tryAgainAt();
    next();
    EXPECT_EQ(feed_.reason(), "");
}

TEST_F(BatchFeedTest, SendsAgainOnlyWhatTheCollectorDoesNotHaveWhenTheStreamEndsMeanwhile) {
    EXPECT_EQ(next(), "1-10");
    EXPECT_EQ(next(), "11-20");
    EXPECT_EQ(feed_.tryAgainAt(), BatchFeed::Time::max());
    ASSERT_TRUE(cursor_.acknowledge(0, 10));
    spool_.failReads(1);
    EXPECT_EQ(next(), "nothing");
    ASSERT_TRUE(cursor_.resume({{0, 10}}));
    now_ = feed_.tryAgainAt();
    EXPECT_EQ(next(), "11-20");
    EXPECT_EQ(next(), "21-25");
}

}  // namespace
}  // namespace apiary::agent::test
