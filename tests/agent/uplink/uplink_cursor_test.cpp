#include "agent/uplink/uplink_cursor.hpp"

#include "agent/uplink/retry_delay.hpp"
#include "tests/agent/uplink/fake_spool.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;

class UplinkCursorTest : public ::testing::Test {
protected:
    /// The next batch as "lane:first-last", or "nothing".
    std::string next(UplinkCursor& cursor) {
        const auto batch = cursor.next();
        if (!batch) {
            return "nothing";
        }
        expectWhole(*batch);
        return std::to_string(batch->lane) + ":" + std::to_string(batch->first) + "-" + std::to_string(batch->last);
    }

    /// A batch covers its numbers without a hole, each row in its place.
    static void expectWhole(const OutgoingBatch& batch) {
        std::uint64_t expected = batch.first;
        for (const OutgoingBatch::Item& item : batch.items) {
            EXPECT_EQ(item.seq, expected);
            if (item.row) {
                EXPECT_EQ(item.row->seqEnd, item.seqEnd);
            }
            expected = item.seqEnd + 1;
        }
        EXPECT_EQ(expected, batch.last + 1);
    }

    FakeSpool spool_;
    UplinkLimits small_{.window = 2, .entries = 10, .bytes = 1000, .newLaneFrom = 20};
};

TEST_F(UplinkCursorTest, SendsInOrderUntilTheWindowIsFull) {
    spool_.add(25);
    UplinkCursor cursor(spool_, small_);
    ASSERT_TRUE(cursor.resume({{0, 0}}));
    EXPECT_EQ(next(cursor), "0:1-10");
    EXPECT_EQ(next(cursor), "0:11-20");
    EXPECT_EQ(next(cursor), "nothing");
    ASSERT_TRUE(cursor.acknowledge(0, 10));
    EXPECT_EQ(next(cursor), "0:21-25");
    EXPECT_EQ(spool_.acknowledged(0), 10U);
}

TEST_F(UplinkCursorTest, GoesOnBehindWhatTheCollectorHas) {
    spool_.add(5);
    UplinkCursor cursor(spool_, small_);
    const auto lost = cursor.resume({{0, 3}});
    ASSERT_TRUE(lost);
    EXPECT_TRUE(lost->empty());
    EXPECT_EQ(spool_.acknowledged(0), 3U);
    EXPECT_EQ(next(cursor), "0:4-5");
    EXPECT_EQ(next(cursor), "nothing");
}

TEST_F(UplinkCursorTest, CutsABatchAtItsBytesButSendsALargeRecordAlone) {
    spool_.add(3, 300);
    spool_.add(1, 5000);
    spool_.add(1, 10);
    UplinkCursor cursor(spool_, {.window = 9, .entries = 10, .bytes = 1000});
    ASSERT_TRUE(cursor.resume({}));
    EXPECT_EQ(next(cursor), "0:1-3");
    EXPECT_EQ(next(cursor), "0:4-4");
    EXPECT_EQ(next(cursor), "0:5-5");
}

TEST_F(UplinkCursorTest, SendsTheNewestLaneFirst) {
    spool_.add(3);
    spool_.openLane();
    spool_.add(2);
    UplinkCursor cursor(spool_, {.window = 9, .entries = 2, .bytes = 1000});
    ASSERT_TRUE(cursor.resume({{0, 0}, {1, 0}}));
    EXPECT_EQ(next(cursor), "1:1-2");
    EXPECT_EQ(next(cursor), "0:1-2");
    spool_.add(1);  // what happens now does not wait for the rest of yesterday's
    EXPECT_EQ(next(cursor), "1:3-3");
    EXPECT_EQ(next(cursor), "0:3-3");
}

TEST_F(UplinkCursorTest, TakesRecordsThatCameSince) {
    UplinkCursor cursor(spool_, small_);
    ASSERT_TRUE(cursor.resume({}));
    EXPECT_EQ(next(cursor), "nothing");
    spool_.add(1);
    EXPECT_EQ(next(cursor), "0:1-1");
}

TEST_F(UplinkCursorTest, SendsAgainWhatWasOnItsWayWhenTheStreamEnded) {
    spool_.add(20);
    UplinkCursor cursor(spool_, small_);
    ASSERT_TRUE(cursor.resume({{0, 0}}));
    EXPECT_EQ(next(cursor), "0:1-10");
    EXPECT_EQ(next(cursor), "0:11-20");
    ASSERT_TRUE(cursor.resume({{0, 10}}));
    EXPECT_EQ(next(cursor), "0:11-20");
    EXPECT_EQ(next(cursor), "nothing");
}

TEST_F(UplinkCursorTest, MakesAHoleOfWhatTheCollectorForgotAndTheSpoolFreed) {
    spool_.add(9);
    spool_.acknowledge(0, 6);
    spool_.release();
    UplinkCursor cursor(spool_, small_);
    const auto lost = cursor.resume({{0, 2}});
    ASSERT_TRUE(lost);
    ASSERT_EQ(lost->size(), 1U);
    EXPECT_EQ(lost->at(0).first, 3U);
    EXPECT_EQ(lost->at(0).last, 6U);
    const auto batch = cursor.next();
    ASSERT_TRUE(batch);
    expectWhole(*batch);
    EXPECT_EQ(batch->items.at(0).seqEnd, 6U);
    EXPECT_FALSE(batch->items.at(0).row);
    EXPECT_EQ(batch->items.at(1).row->body, FakeSpool::body(7));
    EXPECT_EQ(batch->last, 9U);
}

