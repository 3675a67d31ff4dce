#pragma once

#include "console/view/main_window.hpp"
#include "tests/console/support/fake_link.hpp"
#include "tests/console/support/sample_values.hpp"

#include <QApplication>
#include <QTest>
#include <gtest/gtest.h>

namespace apiary::console {

/// The whole window on a link with canned answers.
class ShownWindow : public testing::Test {
protected:
    ShownWindow() {
        dress(*qApp, theme_);
        window_.resize(1600, 1000);
        window_.show();
        EXPECT_TRUE(QTest::qWaitForWindowExposed(&window_));
    }

    /// Everything answered once: two sessions, of which the newer is selected.
    void fill() {
        link_.enter(LinkState::Kind::Live);
        Q_EMIT link_.totalsArrived(link_.totals[0].number,
                                   {.sessions = 23, .sources = 4, .credentials = 9, .newSources = 1}, {});
        for (const auto& asked : std::as_const(link_.series)) {
            Q_EMIT link_.seriesArrived(asked.number, sampleSeries());
        }
        Q_EMIT link_.sessionsArrived(link_.pages.last().number, {{sampleRow(-5, 'b'), sampleRow(-20, 'a')}, false});
        Q_EMIT link_.openArrived(link_.open.last().number, {{sampleRow(-1, 'c')}, 1});
        Q_EMIT link_.fleetArrived({sampleSensor()});
        Q_EMIT link_.sessionArrived(link_.sessions.last().number, sampleDetail(sampleRow(-5, 'b')));
        QCoreApplication::processEvents();
    }

    FakeLink link_;
    qint64 now_ = kSampleUs;
    Theme theme_{Tone::Light};
    Workspace workspace_{link_, [this] { return now_; }};
    MainWindow window_{theme_, workspace_};
};

}  // namespace apiary::console
