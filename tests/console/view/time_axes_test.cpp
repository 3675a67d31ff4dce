#include "console/view/time_axes.hpp"

#include "tests/console/support/sample_values.hpp"

#include <QSet>
#include <gtest/gtest.h>

#include <cmath>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

constexpr double kHourMs = 3600e3;

TEST(TimeAxesTest, TicksStandOnRoundUtcHours) {
    const double to = double(kSampleUs) / 1000;
    const auto ticks = timeTicks(to - 24.3 * kHourMs, to, 800);
    ASSERT_GT(ticks.size(), 3);
    for (const Tick& tick : ticks) {
        EXPECT_EQ(std::fmod(tick.at, kHourMs), 0) << tick.label.toStdString();
    }
}

TEST(TimeAxesTest, MidnightIsADate) {
    const double to = double(kSampleUs) / 1000;
    QStringList labels;
    for (const Tick& tick : timeTicks(to - 24 * kHourMs, to, 800)) {
        labels.append(tick.label);
    }
    EXPECT_TRUE(labels.contains(u"Thu 12 Mar"_s)) << labels.join(u' ').toStdString();
}

TEST(TimeAxesTest, LabelsOfTwoDaysDiffer) {
    QSet<QString> labels;
    const auto ticks = timeTicks(0, 48 * kHourMs, 1600);
    for (const Tick& tick : ticks) {
        labels.insert(tick.label);
    }
    EXPECT_EQ(labels.size(), ticks.size());
}

TEST(TimeAxesTest, CountsAreWholeNumbersUpToTheHighest) {
    for (const double highest : {0.0, 1.0, 3.0, 7.0, 950.0, 1'234'567.0}) {
        const auto ticks = countTicks(highest);
        EXPECT_EQ(ticks.first().at, 0);
        EXPECT_GE(ticks.last().at, highest);
        for (const Tick& tick : ticks) {
            EXPECT_EQ(tick.at, std::floor(tick.at)) << highest;
        }
    }
}

}  // namespace
}  // namespace apiary::console
