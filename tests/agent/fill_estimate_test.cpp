#include "agent/fill_estimate.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;
using Time = FillEstimate::Time;

const Time kStart(1'492'510'799s);

/// A sample every ten seconds from `from` to `to`, of what `used` makes of the seconds since the start.
template <typename Used>
void sampleAll(FillEstimate& estimate, std::chrono::seconds from, std::chrono::seconds to, Used used) {
    for (auto at = from; at <= to; at += 10s) {
        estimate.sample(kStart + at, static_cast<std::uint64_t>(used(at.count())));
    }
}

TEST(FillEstimateTest, KnowsNothingWithoutSamples) {
    EXPECT_EQ(FillEstimate(1000).fullAt(), std::nullopt);
}

TEST(FillEstimateTest, GoesOnAsItGrewSinceTheStart) {
    FillEstimate estimate(1'000'000);
    sampleAll(estimate, 0s, 1h, [](auto s) { return 10 * s; });
    EXPECT_EQ(estimate.fullAt(), kStart + 100'000s);
}

TEST(FillEstimateTest, LooksAtTheLastDayOnly) {
    FillEstimate estimate(100'000'000);
    sampleAll(estimate, 0s, 24h, [](auto s) { return 100 * s; });
    sampleAll(estimate, 24h, 49h, [](auto s) { return 100 * 86'400 + 10 * (s - 86'400); });
    const auto used = 100 * 86'400 + 10 * 90'000;
    const auto expected = kStart + 49h + std::chrono::seconds((100'000'000 - used) / 10);
    ASSERT_TRUE(estimate.fullAt());
    EXPECT_NEAR(std::chrono::duration<double>(*estimate.fullAt() - expected).count(), 0, 3600);
}

TEST(FillEstimateTest, MeasuresFromWhenItBeganToGrow) {
    FillEstimate estimate(1'000'000);
    sampleAll(estimate, 0s, 20h, [](auto s) { return s % 60 == 0 ? 500 : 5000; });  // comes and goes
    EXPECT_EQ(estimate.fullAt(), std::nullopt);
    sampleAll(estimate, 20h, 21h, [](auto s) { return 10 * (s - 72'000); });
    EXPECT_EQ(estimate.fullAt(), kStart + 20h + 100'000s);
}

TEST(FillEstimateTest, HasNoMomentForWhatDoesNotGrow) {
    FillEstimate estimate(1000);
    sampleAll(estimate, 0s, 24h, [](auto) { return 900; });
    EXPECT_EQ(estimate.fullAt(), std::nullopt);
}

TEST(FillEstimateTest, WaitsUntilThereIsSomethingToMeasure) {
    FillEstimate brief(1'000'000);
    sampleAll(brief, 0s, 290s, [](auto s) { return 1000 * s; });
    EXPECT_EQ(brief.fullAt(), std::nullopt);
    FillEstimate little(1'000'000);
    sampleAll(little, 0s, 1h, [](auto s) { return s / 4; });
    EXPECT_EQ(little.fullAt(), std::nullopt);
}

TEST(FillEstimateTest, LooksNoFurtherThanAYear) {
    FillEstimate estimate(1'000'000'000);
    sampleAll(estimate, 0s, 24h, [](auto s) { return 20 * s; });
    EXPECT_EQ(estimate.fullAt(), std::nullopt);
}

TEST(FillEstimateTest, IsFullAtItsLimit) {
    FillEstimate estimate(1000);
    estimate.sample(kStart, 1000);
    EXPECT_EQ(estimate.fullAt(), kStart);
}

TEST(FillEstimateTest, BeginsAnewWhenTheClockIsSetBack) {
    FillEstimate estimate(1'000'000);
    sampleAll(estimate, 1h, 2h, [](auto s) { return 10 * s; });
    estimate.sample(kStart, 100'000);
    EXPECT_EQ(estimate.fullAt(), std::nullopt);
}

TEST(FillEstimateTest, HasNoMomentWithoutALimit) {
    FillEstimate estimate(0);
    sampleAll(estimate, 0s, 1h, [](auto s) { return s; });
    EXPECT_EQ(estimate.fullAt(), std::nullopt);
}

}  // namespace
}  // namespace apiary::agent::test
