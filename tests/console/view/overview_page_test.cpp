#include "console/view/overview_page.hpp"

#include "tests/console/view/overview_fixture.hpp"

#include <QChart>
#include <QJsonArray>
#include <QMenu>
#include <QToolButton>

#include <algorithm>
#include <set>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;
using State = PanelBody::State;

TEST_F(OverviewPageTest, ATileOpensTheSessionsItCounts) {
    fillAll();
    now_ += 60 * kSecondUs;
    clickAt(read()[u"tiles"_s][0][u"rect"_s]);
    EXPECT_EQ(window_.page(), Page::Sessions);
    EXPECT_EQ(link_.counts.last().scope, link_.totals[0].scope);
    EXPECT_EQ(link_.counts.last().filter, SessionFilter{});
}

TEST_F(OverviewPageTest, ATileOfSourcesOrLoginsOpensTheSessionsBehindIt) {
    fillAll();
    clickAt(read()[u"tiles"_s][2][u"rect"_s]);
    EXPECT_EQ(link_.counts.last().filter.loginTried, true);
    window_.choose(Page::Overview);
    clickAt(read()[u"tiles"_s][3][u"rect"_s]);
    EXPECT_EQ(link_.counts.last().filter.sourceIsNew, true);
    Q_EMIT link_.countArrived(link_.counts.last().number, {.sessions = 40, .times = 0, .more = false, .sources = 12});
    EXPECT_TRUE(read()[u"list"_s][u"count_line"_s].toString().contains(u"12 sources"_s));
}

TEST_F(OverviewPageTest, TilesHaveTheirCourses) {
    fillAll();
    ASSERT_EQ(link_.sourceSeries.size(), 2);
    for (const FakeLink::AskedSeries& asked : link_.sourceSeries) {
        Series series = sampleSeries();
        series.protocols = {{QString(), {1, 2, 3, asked.field == SeriesField::NewSources ? 4ULL : 5ULL}}};
        Q_EMIT link_.seriesArrived(asked.number, series);
    }
    EXPECT_EQ(page().tiles()[1]->course(), QList<quint64>({1, 2, 3, 5}));
    EXPECT_EQ(page().tiles()[2]->course(), QList<quint64>({11, 2, 5, 5}));
    EXPECT_EQ(page().tiles()[3]->course(), QList<quint64>({1, 2, 3, 4}));
}

TEST_F(OverviewPageTest, TheLastTileOpensTheFleet) {
    fillAll();
    clickAt(read()[u"tiles"_s][4][u"rect"_s]);
    EXPECT_EQ(window_.page(), Page::Fleet);
}

TEST_F(OverviewPageTest, TilesCompareWithTheRangeBefore) {
    link_.enter(LinkState::Kind::Live);
    Q_EMIT link_.totalsArrived(link_.totals[0].number, {.sessions = 125, .sources = 50, .newSources = 3},
                               {.sessions = 100, .sources = 100, .newSources = 3});
    EXPECT_EQ(page().tiles()[0]->note(), u"▲ 25.0 % vs previous 24 h"_s);
    EXPECT_EQ(page().tiles()[1]->note(), u"▼ 50.0 % vs previous 24 h"_s);
    EXPECT_EQ(page().tiles()[3]->note(), u"= 0.0 % vs previous 24 h"_s);
}

TEST_F(OverviewPageTest, AnEntryOfAListOpensItsSessionsInTheScopeItWasCountedIn) {
    fillAll();
    const Scope counted = link_.tops.first().scope;
    now_ += 60 * kSecondUs;
    const QJsonValue entry = read()[u"rankings"_s][0][u"entries"_s][0];
    EXPECT_EQ(entry[u"count"_s].toInt(), 120);
    EXPECT_EQ(entry[u"change"_s].toString(), u"+200%"_s);
    EXPECT_TRUE(entry[u"rising"_s].toBool());
    clickAt(entry[u"rect"_s]);
    EXPECT_EQ(window_.page(), Page::Sessions);
    EXPECT_EQ(link_.counts.last().filter.sourceNetwork, u"203.0.113.7"_s);
    EXPECT_EQ(link_.counts.last().scope, counted);
    EXPECT_FALSE(workspace_.listScope());
}

TEST_F(OverviewPageTest, AListIsWalkedWithTheKeys) {
    fillAll();
    auto& list = child<RankedList>();
    list.setFocus();
    QTest::keyClick(&list, Qt::Key_Down);
    EXPECT_EQ(list.current(), 1);
    QTest::keyClick(&list, Qt::Key_Return);
    EXPECT_EQ(link_.counts.last().filter.sourceNetwork, u"::1"_s);
}

