#include "console/view/fleet_page.hpp"

#include "console/view/controls.hpp"
#include "console/view/sheet.hpp"
#include "tests/console/support/shown_window.hpp"

#include <QHeaderView>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QToolButton>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

/// Three sensors: one well, one whose ftp is off already, one that is not connected.
class FleetPageTest : public ShownWindow {
protected:
    FleetPageTest() {
        link_.enter(LinkState::Kind::Live);
        Sensor well = sampleSensor();
        Sensor off = sampleSensor();
        off.id = 2;
        off.name = u"fra-02"_s;
        off.services[0].desired = false;
        off.services[0].actual = Actual::Off;
        Sensor gone = sampleSensor();
        gone.id = 3;
        gone.name = u"nyc-03 \u202e<b>"_s;
        gone.connected = false;
        gone.health = Health::Offline;
        gone.healthReason = u"not connected since 13:48"_s;
        well.services[0].openSessions = 3;
        well.services[0].sessions = 860;
        Q_EMIT link_.fleetArrived({well, off, gone});
        window_.choose(Page::Fleet);
        QCoreApplication::processEvents();
    }

    QTableView& table() { return *window_.findChild<FleetTable*>(); }
    template <typename Widget>
    Widget& named(const QString& name) {
        for (Widget* found : window_.findChildren<Widget*>(name)) {
            if (found->isVisible()) {
                return *found;
            }
        }
        throw std::runtime_error("nothing of that name on the screen: " + name.toStdString());
    }
    void click(const QString& name) { QTest::mouseClick(&named<QAbstractButton>(name), Qt::LeftButton); }
    void chooseFrom(const QString& button, const QString& entry) {
        QMenu* menu = named<QPushButton>(button).menu();
        Q_EMIT menu->aboutToShow();
        for (QAction* action : menu->actions()) {
            if (action->text() == entry) {
                action->trigger();
                return;
            }
        }
        FAIL() << "no entry " << entry.toStdString();
    }
    const ConfirmSheet* confirm() const { return qobject_cast<const ConfirmSheet*>(window_.sheet()); }
};

TEST_F(FleetPageTest, ShowsRowsAndThePanelOfTheFirst) {
    EXPECT_EQ(window_.fleet().filter().rowCount(), 3);
    EXPECT_EQ(window_.fleet().panel().title(), u"ams-01"_s);
    EXPECT_TRUE(window_.fleet().panel().facts().contains(std::pair<QString, QString>(u"Connections now"_s, u"3"_s)));
}

