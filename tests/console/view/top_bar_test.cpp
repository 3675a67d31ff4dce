#include "console/view/top_bar.hpp"

#include "console/view/controls.hpp"
#include "console/view/help_sheet.hpp"
#include "console/view/sensor_menu.hpp"
#include "tests/console/support/shown_window.hpp"

#include <QListWidget>
#include <QMenu>
#include <QPushButton>
#include <QShortcut>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

class TopBarTest : public ShownWindow {
protected:
    TopBarTest() {
        fill();
        Sensor silent = sampleSensor();
        silent.id = 2;
        silent.name = u"fra-02"_s;
        Q_EMIT link_.fleetArrived({sampleSensor(), silent});
    }

    QToolButton& button(const QString& name) { return *window_.findChild<QToolButton*>(name); }
    void trigger(const QString& name, const QString& entry) {
        for (QAction* action : button(name).menu()->actions()) {
            if (action->text() == entry) {
                action->trigger();
                return;
            }
        }
        FAIL() << "no entry " << entry.toStdString();
    }
    void lose(qint64 lastSeenUs) {
        QList<Sensor> sensors = workspace_.fleet().sensors();
        sensors[1].connected = false;
        sensors[1].lastSeenUs = lastSeenUs;
        Q_EMIT link_.fleetArrived(sensors);
    }
};

TEST_F(TopBarTest, TrafficIsChosenAndStandsThere) {
    EXPECT_TRUE(window_.topBar().traffic().startsWith(u"Attacks "_s));
    trigger(u"scope:traffic"_s, u"Attacks and known scanners"_s);
    EXPECT_EQ(link_.totals.last().scope.traffic, (QStringList{u"attack"_s, u"known-scanner"_s}));
    EXPECT_TRUE(window_.topBar().traffic().startsWith(u"Attacks + scanners"_s));
    trigger(u"scope:traffic"_s, u"Everything, self-tests too"_s);
    EXPECT_EQ(link_.totals.last().scope.traffic, (QStringList{u"attack"_s, u"known-scanner"_s, u"self-test"_s}));
    EXPECT_TRUE(window_.topBar().traffic().startsWith(u"All traffic"_s));
    trigger(u"scope:traffic"_s, u"Attacks only"_s);
    EXPECT_TRUE(link_.totals.last().scope.traffic.isEmpty());
}

TEST_F(TopBarTest, ATickChoosesASensorForAllPages) {
    QTest::mouseClick(&button(u"scope:sensors"_s), Qt::LeftButton);
    auto* list = window_.findChild<QListWidget*>(u"sensors:list"_s);
    ASSERT_TRUE(list->isVisible());
    list->setFocus();
    list->setCurrentRow(1);
    QTest::keyClick(list, Qt::Key_Space);
    EXPECT_EQ(link_.totals.last().scope.sensorIds, QList<qint32>{2});
    EXPECT_TRUE(button(u"scope:sensors"_s).text().contains(u"fra-02"_s));
    QTest::mouseClick(window_.findChild<QPushButton*>(u"sensors:all"_s), Qt::LeftButton);
    EXPECT_TRUE(link_.totals.last().scope.sensorIds.isEmpty());
    EXPECT_TRUE(button(u"scope:sensors"_s).text().contains(u"All sensors"_s));
}

TEST_F(TopBarTest, TheIntervalIsChosenAndOffAsksNoMore) {
    trigger(u"refresh:interval"_s, u"Off: only when asked (F5)"_s);
    EXPECT_EQ(workspace_.refreshEveryMs(), 0);
    EXPECT_TRUE(button(u"refresh:interval"_s).text().startsWith(u"Off"_s));
    const auto asked = link_.totals.size();
    QTest::keyClick(&window_, Qt::Key_F5);
    EXPECT_EQ(link_.totals.size(), asked + 1);
}

TEST_F(TopBarTest, CountsSensorsThatWereNotHeardOfSinceTheRangeBegan) {
    EXPECT_TRUE(window_.topBar().partial().isEmpty());
    lose(kSampleUs - 60 * kSecondUs);
    EXPECT_EQ(window_.topBar().partial(), u"1 of 2 sensors has not reported"_s);
    QTest::mouseClick(&button(u"scope:partial"_s), Qt::LeftButton);
    EXPECT_EQ(window_.page(), Page::Fleet);
    EXPECT_TRUE(window_.fleet().filter().problemsOnly());
}

TEST_F(TopBarTest, ASensorThatReportedAfterTheRangeIsNotSilent) {
    workspace_.setSpan({.lastUs = 0, .fromUs = kSampleUs - 7200 * kSecondUs, .toUs = kSampleUs - 3600 * kSecondUs});
    lose(kSampleUs - 60 * kSecondUs);
    EXPECT_TRUE(window_.topBar().partial().isEmpty());
}

TEST_F(TopBarTest, OldFiguresSayOfWhenTheyAreAndAreDimmed) {
    EXPECT_FALSE(window_.dimmed());
    now_ += 31 * kSecondUs;
    Q_EMIT workspace_.second();
    EXPECT_TRUE(window_.notice().words().startsWith(u"Data as of 14:00:00 UTC"_s))
        << window_.notice().words().toStdString();
    EXPECT_TRUE(window_.dimmed());
    Q_EMIT link_.totalsArrived(0, {}, {});  // an answer that nobody waits for changes nothing
    EXPECT_TRUE(window_.dimmed());
    workspace_.refresh();
    Q_EMIT link_.totalsArrived(link_.totals.last().number, {.sessions = 24}, {});
    EXPECT_FALSE(window_.dimmed());
    EXPECT_TRUE(window_.notice().words().isEmpty());
}

TEST_F(TopBarTest, FixedWordsAreNotShownOnTheFleetsPage) {
    window_.choose(Page::Fleet);
    EXPECT_FALSE(button(u"scope:traffic"_s).isVisible());
    window_.choose(Page::Sessions);
    EXPECT_TRUE(button(u"scope:traffic"_s).isVisible());
}

class HelpTest : public ShownWindow {
protected:
    const HelpSheet* help() const { return qobject_cast<const HelpSheet*>(window_.sheet()); }
};

TEST_F(HelpTest, EveryShortcutSaysWhatItDoes) {
    for (const QShortcut* shortcut : window_.findChildren<QShortcut*>()) {
        EXPECT_FALSE(shortcut->whatsThis().isEmpty()) << shortcut->key().toString().toStdString();
    }
}

TEST_F(HelpTest, ListsTheShortcutsByPage) {
    fill();
    QTest::keyClick(&window_, Qt::Key_F1);
    ASSERT_NE(help(), nullptr);
    EXPECT_TRUE(help()->sections()[0].lines.contains(KeyLine{u"Ctrl+Z"_s, u"Back to the range before"_s}));
    EXPECT_EQ(help()->sections().last().name, u"Fleet"_s);
    EXPECT_TRUE(help()->sections().last().lines.contains(KeyLine{u"/ or Ctrl+F"_s, u"Find sensors"_s}));
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_F1);
    EXPECT_EQ(help(), nullptr);
}

TEST_F(HelpTest, TheQuestionMarkOpensItToo) {
    fill();
    QTest::keyClick(&window_, '?');
    EXPECT_NE(help(), nullptr);
}

}  // namespace
}  // namespace apiary::console