TEST_F(OverviewPageTest, ACredentialSaysThatItCountsTries) {
    fillAll();
    const QJsonValue shown = read()[u"rankings"_s][1];
    EXPECT_EQ(shown[u"unit"_s].toString(), u"tries"_s);
    EXPECT_EQ(shown[u"entries"_s][0][u"key"_s].toString(), u"root:(empty)"_s);
    clickAt(shown[u"entries"_s][0][u"rect"_s]);
    EXPECT_EQ(link_.counts.last().filter.username, u"root"_s);
    EXPECT_EQ(link_.counts.last().filter.secret, u""_s);
}

TEST_F(OverviewPageTest, TheThirdListHasASelector) {
    fillAll();
    auto* button = window_.findChild<QToolButton*>(u"ranking:selector"_s);
    for (QAction* action : button->menu()->actions()) {
        if (action->text() == u"Top ports"_s) {
            action->trigger();
        }
    }
    Q_EMIT link_.topArrived(numberOf(TopField::Port), {{"23/tcp", 7, 7, {}, {}}});
    clickAt(read()[u"rankings"_s][2][u"entries"_s][0][u"rect"_s]);
    EXPECT_EQ(link_.counts.last().filter.targetPorts, QList<quint16>{23});
    EXPECT_EQ(link_.counts.last().filter.udp, false);
}

TEST_F(OverviewPageTest, ASourceHasItsCountryAndNetworkBesideItIfTheyAreKnown) {
    fillAll();
    const QJsonValue sources = read()[u"rankings"_s][0][u"entries"_s];
    EXPECT_EQ(sources[0][u"key"_s].toString(), u"203.0.113.7"_s);
    EXPECT_EQ(sources[0][u"note"_s].toString(), u"NL · Example"_s);
    EXPECT_EQ(sources[1][u"note"_s].toString(), QString());
    auto& list = child<RankedList>();
    list.setFocus();
    QTest::keyClick(&list, Qt::Key_Home);
    EXPECT_EQ(list.accessibleDescription(), u"203.0.113.7 · NL · Example, 120"_s);
}

TEST_F(OverviewPageTest, AnHourOpensItsSessionsOfThe28Days) {
    fillAll();
    const QJsonValue cell = read()[u"heat_map"_s][u"cells"_s][61];
    EXPECT_EQ(cell[u"sessions"_s].toInt(), 400);
    clickAt(cell[u"rect"_s]);
    EXPECT_EQ(window_.page(), Page::Sessions);
    EXPECT_EQ(link_.counts.last().filter.weekHours, QList<int>{61});
    EXPECT_EQ(link_.counts.last().scope, link_.activities.last().scope);
    ASSERT_TRUE(workspace_.listScope());
    workspace_.refresh();
    EXPECT_EQ(link_.counts.last().scope, link_.activities.first().scope);
    workspace_.setSpan({.lastUs = 3600 * kSecondUs, .fromUs = 0, .toUs = 0});
    EXPECT_FALSE(workspace_.listScope());
}

TEST_F(OverviewPageTest, AnHourInWhichNobodyListenedIsHatchedAndIsNoZero) {
    fillAll();
    const auto pictureOf = [&](int hour) {
        auto& heat = child<HeatMap>();
        return heat.grab().toImage().copy(heat.fieldOf(hour).toRect().adjusted(2, 2, -2, -2));
    };
    const auto colours = [](const QImage& picture) {
        std::set<QRgb> found;
        for (int y = 0; y < picture.height(); ++y) {
            for (int x = 0; x < picture.width(); ++x) {
                found.insert(picture.pixel(x, y));
            }
        }
        return found.size();
    };
    EXPECT_GT(colours(pictureOf(3)), 1U);
    EXPECT_EQ(colours(pictureOf(4)), 1U);
    const QJsonValue cells = read()[u"heat_map"_s][u"cells"_s];
    EXPECT_TRUE(cells[3][u"silent"_s].toBool());
    EXPECT_FALSE(cells[4][u"silent"_s].toBool());
    auto& heat = child<HeatMap>();
    heat.setFocus();
    for (int i = 0; i < 4; ++i) {
        QTest::keyClick(&heat, Qt::Key_Right);
    }
    EXPECT_EQ(heat.accessibleDescription(), u"Mon 03:00 to 04:00: not listening"_s);
}

