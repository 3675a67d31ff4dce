#include "collector/ingest/batch_order.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <utility>
#include <vector>

namespace apiary::collector {
namespace {

v1::Batch batchOf(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& entries) {
    v1::Batch batch;
    for (const auto& [first, last] : entries) {
        v1::Entry& entry = *batch.add_entries();
        entry.set_seq(first);
        entry.set_seq_end(last);
    }
    batch.set_first_seq(entries.empty() ? 1 : entries.front().first);
    batch.set_last_seq(entries.empty() ? 1 : entries.back().second);
    return batch;
}

TEST(BatchOrderTest, TakesEntriesThatCoverTheBatchWithoutAHole) {
    EXPECT_TRUE(checkBatch(batchOf({{5, 5}, {6, 9}, {10, 10}})));
}

TEST(BatchOrderTest, RefusesHolesOverlapsAndNothing) {
    EXPECT_FALSE(checkBatch(batchOf({})));
    EXPECT_FALSE(checkBatch(batchOf({{1, 1}, {3, 3}})));
    EXPECT_FALSE(checkBatch(batchOf({{1, 2}, {2, 2}})));
    EXPECT_FALSE(checkBatch(batchOf({{2, 1}})));
    EXPECT_FALSE(checkBatch(batchOf({{0, 0}})));
}

TEST(BatchOrderTest, RefusesNumbersThatTheLedgerCannotHold) {
    const auto highest = std::numeric_limits<std::uint64_t>::max();
    EXPECT_FALSE(checkBatch(batchOf({{1, highest}})));
    EXPECT_FALSE(checkBatch(batchOf({{highest, highest}})));
    v1::Batch lane = batchOf({{1, 1}});
    lane.set_lane(40000);
    EXPECT_FALSE(checkBatch(lane));
}

TEST(BatchOrderTest, RefusesABatchThatLiesAboutItsRange) {
    v1::Batch batch = batchOf({{1, 1}, {2, 2}});
    batch.set_last_seq(3);
    EXPECT_EQ(checkBatch(batch).error(), "entries end at 2, the batch says 3");
    batch.set_last_seq(2);
    batch.set_first_seq(2);
    EXPECT_FALSE(checkBatch(batch));
}

TEST(BatchOrderTest, JudgesARunByWhatIsCommitted) {
    EXPECT_EQ(judge(4, 5, 9), Verdict::New);
    EXPECT_EQ(judge(9, 5, 9), Verdict::Duplicate);
    EXPECT_EQ(judge(7, 5, 9), Verdict::Overlap);
    EXPECT_EQ(judge(3, 5, 9), Verdict::Gap);
}

TEST(BatchOrderTest, FindsTheFirstEntryThatHoldsSomethingNew) {
    const v1::Batch batch = batchOf({{5, 5}, {6, 9}, {10, 10}});
    EXPECT_EQ(firstBeyond(batch, 4), 0);
    EXPECT_EQ(firstBeyond(batch, 5), 1);
    EXPECT_EQ(firstBeyond(batch, 8), 1);
    EXPECT_EQ(firstBeyond(batch, 9), 2);
}

}  // namespace
}  // namespace apiary::collector
