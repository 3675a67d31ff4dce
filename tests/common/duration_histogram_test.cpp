#include "common/concurrent/duration_histogram.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace apiary {
namespace {

using namespace std::chrono_literals;

TEST(DurationHistogramTest, CountsWhatTookNoLongerThanEachBound) {
    DurationHistogram histogram;
    histogram.note(1ms);  // a bound itself
    histogram.note(1001us);
    histogram.note(2h);
    const auto view = histogram.view();
    EXPECT_EQ(view.atMost.front(), 1U);
    EXPECT_EQ(view.atMost[1], 2U);
    EXPECT_EQ(view.atMost.back(), 2U);
    EXPECT_EQ(view.count, 3U);
    EXPECT_NEAR(view.seconds, 7200.002, 0.001);
}

TEST(DurationHistogramTest, TakesATimeBelowZeroForNone) {
    DurationHistogram histogram;
    histogram.note(-5ms);
    EXPECT_EQ(histogram.view().atMost.front(), 1U);
    EXPECT_EQ(histogram.view().seconds, 0.0);
}

TEST(DurationHistogramTest, LosesNothingOfSeveralThreads) {
    DurationHistogram histogram;
    const auto note = [&] {
        for (int i = 0; i < 10'000; ++i) {
            histogram.note(1us);
        }
    };
    std::thread other(note);
    note();
    other.join();
    EXPECT_EQ(histogram.view().count, 20'000U);
    EXPECT_NEAR(histogram.view().seconds, 0.02, 1e-9);
}

}  // namespace
}  // namespace apiary
