#include "console/view/filter_bar.hpp"

#include "tests/console/support/shown_window.hpp"

#include <QClipboard>
#include <QMenu>
#include <QPushButton>
#include <QToolButton>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

class FilterBarTest : public ShownWindow {
protected:
    FilterBarTest() {
        window_.choose(Page::Sessions);
        fill();
        QCoreApplication::processEvents();
    }

    const FilterBar& bar() const { return window_.sessions().filterBar(); }
    FilterLine& line() const { return bar().line(); }
    SessionTable& table() { return const_cast<SessionTable&>(window_.sessions().table()); }
    void type(const QString& text) { QTest::keyClicks(&line(), text); }
    void enter(const QString& text) {
        type(text);
        QTest::keyClick(&line(), Qt::Key_Return);
    }
};

TEST_F(FilterBarTest, EnterAsksForTheFilterAndMakesChips) {
    enter(u"proto:telnet port:23"_s);
    EXPECT_EQ(link_.pages.last().scope.protocols, QStringList{u"telnet"_s});
    EXPECT_EQ(link_.pages.last().filter.targetPorts, QList<quint16>{23});
    EXPECT_EQ(bar().chips(), QStringList({u"proto:telnet"_s, u"port:23"_s}));
    EXPECT_TRUE(line().text().isEmpty());
}

TEST_F(FilterBarTest, TypingAsksAfterAPause) {
    const auto asked = link_.pages.size();
    type(u"port:23"_s);
    EXPECT_EQ(link_.pages.size(), asked);
    EXPECT_TRUE(QTest::qWaitFor([&] { return link_.pages.size() > asked; }));
    EXPECT_EQ(link_.pages.last().filter.targetPorts, QList<quint16>{23});
}

TEST_F(FilterBarTest, AnErrorSaysWhereAndKeepsTheOldResult) {
    const auto asked = link_.pages.size();
    const int rows = table().model()->rowCount();
    enter(u"port:23 colour:red"_s);
    EXPECT_TRUE(bar().error().startsWith(u"Character 9: "_s)) << bar().error().toStdString();
    EXPECT_EQ(link_.pages.size(), asked);
    EXPECT_EQ(table().model()->rowCount(), rows);
    EXPECT_EQ(line().text(), u"port:23 colour:red"_s);
}

TEST_F(FilterBarTest, AClickOnAChipTakesItAway) {
    enter(u"proto:telnet port:23"_s);
    QTest::mouseClick(bar().chipButtons()[0], Qt::LeftButton);
    QCoreApplication::processEvents();
    EXPECT_EQ(bar().chips(), QStringList{u"port:23"_s});
    EXPECT_TRUE(link_.pages.last().scope.protocols.isEmpty());
}

TEST_F(FilterBarTest, BackspaceTakesTheLastChipBackIntoTheLine) {
    enter(u"port:23"_s);
    QTest::keyClick(&line(), Qt::Key_Backspace);
    EXPECT_EQ(line().text(), u"port:23"_s);
    EXPECT_TRUE(bar().chips().isEmpty());
}

TEST_F(FilterBarTest, TabCompletesKeysAndSensors) {
    line().setFocus();
    type(u"sens"_s);
    QTest::keyClick(&line(), Qt::Key_Tab);
    EXPECT_EQ(line().text(), u"sensor:"_s);
    type(u"a"_s);
    QTest::keyClick(&line(), Qt::Key_Tab);
    EXPECT_EQ(line().text(), u"sensor:ams-01"_s);
}

TEST_F(FilterBarTest, SlashFocusesTheLineFromAnywhere) {
    window_.activateWindow();
    table().setFocus();
    QTest::keyClick(&table(), Qt::Key_Slash);
    EXPECT_TRUE(line().hasFocus());
}

TEST_F(FilterBarTest, UpBringsTheLastFilterBack) {
    enter(u"port:23"_s);
    QTest::keyClick(&line(), Qt::Key_Up);
    EXPECT_EQ(line().text(), u"port:23"_s);
}

