#include "collector/ingest/live_feed.hpp"

#include <gtest/gtest.h>

namespace apiary::collector {
namespace {

LiveRows rows(std::size_t opened) {
    return {.opened = std::vector<OpenRow>(opened), .ended = {}};
}

TEST(LiveFeedTest, HandsOverWhatWasPublishedInItsOrder) {
    LiveFeed feed;
    const auto subscription = feed.subscribe(10, {});
    feed.publish(rows(1));
    feed.publish(rows(2));
    const LiveUpdate update = subscription->take();
    ASSERT_EQ(update.batches.size(), 2U);
    EXPECT_EQ(update.batches[1]->opened.size(), 2U);
    EXPECT_TRUE(subscription->take().batches.empty());
}

TEST(LiveFeedTest, WakesOnceUntilTheUpdateIsTaken) {
    LiveFeed feed;
    int wakes = 0;
    const auto subscription = feed.subscribe(10, [&] { ++wakes; });
    feed.publish(rows(1));
    feed.publish(rows(1));
    EXPECT_EQ(wakes, 1);
    subscription->take();
    feed.publish(rows(1));
    EXPECT_EQ(wakes, 2);
}

TEST(LiveFeedTest, CountsWhatASlowSubscriberDoesNotGet) {
    LiveFeed feed;
    const auto subscription = feed.subscribe(3, {});
    feed.publish(rows(2));
    feed.publish({.opened = std::vector<OpenRow>(7), .ended = std::vector<ClosedRow>(5)});
    const LiveUpdate update = subscription->take();
    EXPECT_EQ(update.batches.size(), 1U);
    EXPECT_EQ(update.notShown, 5U);
    feed.publish(rows(3));
    EXPECT_EQ(subscription->take().batches.size(), 1U);
}

TEST(LiveFeedTest, ForgetsASubscriberThatHasGone) {
    LiveFeed feed;
    int wakes = 0;
    auto subscription = feed.subscribe(3, [&] { ++wakes; });
    subscription.reset();
    feed.publish(rows(1));
    EXPECT_EQ(wakes, 0);
}

TEST(LiveFeedTest, SaysNothingOfATransactionWithoutSessions) {
    LiveFeed feed;
    int wakes = 0;
    const auto subscription = feed.subscribe(3, [&] { ++wakes; });
    feed.publish({});
    EXPECT_EQ(wakes, 0);
}

}  // namespace
}  // namespace apiary::collector