TEST_F(OverviewPageTest, TheWordsBelowTheHeatMapKeepClearOfItsScale) {
    fillAll();
    auto& heat = child<HeatMap>();
    heat.resize(500, 200);
    EXPECT_EQ(heat.axisWords(), u"hour of day, UTC"_s);
    heat.resize(380, 200);
    EXPECT_EQ(heat.axisWords(), u"UTC"_s);
    heat.resize(heat.minimumSizeHint());
    EXPECT_EQ(heat.axisWords(), QString());
}

TEST_F(OverviewPageTest, TheHeatMapIsWalkedWithTheKeys) {
    fillAll();
    auto& heat = child<HeatMap>();
    heat.setFocus();
    QTest::keyClick(&heat, Qt::Key_Right);
    QTest::keyClick(&heat, Qt::Key_Right);
    QTest::keyClick(&heat, Qt::Key_Down);
    EXPECT_EQ(heat.current(), 25);
    QTest::keyClick(&heat, Qt::Key_Return);
    EXPECT_EQ(link_.counts.last().filter.weekHours, QList<int>{25});
}

TEST_F(OverviewPageTest, TheMapIsThereOnceACountryIsKnown) {
    fillAll();
    EXPECT_FALSE(page().worldMap().isVisible());
    Q_EMIT link_.topArrived(numberOf(TopField::Country), {{"??", 7, 7, {}, {}}});
    EXPECT_FALSE(page().worldMap().isVisible());
    workspace_.refresh();
    Q_EMIT link_.topArrived(numberOf(TopField::Country), {{"??", 7, 7, {}, {}}, {"SG", 3, 7, {}, {}}});
    EXPECT_TRUE(page().worldMap().isVisible());
    EXPECT_TRUE(read()[u"map"_s][u"shown"_s].toBool());
    ASSERT_EQ(read()[u"map"_s][u"countries"_s].toArray().size(), 1);
}

TEST_F(OverviewPageTest, ACountryOpensTheSessionsItCounts) {
    fillAll();
    const Scope counted = link_.tops.last().scope;
    Q_EMIT link_.topArrived(numberOf(TopField::Country), {{"BR", 40, 7, {}, {}}, {"DE", 3, 7, {}, {}}});
    QCoreApplication::processEvents();
    now_ += 60 * kSecondUs;
    for (const auto& country : read()[u"map"_s][u"countries"_s].toArray()) {
        if (country.toObject()[u"code"_s] == u"DE"_s) {
            EXPECT_EQ(country.toObject()[u"sessions"_s].toInt(), 3);
            clickAt(country.toObject()[u"rect"_s]);
        }
    }
    EXPECT_EQ(window_.page(), Page::Sessions);
    EXPECT_EQ(link_.counts.last().filter.countries, QStringList{u"DE"_s});
    EXPECT_EQ(link_.counts.last().scope, counted);
}

TEST_F(OverviewPageTest, TheMapIsWalkedWithTheKeysByCount) {
    fillAll();
    Q_EMIT link_.topArrived(numberOf(TopField::Country), {{"DE", 3, 7, {}, {}}, {"BR", 40, 7, {}, {}}});
    auto& map = child<WorldMap>();
    map.setFocus();
    QTest::keyClick(&map, Qt::Key_Right);
    EXPECT_EQ(map.current(), u"BR"_s);
    QTest::keyClick(&map, Qt::Key_Down);
    QTest::keyClick(&map, Qt::Key_Down);
    EXPECT_EQ(map.current(), u"DE"_s);
    QTest::keyClick(&map, Qt::Key_Return);
    EXPECT_EQ(link_.counts.last().filter.countries, QStringList{u"DE"_s});
}

TEST_F(OverviewPageTest, ABandOpensItsSessionsOfThatBucket) {
    now_ = kSampleUs + 1200 * kSecondUs;
    workspace_.setSpan({.lastUs = 1200 * kSecondUs, .fromUs = 0, .toUs = 0});
    fillAll();
    auto& chart = child<TimeChart>();
    const QRectF plot = chart.chart()->plotArea();
    const QPoint low(qRound(plot.left() + plot.width() / 8), qRound(plot.bottom() - 4));
    QTest::mouseClick(chart.viewport(), Qt::LeftButton, {}, low);
    ASSERT_EQ(window_.page(), Page::Sessions);
    EXPECT_EQ(link_.counts.last().scope.protocols, QStringList{u"telnet"_s});
    EXPECT_EQ(link_.counts.last().scope.fromUs, kSampleUs);
    EXPECT_EQ(link_.counts.last().scope.toUs, kSampleUs + 300 * kSecondUs);
}

