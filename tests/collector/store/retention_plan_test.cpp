#include "collector/store/retention_plan.hpp"

#include <gtest/gtest.h>

namespace apiary::collector {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr sys_days kToday{std::chrono::year(2026) / 11 / 26};
constexpr std::uint64_t kDayBytes = 100;

/// The policy keeps ten days; there are `count` days of 100 bytes each, today's the last, and 50 bytes of other tables.
RetentionState state(int count) {
    RetentionState made{.today = kToday,
                        .keepDays = days{10},
                        .sizeFloor = kToday - days{10},
                        .rowsFrom = {},
                        .days = {},
                        .databaseBytes = 50,
                        .walBytes = {}};
    for (int i = count - 1; i >= 0; --i) {
        made.days.push_back({.day = kToday - days{i}, .partitions = {{"a", kDayBytes - 1}, {"b", 1}}, .sessions = 7});
        made.databaseBytes += kDayBytes;
    }
    return made;
}

TEST(RetentionPlanTest, KeepsTodayAndAsManyDaysBeforeItAsThePolicySays) {
    const auto plan = planRetention(state(14), {});
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->going.size(), 3U);
    EXPECT_EQ(plan->going.front().day, kToday - days{13});
    EXPECT_EQ(plan->before, kToday - days{10});
    EXPECT_FALSE(plan->forSize);
    EXPECT_EQ(plan->freed, 300U);
    EXPECT_EQ(plan->left, 1150U);
}

TEST(RetentionPlanTest, DropsNothingWhereNothingIsOld) {
    const auto plan = planRetention(state(11), {});
    ASSERT_TRUE(plan);
    EXPECT_TRUE(plan->going.empty());
    EXPECT_FALSE(plan->before);
}

TEST(RetentionPlanTest, KeepsMoreDaysIfAskedAndNeverFewerThanThePolicy) {
    EXPECT_EQ(planRetention(state(14), {.days = 12, .bytes = {}})->going.size(), 1U);
    const auto fewer = planRetention(state(14), {.days = 5, .bytes = {}});
    ASSERT_FALSE(fewer);
    EXPECT_NE(fewer.error().find("apiary-collector policy --retention-days 5"), std::string::npos);
}

TEST(RetentionPlanTest, DropsTheOldestUntilTheRestFitsIfThePolicyAllowsIt) {
    auto given = state(10);
    given.sizeFloor = kToday - days{3};
    given.walBytes = 200;
    const auto plan = planRetention(given, {.days = {}, .bytes = 900});
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->going.size(), 4U);  // 50 + 10 * 100 + 200 becomes 850
    EXPECT_EQ(plan->left, 850U);
    EXPECT_TRUE(plan->forSize);
    EXPECT_FALSE(plan->tooMuch);
}

TEST(RetentionPlanTest, SaysWhatThePolicyDoesNotLetGo) {
    auto given = state(14);
    const auto plan = planRetention(given, {.days = {}, .bytes = 900});
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->going.size(), 3U);
    EXPECT_FALSE(plan->forSize);
    EXPECT_EQ(plan->tooMuch, 250U);
}

TEST(RetentionPlanTest, NeverDropsTodayOrYesterday) {
    auto given = state(5);
    given.keepDays = days{1};
    given.sizeFloor = kToday + days{1};
    const auto plan = planRetention(given, {.days = {}, .bytes = 1});
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->going.back().day, kToday - days{2});
}

TEST(RetentionPlanTest, DropsWhatIsLeftOfDaysThatWereGivenUpBefore) {
    auto given = state(10);
    given.rowsFrom = kToday - days{8};
    const auto plan = planRetention(given, {});
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->going.size(), 1U);
    EXPECT_FALSE(plan->before);
    EXPECT_FALSE(plan->forSize);
}

}  // namespace
}  // namespace apiary::collector