TEST_F(FilterBarTest, AQueryFromElsewhereIsWrittenAsChips) {
    SessionQuery query;
    query.filter.username = u"root"_s;
    query.filter.secret = u""_s;
    workspace_.listSessions(query);
    EXPECT_EQ(bar().chips(), QStringList({u"user:root"_s, u"pass:\"\""_s}));
    EXPECT_TRUE(bar().histogram().isHidden());
}

TEST_F(FilterBarTest, SaysHowManyThereAreAndHowOftenItWasTried) {
    enter(u"user:root"_s);
    Q_EMIT link_.countArrived(link_.counts.last().number, {.sessions = 1248, .times = 3410, .more = false});
    EXPECT_TRUE(bar().countWords().contains(u"of 1,248 sessions"_s)) << bar().countWords().toStdString();
    EXPECT_TRUE(bar().countWords().contains(u"tried 3,410 times"_s));
}

TEST_F(FilterBarTest, NothingFoundSaysWhatIsThereWithoutTheFilter) {
    enter(u"port:9"_s);
    Q_EMIT link_.sessionsArrived(link_.pages.last().number, {});
    Q_EMIT link_.countArrived(link_.counts.last().number, {});
    Q_EMIT link_.countArrived(link_.counts.last().number, {.sessions = 77, .times = 0, .more = false});
    EXPECT_EQ(table().emptyWords(), u"No sessions match this filter"_s);
    QTest::mouseClick(window_.findChild<QPushButton*>(u"list:clear"_s), Qt::LeftButton);
    EXPECT_TRUE(bar().filter().isEmpty());
    EXPECT_EQ(link_.pages.last().filter, SessionFilter{});
}

TEST_F(FilterBarTest, LiveSessionsThatFitAreTakenAndOthersAreLeftOut) {
    enter(u"port:21"_s);
    Q_EMIT link_.sessionsArrived(link_.pages.last().number, {{sampleRow(-5, 'b')}, false});
    SessionRow other = sampleRow(-2, 'd');
    other.targetPort = 23;
    Q_EMIT link_.happened({.opened = {}, .ended = {sampleRow(-1, 'c'), other}, .notShown = 0});
    EXPECT_EQ(table().model()->rowCount(), 2);
}

TEST_F(FilterBarTest, WhatOnlyTheCollectorCanJudgeIsOfferedAsARefresh) {
    enter(u"user:root"_s);
    Q_EMIT link_.sessionsArrived(link_.pages.last().number, {{sampleRow(-5, 'b')}, false});
    Q_EMIT link_.happened({.opened = {}, .ended = {sampleRow(-1, 'c')}, .notShown = 0});
    EXPECT_EQ(table().newer().text(), u"new sessions · refresh"_s);
    const auto asked = link_.pages.size();
    QTest::mouseClick(&table().newer(), Qt::LeftButton);
    EXPECT_EQ(link_.pages.size(), asked + 1);
}

TEST_F(FilterBarTest, TheMenuOfACellFiltersForIt) {
    const std::unique_ptr<QMenu> menu(table().menuOf(table().model()->index(0, SessionTableModel::Source)));
    ASSERT_TRUE(menu);
    EXPECT_EQ(menu->actions()[0]->text(), u"Filter for src:203.0.113.7"_s);
    menu->actions()[0]->trigger();
    EXPECT_EQ(link_.pages.last().filter.sourceNetwork, u"203.0.113.7"_s);
    EXPECT_EQ(bar().chips(), QStringList{u"src:203.0.113.7"_s});
}

TEST_F(FilterBarTest, KeysGoThroughTheSessionsFromAnywhere) {
    window_.activateWindow();
    line().setFocus();
    QTest::keyClick(&line(), Qt::Key_F8);
    EXPECT_EQ(workspace_.list().selection().id, sampleRow(-20, 'a').id);
    QTest::keyClick(&line(), Qt::Key_Up, Qt::ControlModifier);
    EXPECT_EQ(workspace_.list().selection().id, sampleRow(-5, 'b').id);
}