TEST_F(FleetPageTest, ThePanelTellsTroublesAndHowFullThingsAre) {
    Sensor sick = sampleSensor();
    sick.health = Health::Degraded;
    sick.troubles = {{u"one-source"_s, u"ftp"_s, kSampleUs, u"all come from 172.17.0.1 \u202e<b>: look"_s}};
    sick.bounds = {{u"spool_bytes"_s, 950'000, 1'000'000, 0, 0}, {u"connections"_s, 4, 0, 0, 0}};
    Q_EMIT link_.fleetArrived({sick});
    QCoreApplication::processEvents();
    const FleetPanel& panel = window_.fleet().panel();
    ASSERT_EQ(panel.troubles().lines().size(), 1);
    EXPECT_TRUE(panel.troubles().lines()[0].first.startsWith(u"One source, ftp · since "_s))
        << panel.troubles().lines()[0].first.toStdString();
    EXPECT_EQ(panel.troubles().lines()[0].second, u"all come from 172.17.0.1 <U+202E><b>: look"_s);
    const QList<std::pair<QString, QString>> bounds{{u"Spool"_s, u"950 kB of 1 MB"_s}};
    EXPECT_EQ(panel.bounds().lines(), bounds) << "nothing is said of what has no limit";
    EXPECT_TRUE(panel.troubles().isVisible());
    Q_EMIT link_.fleetArrived({sampleSensor()});
    QCoreApplication::processEvents();
    EXPECT_FALSE(panel.troubles().isVisible());
    EXPECT_FALSE(panel.bounds().isVisible());
}

TEST_F(FleetPageTest, ThePanelTellsHowTheLastVisitToEachServiceWent) {
    const auto words = [&](const SelfTest& test) {
        Sensor sensor = sampleSensor();
        sensor.services[0].selfTest = test;
        Q_EMIT link_.fleetArrived({sensor});
        QCoreApplication::processEvents();
        for (const ElidedLabel* label : window_.fleet().panel().findChildren<ElidedLabel*>()) {
            if (label->text().contains(u"test"_s)) {
                return label->text() + u" | "_s + label->toolTip();
            }
        }
        return QString();
    };
    EXPECT_TRUE(
        words({.atUs = kSampleUs - 300 * kSecondUs, .passed = true}).startsWith(u"self-test passed 5 min ago | "_s));
    const QString failed = words({.atUs = kSampleUs - 60 * kSecondUs,
                                  .passed = false,
                                  .step = u"answer"_s,
                                  .reason = u"neither a byte nor <b>an end</b> came"_s});
    EXPECT_TRUE(failed.startsWith(u"self-test failed at answer, "_s)) << failed.toStdString();
    EXPECT_TRUE(failed.contains(u"&lt;b&gt;"_s)) << failed.toStdString();
}

TEST_F(FleetPageTest, WhyAServiceFailsHasALineOfItsOwn) {
    Sensor sick = sampleSensor();
    sick.services[0].actual = Actual::Failed;
    sick.services[0].reason = u"cannot bind 0.0.0.0:21: address in use"_s;
    sick.services[0].sessions = 12;
    Q_EMIT link_.fleetArrived({sick});
    QCoreApplication::processEvents();
    const auto labels = window_.fleet().panel().findChildren<QLabel*>();
    const auto why = std::ranges::find(labels, u"failed: cannot bind 0.0.0.0:21: address in use"_s, &QLabel::text);
    ASSERT_NE(why, labels.end());
    EXPECT_GE((*why)->width(), (*why)->sizeHint().width()) << "nothing of it is cut";
    EXPECT_TRUE(named<QToolButton>(u"sessions:1:ftp"_s).isVisible());
}

TEST_F(FleetPageTest, TheSlashFindsAndEscShowsAllAgain) {
    table().setFocus();
    QTest::keyClick(&table(), Qt::Key_Slash);
    ASSERT_TRUE(named<QLineEdit>(u"fleet:search"_s).hasFocus());
    QTest::keyClicks(&named<QLineEdit>(u"fleet:search"_s), u"NYC"_s);
    EXPECT_EQ(window_.fleet().filter().rowCount(), 1);
    EXPECT_EQ(window_.fleet().panel().title(), u"nyc-03 <U+202E><b>"_s);
    EXPECT_EQ(window_.fleet().panel().reason(), u"not connected since 13:48"_s);
    QTest::keyClick(&named<QLineEdit>(u"fleet:search"_s), Qt::Key_Escape);
    EXPECT_EQ(window_.fleet().filter().rowCount(), 3);
    EXPECT_TRUE(table().hasFocus());
}

TEST_F(FleetPageTest, ProblemsLeavesThoseThatNeedALook) {
    click(u"fleet:Problems"_s);
    EXPECT_EQ(window_.fleet().filter().rowCount(), 1);
    EXPECT_EQ(window_.fleet().table().selectedSensors(), QList<qint32>{3});
    EXPECT_EQ(named<QToolButton>(u"fleet:Problems"_s).text(), u"Problems 1"_s);
    click(u"fleet:All"_s);
    EXPECT_EQ(window_.fleet().filter().rowCount(), 3);
}

TEST_F(FleetPageTest, SaysWhatWasNotFound) {
    QTest::keyClicks(&named<QLineEdit>(u"fleet:search"_s), u"no such"_s);
    EXPECT_EQ(window_.fleet().empty().headline(), u"No sensor matches"_s);
    EXPECT_TRUE(window_.fleet().empty().isVisible());
}

TEST_F(FleetPageTest, SpaceTurnsTheSwitchOfTheMarkedCellOnly) {
    table().setFocus();
    QTest::keyClick(&table(), Qt::Key_Space);  // on the name: nothing
    EXPECT_TRUE(link_.wishes.isEmpty());
    table().setCurrentIndex(table().model()->index(0, FleetModel::LeadCount + 1));
    QTest::keyClick(&table(), Qt::Key_Space);
    ASSERT_EQ(link_.wishes.size(), 1);
    EXPECT_EQ(link_.wishes[0].service, u"ftp"_s);
    EXPECT_FALSE(link_.wishes[0].on);
}

TEST_F(FleetPageTest, SwitchingOnManyIsAskedForFirstAndSaysWhoIsLeftOut) {
    table().setFocus();
    QTest::keyClick(&table(), Qt::Key_A, Qt::ControlModifier);
    chooseFrom(u"fleet:Switch off"_s, u"ftp"_s);
    ASSERT_NE(confirm(), nullptr);
    EXPECT_EQ(confirm()->title(), u"Switch off ftp on 1 sensor?"_s);
    const QList<std::pair<QString, QString>> expected{{u"ams-01"_s, u"3 connected now"_s},
                                                      {u"fra-02"_s, u"left out: is off already"_s},
                                                      {u"nyc-03 <U+202E><b>"_s, u"left out: not reachable"_s}};
    EXPECT_EQ(confirm()->lines(), expected);
    EXPECT_TRUE(link_.wishes.isEmpty());
    click(u"sheet:Confirm"_s);
    ASSERT_EQ(link_.wishes.size(), 1);
    EXPECT_EQ(link_.wishes[0].sensorId, 1);
    const auto look = workspace_.fleet().look(1, u"ftp"_s);
    EXPECT_EQ(look->phase, SwitchLook::Phase::Applying);
}

TEST_F(FleetPageTest, NothingIsDoneWithoutTheButtonThatSaysSo) {
    chooseFrom(u"fleet:Switch off"_s, u"ftp"_s);
    ASSERT_NE(confirm(), nullptr);
    EXPECT_TRUE(named<QPushButton>(u"sheet:Cancel"_s).hasFocus());
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_1, Qt::ControlModifier);  // keys of the page are not heard
    EXPECT_EQ(window_.page(), Page::Fleet);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Escape);
    EXPECT_EQ(confirm(), nullptr);
    EXPECT_TRUE(link_.wishes.isEmpty());
}