TEST_F(UplinkCursorTest, SendsWhatTheCollectorForgotAndTheSpoolStillHas) {
    spool_.add(6);
    spool_.acknowledge(0, 6);
    spool_.release(0, 3);  // 1, 2 and 4 to 6 belong to a session that is not over
    UplinkCursor cursor(spool_, small_);
    ASSERT_TRUE(cursor.resume({{0, 0}}));
    const auto batch = cursor.next();
    ASSERT_TRUE(batch);
    expectWhole(*batch);
    ASSERT_EQ(batch->items.size(), 6U);
    EXPECT_FALSE(batch->items.at(2).row);
    EXPECT_TRUE(batch->items.at(3).row);
}

TEST_F(UplinkCursorTest, MakesOneHoleOfEverythingWhenNothingIsLeft) {
    spool_.add(50);
    spool_.acknowledge(0, 50);
    spool_.release();
    UplinkCursor cursor(spool_, small_);
    ASSERT_TRUE(cursor.resume({}));
    EXPECT_EQ(next(cursor), "0:1-50");
    EXPECT_EQ(next(cursor), "nothing");
    EXPECT_FALSE(cursor.drained());
    ASSERT_TRUE(cursor.acknowledge(0, 50));
    EXPECT_TRUE(cursor.drained());
}

TEST_F(UplinkCursorTest, RefusesACollectorThatKnowsMoreThanTheSpool) {
    spool_.add(3);
    UplinkCursor cursor(spool_, small_);
    EXPECT_NE(cursor.resume({{0, 4}}).error().find("it is an old copy"), std::string::npos);
    EXPECT_NE(cursor.resume({{0, 3}, {7, 1}}).error().find("lane 7"), std::string::npos);
    EXPECT_TRUE(cursor.resume({{0, 3}, {7, 0}}));
}

TEST_F(UplinkCursorTest, RefusesAnAcknowledgementOfWhatWasNeverSent) {
    spool_.add(3);
    UplinkCursor cursor(spool_, small_);
    ASSERT_TRUE(cursor.resume({}));
    EXPECT_FALSE(cursor.acknowledge(0, 1));
    EXPECT_FALSE(cursor.acknowledge(5, 1));
    EXPECT_EQ(spool_.acknowledged(0), 0U);
}

TEST_F(UplinkCursorTest, TakesAnAcknowledgementTwice) {
    spool_.add(30);
    UplinkCursor cursor(spool_, small_);
    ASSERT_TRUE(cursor.resume({}));
    EXPECT_EQ(next(cursor), "0:1-10");
    EXPECT_EQ(next(cursor), "0:11-20");
    EXPECT_TRUE(cursor.acknowledge(0, 20));
    EXPECT_TRUE(cursor.acknowledge(0, 10));
    EXPECT_EQ(spool_.acknowledged(0), 20U);
    EXPECT_EQ(next(cursor), "0:21-30");
    EXPECT_EQ(next(cursor), "nothing");
}

TEST_F(UplinkCursorTest, WantsANewLaneOnceTheCurrentOneIsFarBehind) {
    spool_.add(20);
    EXPECT_FALSE(wantsNewLane(spool_, small_));
    spool_.add(1);
    EXPECT_TRUE(wantsNewLane(spool_, small_));
    spool_.openLane();
    EXPECT_FALSE(wantsNewLane(spool_, small_));
}

TEST_F(UplinkCursorTest, WantsNoMoreLanesThanACollectorTakes) {
    UplinkLimits few = small_;
    few.lanes = 2;
    spool_.add(21);
    EXPECT_TRUE(wantsNewLane(spool_, few));
    spool_.openLane();
    spool_.add(21);
    EXPECT_FALSE(wantsNewLane(spool_, few));
    spool_.acknowledge(0, 21);
    EXPECT_TRUE(wantsNewLane(spool_, few));
    few.highestLane = 1;
    EXPECT_FALSE(wantsNewLane(spool_, few));
}

TEST(RetryDelayTest, GrowsToItsBoundAndBeginsAnew) {
    RetryDelay delay(500ms, 30s, 7);
    EXPECT_EQ(delay.next(), 500ms);
    for (auto whole = 1000ms; whole < 30s; whole *= 2) {
        const auto waited = delay.next();
        EXPECT_GE(waited, whole / 2);
        EXPECT_LE(waited, whole);
    }
    EXPECT_GE(delay.next(), 15s);
    EXPECT_LE(delay.next(), 30s);
    delay.reset();
    EXPECT_EQ(delay.next(), 500ms);
}

TEST(RetryDelayTest, DiffersBetweenSensors) {
    RetryDelay one(500ms, 30s, 1);
    RetryDelay other(500ms, 30s, 2);
    std::ignore = one.next();
    std::ignore = other.next();
    EXPECT_NE(one.next(), other.next());
}

}  // namespace
}  // namespace apiary::agent::test
