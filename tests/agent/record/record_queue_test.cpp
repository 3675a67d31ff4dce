#include "agent/record/record_queue.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;

PendingRecord recordOf(const std::string& text) {
    PendingRecord record;
    record.text = text;
    return record;
}

std::string textsOf(const std::vector<PendingRecord>& batch) {
    std::string texts;
    for (const PendingRecord& record : batch) {
        texts += record.text;
    }
    return texts;
}

TEST(RecordQueueTest, GivesAFullBatchAtOnceAndInOrder) {
    RecordQueue queue(1000, {.enough = 2, .patience = 1h, .hurry = 1h});
    queue.push(recordOf("a"), false);
    queue.push(recordOf("b"), false);
    std::vector<PendingRecord> batch;
    queue.takeAll(batch, 1h);
    EXPECT_EQ(textsOf(batch), "ab");
}

TEST(RecordQueueTest, LetsAnUrgentRecordWaitForCompanyForAMomentOnly) {
    RecordQueue queue(1000, {.enough = 100, .patience = 1h, .hurry = 1us});
    queue.push(recordOf("a"), false);
    queue.push(recordOf("b"), true);
    std::vector<PendingRecord> batch;
    queue.takeAll(batch, 1h);
    EXPECT_EQ(textsOf(batch), "ab");
}

TEST(RecordQueueTest, IsWokenByWhatIsUrgentWhileItWaits) {
    RecordQueue queue(1000, {.enough = 100, .patience = 1h, .hurry = 0us});
    queue.push(recordOf("a"), false);
    std::vector<PendingRecord> batch;
    std::thread taking([&] { queue.takeAll(batch, 1h); });
    queue.push(recordOf("b"), true);
    taking.join();
    EXPECT_EQ(textsOf(batch), "ab");
}

TEST(RecordQueueTest, LetsNoRecordWaitBeyondItsPatience) {
    RecordQueue queue(1000, {.enough = 100, .patience = 1ms, .hurry = 1h});
    queue.push(recordOf("a"), false);
    std::vector<PendingRecord> batch;
    queue.takeAll(batch, 1h);
    EXPECT_EQ(textsOf(batch), "a");
}

TEST(RecordQueueTest, IsFullUntilItIsTaken) {
    RecordQueue queue(1, {.enough = 1, .patience = 1h, .hurry = 1h});
    EXPECT_FALSE(queue.full());
    queue.push(recordOf("a"), false);
    EXPECT_TRUE(queue.full());
    std::vector<PendingRecord> batch;
    queue.takeAll(batch, 1h);
    EXPECT_FALSE(queue.full());
}

TEST(RecordQueueTest, GivesWhatItHoldsAfterCloseAndTakesNothingMore) {
    RecordQueue queue(1000, {.enough = 100, .patience = 1h, .hurry = 1h});
    queue.push(recordOf("a"), false);
    queue.close();
    EXPECT_FALSE(queue.push(recordOf("b"), false));
    std::vector<PendingRecord> batch;
    queue.takeAll(batch, 1h);
    EXPECT_EQ(textsOf(batch), "a");
    queue.takeAll(batch, 1h);
    EXPECT_TRUE(batch.empty());
}

}  // namespace
}  // namespace apiary::agent