TEST_F(FilterBarTest, ADragInTheHistogramSetsTheRange) {
    constexpr qint64 kHour = 3600 * kSecondUs;
    Q_EMIT link_.seriesArrived(
        link_.series.last().number,
        {.stepUs = kHour, .bucketUs = {kSampleUs - 2 * kHour, kSampleUs - kHour}, .protocols = {{u"ftp"_s, {3, 1}}}});
    auto& histogram = const_cast<SessionHistogram&>(bar().histogram());
    EXPECT_EQ(histogram.bars(), QList<quint64>({3, 1}));
    QTest::mousePress(&histogram, Qt::LeftButton, {}, QPoint(2, 10));
    QTest::mouseRelease(&histogram, Qt::LeftButton, {}, QPoint(2, 10));
    EXPECT_EQ(workspace_.span(), (Span{.lastUs = 0, .fromUs = kSampleUs - 2 * kHour, .toUs = kSampleUs - kHour}));
}

TEST_F(FilterBarTest, TheHistogramTellsSilenceFromNothing) {
    constexpr qint64 kHour = 3600 * kSecondUs;
    Series series{.stepUs = kHour, .bucketUs = {}, .protocols = {{u"ftp"_s, {0, 0, 4}}}};
    series.bucketUs = {kSampleUs - 3 * kHour, kSampleUs - 2 * kHour, kSampleUs - kHour};
    Q_EMIT link_.seriesArrived(link_.series.last().number, series);
    auto& histogram = const_cast<SessionHistogram&>(bar().histogram());
    EXPECT_FALSE(histogram.silentAt(0));
    const QImage before = histogram.grab().toImage();
    series.covered = {0, 1000, 1000};
    histogram.setSeries(series, kSampleUs - 3 * kHour, kSampleUs);
    EXPECT_TRUE(histogram.silentAt(0));
    EXPECT_FALSE(histogram.silentAt(1));
    const QImage after = histogram.grab().toImage();
    EXPECT_NE(after.copy(0, 0, 20, 30), before.copy(0, 0, 20, 30));
    EXPECT_EQ(after.copy(histogram.width() / 2, 0, 20, 30), before.copy(histogram.width() / 2, 0, 20, 30));
}

TEST_F(FilterBarTest, TabsShowTheDumpTheEventsAndTheSameSource) {
    auto& panel = const_cast<SessionPanel&>(window_.sessions().panel());
    const auto press = [&](const QString& name) {
        QTest::mouseClick(panel.findChild<QToolButton*>(name), Qt::LeftButton);
    };
    press(u"tab:Hex"_s);
    EXPECT_EQ(panel.tab(), u"hex"_s);
    EXPECT_TRUE(panel.transcript().lines()[0].text().startsWith(u"0000  32 32 30 "_s));
    press(u"tab:Events"_s);
    EXPECT_TRUE(panel.transcript().lines().last().text().startsWith(u"login "_s));
    press(u"tab:Same source"_s);
    EXPECT_EQ(panel.tab(), u"source"_s);
    Q_EMIT link_.countArrived(link_.counts.last().number, {.sessions = 412, .times = 0, .more = false});
    EXPECT_EQ(panel.sourceTab(), u"Same source (412)"_s);
}

TEST_F(FilterBarTest, TheTranscriptIsSearchedAndCopied) {
    auto& panel = const_cast<SessionPanel&>(window_.sessions().panel());
    panel.search().setText(u"user"_s);
    EXPECT_EQ(panel.transcript().matches(), 1);
    panel.copy(true);
    EXPECT_TRUE(QGuiApplication::clipboard()->text().contains(u"→ USER ann"_s));
    EXPECT_TRUE(panel.content(u"json"_s).contains("\"transcript_sha256\""));
    EXPECT_TRUE(panel.content(u"log"_s).startsWith("*****\n"));
}

TEST_F(FilterBarTest, LongConditionsAreCutAndNotClipped) {
    SessionQuery query;
    query.filter.username = QString(200, u'A');
    query.filter.secret = QString(200, u'B');
    workspace_.listSessions(query);
    QCoreApplication::processEvents();
    for (const QString& name : {u"chip:user"_s, u"chip:pass"_s}) {
        const auto* chip = window_.findChild<QToolButton*>(name);
        ASSERT_TRUE(chip);
        EXPECT_GE(chip->width(), chip->sizeHint().width());
        EXPECT_TRUE(chip->text().endsWith(u"✕"_s));
    }
}

}  // namespace
}  // namespace apiary::console
