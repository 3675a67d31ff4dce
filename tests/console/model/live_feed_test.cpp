#include "console/model/live_feed.hpp"

#include "tests/console/support/sample_values.hpp"

#include <gtest/gtest.h>

namespace apiary::console {
namespace {

class LiveFeedTest : public testing::Test {
protected:
    static SessionRow openRow(int seconds, char tail) {
        SessionRow row = sampleRow(seconds, tail);
        row.endedUs = 0;
        return row;
    }
    void opened(const SessionRow& row) { feed_.take({.opened = {row}, .ended = {}, .notShown = 0}, now_); }
    void ended(const SessionRow& row) { feed_.take({.opened = {}, .ended = {row}, .notShown = 0}, now_); }

    LiveFeed feed_;
    qint64 now_ = kSampleUs;
};

TEST_F(LiveFeedTest, TheNewestComesFirst) {
    opened(openRow(1, 'a'));
    opened(openRow(3, 'c'));
    opened(openRow(2, 'b'));
    ASSERT_EQ(feed_.rows().size(), 3);
    EXPECT_EQ(feed_.rows()[0].id.back(), 'c');
    EXPECT_EQ(feed_.rows()[2].id.back(), 'a');
}

TEST_F(LiveFeedTest, ASessionThatEndsStaysOneEntry) {
    opened(openRow(1, 'a'));
    ended(sampleRow(1, 'a'));
    ASSERT_EQ(feed_.rows().size(), 1);
    EXPECT_FALSE(feed_.rows()[0].open());
}

TEST_F(LiveFeedTest, HoldsOnlySoMany) {
    for (int i = 0; i < 2 * LiveFeed::kRows; ++i) {
        SessionRow row = openRow(i, 'a');
        row.id = QByteArray::number(i).rightJustified(16, '0');
        opened(row);
    }
    EXPECT_EQ(feed_.rows().size(), LiveFeed::kRows);
    EXPECT_EQ(feed_.rows()[0].startedUs, openRow(2 * LiveFeed::kRows - 1, 'a').startedUs);
}

TEST_F(LiveFeedTest, WhatComesWhilePausedWaits) {
    opened(openRow(1, 'a'));
    feed_.pause(true);
    opened(openRow(2, 'b'));
    ended(sampleRow(2, 'b'));
    EXPECT_EQ(feed_.rows().size(), 1);
    EXPECT_EQ(feed_.waiting(), 1U);
    feed_.pause(false);
    EXPECT_EQ(feed_.rows().size(), 2);
    EXPECT_EQ(feed_.waiting(), 0U);
}

TEST_F(LiveFeedTest, TheRateIsOverTenSecondsAndCountsEachSessionOnce) {
    opened(openRow(1, 'a'));
    ended(sampleRow(1, 'a'));
    feed_.take({.opened = {}, .ended = {}, .notShown = 19}, now_);
    EXPECT_DOUBLE_EQ(feed_.perSecond(now_), 2.0);
    EXPECT_DOUBLE_EQ(feed_.perSecond(now_ + 11 * kSecondUs), 0.0);
}

TEST_F(LiveFeedTest, BeginsWithTheNewestOfTheList) {
    feed_.seed({sampleRow(2, 'b'), sampleRow(1, 'a')});
    EXPECT_EQ(feed_.rows().size(), 2);
    feed_.seed({sampleRow(9, 'z')});
    EXPECT_EQ(feed_.rows().size(), 2);
    EXPECT_DOUBLE_EQ(feed_.perSecond(now_), 0.0);
}

}  // namespace
}  // namespace apiary::console