TEST_F(FleetPageTest, ASheetWithNobodyToAskCannotBeConfirmed) {
    chooseFrom(u"fleet:Switch on"_s, u"ftp"_s);
    ASSERT_NE(confirm(), nullptr);
    EXPECT_FALSE(named<QPushButton>(u"sheet:Confirm"_s).isEnabled());
}

TEST_F(FleetPageTest, SessionsOfASensorAndOfAServiceAreOneClickAway) {
    click(u"fleet:View sessions"_s);
    EXPECT_EQ(window_.page(), Page::Sessions);
    EXPECT_EQ(link_.pages.last().scope.sensorIds, QList<qint32>{1});
    window_.choose(Page::Fleet);
    QCoreApplication::processEvents();
    click(u"sessions:1:ftp"_s);
    EXPECT_EQ(window_.page(), Page::Sessions);
    EXPECT_EQ(link_.pages.last().scope.protocols, QStringList{u"ftp"_s});
    EXPECT_EQ(link_.pages.last().filter.targetPorts, QList<quint16>{2021});
}

TEST_F(FleetPageTest, SwitchesAreOffWhileTheLinkIsLost) {
    link_.enter(LinkState::Kind::Lost, u"connection refused"_s);
    table().setCurrentIndex(table().model()->index(0, FleetModel::LeadCount + 1));
    QTest::keyClick(&table(), Qt::Key_Space);
    EXPECT_TRUE(link_.wishes.isEmpty());
    EXPECT_FALSE(named<QPushButton>(u"fleet:Switch off"_s).isEnabled());
    EXPECT_TRUE(window_.dimmed());
}

