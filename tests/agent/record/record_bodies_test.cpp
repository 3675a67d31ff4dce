#include "agent/record/recording.hpp"
#include "proto/apiary/v1/session.pb.h"

#include <gtest/gtest.h>

namespace apiary::agent {
namespace {

TEST(RecordBodiesTest, TellsWhichNumbersOfASpoolAreLost) {
    const auto settings = withRecordBodies({});
    SpoolSettings::Lost lost{
        .what = "spool", .records = 0, .bytes = 0, .from = {}, .to = {}, .reason = "it was removed"};
    v1::Record record;
    ASSERT_TRUE(record.ParseFromString(settings.gapBody(lost)));
    EXPECT_FALSE(record.gap().has_lost());
    lost.numbers = {.spool = Uuid::v4({1, 2, 3}), .lane = 2, .kept = 3, .last = 40, .exact = true};
    ASSERT_TRUE(record.ParseFromString(settings.gapBody(lost)));
    EXPECT_EQ(record.gap().records(), 0U) << "the collector counts them";
    EXPECT_EQ(record.gap().lost().spool_id(), lost.numbers->spool.view());
    EXPECT_EQ(record.gap().lost().lane(), 2U);
    EXPECT_EQ(record.gap().lost().kept(), 3U);
    EXPECT_EQ(record.gap().lost().last(), 40U);
    EXPECT_TRUE(record.gap().lost().exact());
}

}  // namespace
}  // namespace apiary::agent
