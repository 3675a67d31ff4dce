#include "collector/store/report_scope.hpp"

#include <gtest/gtest.h>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

v1::Scope hours(std::uint64_t length) {
    v1::Scope scope;
    scope.set_from_us(1'700'000'123'456'789);
    scope.set_to_us(scope.from_us() + length * 3'600'000'000);
    return scope;
}

TEST(ReportScopeTest, TakesAttacksWhereNothingIsNamed) {
    const auto scope = parseScope(hours(24));
    ASSERT_TRUE(scope) << scope.error();
    EXPECT_EQ(scope->traffic, std::vector<std::string>{"attack"});
    EXPECT_TRUE(scope->everySource());
    EXPECT_EQ(scope->to - scope->from, 24h);
}

TEST(ReportScopeTest, ReadsSourcesOfBothFamilies) {
    auto wanted = hours(1);
    wanted.set_source(std::string("\xc0\x00\x02\x07", 4));
    EXPECT_EQ(parseScope(wanted)->source, "192.0.2.7");
    wanted.set_source(std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16));
    EXPECT_EQ(parseScope(wanted)->source, "2001:db8::1");
    wanted.set_source("12345");
    EXPECT_FALSE(parseScope(wanted));
}

TEST(ReportScopeTest, RefusesWhatCannotBe) {
    EXPECT_FALSE(parseScope({}));
    auto backwards = hours(1);
    backwards.set_to_us(backwards.from_us() - 1);
    EXPECT_FALSE(parseScope(backwards));
    auto protocol = hours(1);
    protocol.add_protocols("ftp'); DROP TABLE session; --");
    EXPECT_FALSE(parseScope(protocol));
    auto traffic = hours(1);
    traffic.add_traffic("friendly");
    EXPECT_FALSE(parseScope(traffic));
    auto late = hours(1);
    late.set_to_us(~std::uint64_t{0});
    EXPECT_FALSE(parseScope(late));
}

TEST(ReportScopeTest, WidensEndsWhoseRowsAreGoneToWholeBuckets) {
    auto scope = *parseScope(hours(24));
    scope.from += 1min;
    scope.to += 1min;
    scope.keptFrom = scope.from + 1us;
    EXPECT_EQ(cutRange(scope, 1h).wholeFrom, bucketOf(scope.from, 1h));
    EXPECT_EQ(cutRange(scope, 1h).wholeTo, bucketOf(scope.to, 1h));
    scope.keptFrom = scope.to + 1us;
    EXPECT_EQ(cutRange(scope, 1h).wholeTo, bucketOf(scope.to, 1h) + 1h);
    EXPECT_THROW(static_cast<void>(rowsOnly(scope)), RowsGone);
    scope.keptFrom = scope.from;
    EXPECT_EQ(rowsOnly(scope).wholeFrom, scope.to);
}

TEST(ReportScopeTest, CutsARangeIntoWholeBucketsAndEnds) {
    const auto scope = *parseScope(hours(24));
    const auto cut = cutRange(scope, 5min);
    EXPECT_EQ(cut.wholeFrom, bucketOf(scope.from, 5min) + 5min);
    EXPECT_EQ(cut.wholeTo, bucketOf(scope.to, 5min));
    const auto days = cutRange(scope, 24h);  // no whole day in it
    EXPECT_EQ(days.wholeFrom, scope.to);
    EXPECT_EQ(days.wholeTo, scope.to);
}

TEST(ReportScopeTest, LeavesNoEndWhereTheRangeIsWhole) {
    auto scope = *parseScope(hours(1));
    scope.from = bucketOf(scope.from, 1h);
    scope.to = scope.from + 1h;
    const auto cut = cutRange(scope, 5min);
    EXPECT_EQ(cut.wholeFrom, scope.from);
    EXPECT_EQ(cut.wholeTo, scope.to);
}

TEST(ReportScopeTest, ChoosesAStepThatPeopleCanRead) {
    EXPECT_EQ(*chooseStep(*parseScope(hours(1)), 0), 5min);
    EXPECT_EQ(*chooseStep(*parseScope(hours(24)), 0), 5min);
    EXPECT_EQ(*chooseStep(*parseScope(hours(24 * 3)), 0), 15min);
    EXPECT_EQ(*chooseStep(*parseScope(hours(24 * 7)), 0), 1h);
    EXPECT_EQ(*chooseStep(*parseScope(hours(24 * 90)), 0), 8h);
}

TEST(ReportScopeTest, RefusesStepsThatRollupsCannotServe) {
    EXPECT_FALSE(chooseStep(*parseScope(hours(24)), 60'000'000));
    EXPECT_FALSE(chooseStep(*parseScope(hours(24 * 365)), 300'000'000));  // too many buckets
    EXPECT_EQ(*chooseStep(*parseScope(hours(24)), 900'000'000), 15min);
}

}  // namespace
}  // namespace apiary::collector