TEST_F(OverviewPageTest, TheChartHasLinesAndLogarithms) {
    fillAll();
    auto* lines = window_.findChild<QToolButton*>(u"chart:Log"_s);
    QTest::mouseClick(lines, Qt::LeftButton);
    EXPECT_EQ(read()[u"chart"_s][u"mode"_s].toString(), u"log"_s);
    EXPECT_TRUE(lines->isChecked());
}

TEST_F(OverviewPageTest, ALegendEntryOpensItsSessions) {
    fillAll();
    auto& legend = child<Legend>();
    legend.setFocus();
    QTest::keyClick(&legend, Qt::Key_Down);
    QTest::keyClick(&legend, Qt::Key_Return);
    EXPECT_EQ(window_.page(), Page::Sessions);
    EXPECT_EQ(link_.counts.last().scope.protocols, QStringList{u"ftp"_s});
}

TEST_F(OverviewPageTest, SpacePausesTheFeedAndAClickOpensTheSession) {
    fillAll();
    auto& live = child<LiveColumn>();
    live.setFocus();
    QTest::keyClick(&live, Qt::Key_Space);
    Q_EMIT link_.happened({.opened = {}, .ended = {sampleRow(3, 'd')}, .notShown = 0});
    EXPECT_EQ(page().liveWords(), u"paused · 1 new"_s);
    EXPECT_EQ(read()[u"live"_s][u"rows"_s].toArray().size(), 2);
    QTest::keyClick(&live, Qt::Key_Space);
    const QJsonValue row = read()[u"live"_s][u"rows"_s][0];
    EXPECT_TRUE(row[u"session_id"_s].toString().endsWith(u"64"_s));
    clickAt(row[u"rect"_s]);
    EXPECT_EQ(window_.page(), Page::Sessions);
    EXPECT_EQ(workspace_.list().selection().id, sampleRow(3, 'd').id);
}

TEST_F(OverviewPageTest, AFailureStaysInItsPanelOverDimmedData) {
    fillAll();
    workspace_.refresh();
    Q_EMIT link_.failed(numberOf(TopField::Source), u"the database is not reachable"_s);
    EXPECT_EQ(page().rankings()[0]->body().state(), State::Stale);
    EXPECT_TRUE(page().rankings()[0]->body().words().contains(u"not reachable"_s));
    EXPECT_EQ(page().rankings()[0]->list().lines().size(), 2);
    EXPECT_EQ(page().rankings()[1]->body().state(), State::Shown);
    Q_EMIT link_.topArrived(numberOf(TopField::Source), {});
    EXPECT_EQ(page().rankings()[0]->body().state(), State::Stale);
}

TEST_F(OverviewPageTest, PanelsAreLoadingEmptyOrFailed) {
    link_.enter(LinkState::Kind::Live);
    EXPECT_EQ(page().rankings()[0]->body().state(), State::Loading);
    Q_EMIT link_.topArrived(numberOf(TopField::Source), {});
    EXPECT_EQ(page().rankings()[0]->body().state(), State::Empty);
    Q_EMIT link_.failed(link_.activities.last().number, u"no"_s);
    EXPECT_EQ(page().heatBody().state(), State::Failed);
}

TEST_F(OverviewPageTest, DetailsAreNotAskedForWhileAnotherPageIsShown) {
    window_.choose(Page::Sessions);
    link_.enter(LinkState::Kind::Live);
    EXPECT_TRUE(link_.tops.isEmpty());
    window_.choose(Page::Overview);
    EXPECT_EQ(link_.tops.size(), 4);
}

TEST_F(OverviewPageTest, WhatAttackersChoseIsNeverMarkup) {
    fillAll();
    Q_EMIT link_.topArrived(numberOf(TopField::Command), {});
    workspace_.refresh();
    Q_EMIT link_.topArrived(numberOf(TopField::Command), {{"<b>\x1b[2J\xe2\x80\xae", 5, 0, {}, {}}});
    EXPECT_EQ(page().rankings()[2]->list().lines()[0].name, u"<b><U+001B>[2J<U+202E>"_s);
}

}  // namespace
}  // namespace apiary::console
