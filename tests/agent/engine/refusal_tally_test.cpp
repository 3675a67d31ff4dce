#include "agent/engine/refusal_tally.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

using Time = RefusalTally::Time;
using std::chrono::milliseconds;

Refusal refusalOf(std::uint8_t last, const char* reason = "waiting time") {
    Refusal refusal;
    refusal.source = Endpoint::of({192, 0, 2, last}, 1);
    refusal.service = "ftp";
    refusal.reason = reason;
    return refusal;
}

TEST(RefusalTallyTest, TellsTheFirstAtOnceAndCountsTheRest) {
    RefusalTally tally;
    ASSERT_EQ(tally.add(refusalOf(1), Time{}).size(), 1U);
    for (int i = 0; i < 9; ++i) {
        EXPECT_TRUE(tally.add(refusalOf(1), Time{} + milliseconds(i)).empty());
    }
    EXPECT_TRUE(tally.takeDue(Time{} + milliseconds(999)).empty());
    const auto due = tally.takeDue(Time{} + milliseconds(1000));
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].count, 9U);
    EXPECT_TRUE(tally.empty());
}

TEST(RefusalTallyTest, TellsWhatWasHeldWithTheNextAfterASecond) {
    RefusalTally tally;
    tally.add(refusalOf(1), Time{});
    tally.add(refusalOf(1), Time{});
    const auto due = tally.add(refusalOf(1), Time{} + milliseconds(1500));
    ASSERT_EQ(due.size(), 1U);
    EXPECT_EQ(due[0].count, 2U);
}

TEST(RefusalTallyTest, KeepsSourcesAndReasonsApart) {
    RefusalTally tally;
    EXPECT_EQ(tally.add(refusalOf(1), Time{}).size(), 1U);
    EXPECT_EQ(tally.add(refusalOf(2), Time{}).size(), 1U);
    EXPECT_EQ(tally.add(refusalOf(1, "connections in all"), Time{}).size(), 1U);
}

TEST(RefusalTallyTest, ForgetsASourceThatIsTold) {
    RefusalTally tally;
    tally.add(refusalOf(1), Time{});
    EXPECT_TRUE(tally.takeDue(Time{} + milliseconds(1000)).empty());
    EXPECT_TRUE(tally.empty());
}

TEST(RefusalTallyTest, TellsEachWhenItCannotHoldMore) {
    RefusalTally tally(1);
    tally.add(refusalOf(1), Time{});
    EXPECT_EQ(tally.add(refusalOf(2), Time{}).size(), 1U);
    EXPECT_EQ(tally.add(refusalOf(2), Time{}).size(), 1U);
}

TEST(RefusalTallyTest, GivesEverythingAtTheEnd) {
    RefusalTally tally;
    tally.add(refusalOf(1), Time{});
    tally.add(refusalOf(1), Time{});
    EXPECT_EQ(tally.takeDue(Time{}, true).at(0).count, 1U);
}

}  // namespace
}  // namespace apiary::agent::test
