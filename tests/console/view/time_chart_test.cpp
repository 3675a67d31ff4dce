#include "console/view/time_chart.hpp"

#include "console/view/legend.hpp"
#include "tests/console/support/sample_values.hpp"

#include <QApplication>
#include <QAreaSeries>
#include <QChart>
#include <QLineSeries>
#include <QMouseEvent>
#include <QSignalSpy>
#include <QTest>
#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

constexpr qint64 kTo = kSampleUs + 1200 * kSecondUs;

class TimeChartTest : public testing::Test {
protected:
    TimeChartTest() {
        chart_.resize(900, 300);
        chart_.setBands(bandsOf(sampleSeries()), kSampleUs, kTo);
        legend_.refresh();
        chart_.show();
        EXPECT_TRUE(QTest::qWaitForWindowExposed(&chart_));
    }

    QLineSeries& top(int layer) { return *qobject_cast<QAreaSeries*>(chart_.chart()->series()[layer])->upperSeries(); }

    /// What an area adds to the one below it, over all buckets.
    double drawn(int layer) {
        double sum = 0;
        for (int i = 0; i < top(layer).count(); i += 2) {
            sum += top(layer).at(i).y() - (layer == 0 ? 0 : top(layer - 1).at(i).y());
        }
        return sum;
    }

    Theme theme_{Tone::Light};
    TimeChart chart_{theme_};
    Legend legend_{theme_, chart_};
};

TEST_F(TimeChartTest, LegendCountsWhatTheAreasShow) {
    ASSERT_EQ(legend_.entries().size(), 2);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(double(legend_.entries()[i].total), drawn(i)) << i;
    }
}

TEST_F(TimeChartTest, AWideBucketIsAStep) {
    EXPECT_EQ(top(0).count(), 8);
    EXPECT_EQ(top(0).at(0).y(), top(0).at(1).y());
    EXPECT_EQ(top(0).at(1).x() - top(0).at(0).x(), 300e3);
}

TEST_F(TimeChartTest, HidingAProtocolLowersTheStack) {
    legend_.resize(218, 200);
    QTest::mouseClick(&legend_, Qt::LeftButton, {}, QPoint(60, 30));
    EXPECT_FALSE(chart_.shown(u"TELNET"_s));
    EXPECT_FALSE(legend_.entries()[0].shown);
    EXPECT_EQ(top(1).at(0).y(), 1);
}

TEST_F(TimeChartTest, ControlClickShowsOneProtocolOnly) {
    legend_.resize(218, 200);
    QTest::mouseClick(&legend_, Qt::LeftButton, Qt::ControlModifier, QPoint(60, 30));
    EXPECT_TRUE(chart_.shown(u"TELNET"_s));
    EXPECT_FALSE(chart_.shown(u"FTP"_s));
}

TEST_F(TimeChartTest, DraggingAsksForThatRange) {
    QSignalSpy selected(&chart_, &TimeChart::rangeSelected);
    const QRectF plot = chart_.chart()->plotArea();
    const auto at = [&](double share) {
        return QPoint(qRound(plot.left() + share * plot.width()), qRound(plot.center().y()));
    };
    QTest::mousePress(chart_.viewport(), Qt::LeftButton, {}, at(0.25));
    QMouseEvent move(QEvent::MouseMove, at(0.5), chart_.viewport()->mapToGlobal(at(0.5)), Qt::NoButton, Qt::LeftButton,
                     {});
    QApplication::sendEvent(chart_.viewport(), &move);
    QTest::mouseRelease(chart_.viewport(), Qt::LeftButton, {}, at(0.5));
    ASSERT_EQ(selected.size(), 1);
    EXPECT_NEAR(double(selected[0][0].toLongLong() - kSampleUs) / double(kTo - kSampleUs), 0.25, 0.01);
    EXPECT_NEAR(double(selected[0][1].toLongLong() - kSampleUs) / double(kTo - kSampleUs), 0.5, 0.01);
}

TEST_F(TimeChartTest, TheLineFollowsTheArrowKeys) {
    QTest::keyClick(&chart_, Qt::Key_Left);
    EXPECT_EQ(chart_.hovered(), 3);
    QTest::keyClick(&chart_, Qt::Key_Left);
    EXPECT_EQ(chart_.hovered(), 2);
    QTest::keyClick(&chart_, Qt::Key_Escape);
    EXPECT_EQ(chart_.hovered(), -1);
}

TEST_F(TimeChartTest, AnotherThemeRecoloursTheAreas) {
    theme_.use(Tone::Dark);
    EXPECT_EQ(qobject_cast<QAreaSeries*>(chart_.chart()->series()[0])->brush().color(), QColor(0x01, 0x7B, 0xC5));
}

TEST_F(TimeChartTest, HatchesWhereNobodyListenedAndSaysSo) {
    const auto pixels = [&] { return chart_.viewport()->grab().toImage(); };
    chart_.setShown(u"TELNET"_s, false);
    chart_.setShown(u"FTP"_s, false);
    const QImage before = pixels();
    EXPECT_FALSE(legend_.explainsSilence());
    Series series = sampleSeries();
    series.covered = {1000, 0, 1000, 1000};
    chart_.setBands(bandsOf(series), kSampleUs, kTo);
    legend_.refresh();
    EXPECT_TRUE(legend_.explainsSilence());
    EXPECT_EQ(legend_.entries().size(), 2);
    const QImage after = pixels();
    const QRectF plot = chart_.chart()->plotArea();
    const auto changed = [&](double from, double to) {
        int count = 0;
        for (int x = static_cast<int>(plot.left() + plot.width() * from); x < plot.left() + plot.width() * to; ++x) {
            for (int y = static_cast<int>(plot.top()) + 2; y < plot.bottom() - 2; ++y) {
                count += before.pixel(x, y) == after.pixel(x, y) ? 0 : 1;
            }
        }
        return count;
    };
    EXPECT_EQ(changed(0.02, 0.23), 0);
    EXPECT_GT(changed(0.27, 0.48), 500);
    EXPECT_EQ(changed(0.52, 0.98), 0);
    chart_.hover(1);
    EXPECT_TRUE(chart_.accessibleDescription().contains(u"not listening"_s));
}

}  // namespace
}  // namespace apiary::console