TEST_F(FleetPageTest, NoWordOverAColumnIsCut) {
    QList<Sensor> sensors = workspace_.fleet().sensors();
    sensors[1].services[1].name = u"submission-over-tls"_s;
    Q_EMIT link_.fleetArrived(sensors);
    const QHeaderView& header = *table().horizontalHeader();
    const int padding = 20;  // of the style sheet
    for (int column = 0; column < table().model()->columnCount(); ++column) {
        const QString word = table().model()->headerData(column, Qt::Horizontal).toString();
        if (!header.isSectionHidden(column)) {
            EXPECT_GE(header.sectionSize(column), header.fontMetrics().horizontalAdvance(word) + padding)
                << word.toStdString();
        }
    }
}

TEST_F(FleetPageTest, ALongNameOfASensorHasRoomBeforeTheColumnsThatThePanelShowsToo) {
    window_.resize(1200, 800);
    QList<Sensor> sensors = workspace_.fleet().sensors();
    sensors[1].id = 8;
    sensors[1].name = u"frankfurt-airport-02"_s;
    Q_EMIT link_.fleetArrived(sensors);
    const int wide = QFontMetrics(uiFont(13, QFont::DemiBold)).horizontalAdvance(sensors[1].name);
    EXPECT_GE(table().columnWidth(FleetModel::Name), wide + 20);
}

TEST_F(FleetPageTest, WhatIsShownWithoutTheLinkSaysOfWhenItIs) {
    const QString before = window_.fleet().tiles()[0]->value();
    link_.now.sinceUs = kSampleUs;
    link_.enter(LinkState::Kind::Lost, u"connection refused"_s);
    for (const Tile* tile : window_.fleet().tiles()) {
        EXPECT_EQ(tile->note(), u"as of 14:00:00 UTC"_s) << tile->name().toStdString();
    }
    EXPECT_EQ(window_.fleet().tiles()[0]->value(), before);
    EXPECT_EQ(window_.fleet().panel().reason(), u"This is as of 14:00:00 UTC. How the sensor is now is not known."_s);
    link_.enter(LinkState::Kind::Live);
    EXPECT_EQ(window_.fleet().tiles()[0]->note(), u"1 offline"_s);
    EXPECT_EQ(window_.fleet().panel().reason(), QString());
}

TEST_F(FleetPageTest, WithoutTheLinkNoColourSaysThatASensorIsWell) {
    const auto greens = [this] {
        const QImage image = table().viewport()->grab().toImage();
        const QColor soft = theme_.tokens().okSoft;
        int count = 0;
        for (int y = 0; y < image.height(); ++y) {
            for (int x = 0; x < image.width(); ++x) {
                count += image.pixelColor(x, y).rgb() == soft.rgb() ? 1 : 0;
            }
        }
        return count;
    };
    EXPECT_GT(greens(), 100);
    link_.enter(LinkState::Kind::Lost, u"connection refused"_s);
    EXPECT_EQ(greens(), 0);
}

TEST_F(FleetPageTest, KeepsSelectionWhenASensorComesInBetween) {
    table().setFocus();
    QTest::keyClick(&table(), Qt::Key_Down);
    ASSERT_EQ(window_.fleet().panel().title(), u"fra-02"_s);
    QList<Sensor> sensors = workspace_.fleet().sensors();
    sensors.insert(1, sampleSensor());
    sensors[1].id = 9;
    sensors[1].name = u"bru-09"_s;
    Q_EMIT link_.fleetArrived(sensors);
    EXPECT_EQ(window_.fleet().panel().title(), u"fra-02"_s);
    EXPECT_EQ(window_.fleet().table().selectedSensors(), QList<qint32>{2});
}

}  // namespace
}  // namespace apiary::console
