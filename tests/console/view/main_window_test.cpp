#include "console/view/main_window.hpp"

#include "console/view/controls.hpp"
#include "console/view/service_switch.hpp"
#include "tests/console/support/shown_window.hpp"

#include <QPushButton>
#include <QSignalSpy>

#include <algorithm>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;
using Phase = SwitchLook::Phase;

class MainWindowTest : public ShownWindow {
protected:
    ServiceSwitch& switchOf(const QString& service) {
        window_.choose(Page::Fleet);
        for (auto* found : window_.findChildren<ServiceSwitch*>(u"switch:1:"_s + service)) {
            if (found->isVisible()) {
                return *found;
            }
        }
        throw std::runtime_error("no such switch on the screen");
    }

    template <typename Button>
    Button* buttonNamed(const QString& text) {
        for (auto* found : window_.findChildren<Button*>()) {
            if (found->text() == text && found->isVisible()) {
                return found;
            }
        }
        return nullptr;
    }
};

TEST_F(MainWindowTest, ShowsThatItConnects) {
    EXPECT_FALSE(window_.showsData());
    EXPECT_TRUE(window_.linkPage().headline().startsWith(u"Connecting to"_s));
}

TEST_F(MainWindowTest, ShowsTheFiguresItIsGiven) {
    fill();
    ASSERT_TRUE(window_.showsData());
    const auto tiles = window_.overview().tiles();
    EXPECT_EQ(tiles[0]->value(), u"23"_s);
    EXPECT_EQ(tiles[3]->value(), u"1"_s);
    EXPECT_EQ(tiles[4]->value(), u"1 / 1"_s);
    EXPECT_EQ(tiles[4]->note(), u"all healthy · 1 open"_s);
    EXPECT_EQ(window_.sessions().panel().title(), u"FTP from 203.0.113.7"_s);
    EXPECT_TRUE(window_.sessions().panel().agreement().contains(u"Text log = database"_s));
}

TEST_F(MainWindowTest, AClickOnASwitchAsksOnceAndShowsApplying) {
    fill();
    QTest::mouseClick(&switchOf(u"ftp"_s), Qt::LeftButton);
    ASSERT_EQ(link_.wishes.size(), 1);
    EXPECT_EQ(link_.wishes[0].service, u"ftp"_s);
    EXPECT_FALSE(link_.wishes[0].on);
    EXPECT_EQ(switchOf(u"ftp"_s).look().phase, Phase::Applying);
    EXPECT_TRUE(window_.notice().words().isEmpty());
}

TEST_F(MainWindowTest, ARefusedSwitchSaysWhyInWords) {
    fill();
    QTest::mouseClick(&switchOf(u"ftp"_s), Qt::LeftButton);
    Q_EMIT link_.failed(link_.wishes[0].number, u"Your certificate's role does not allow this"_s);
    EXPECT_EQ(window_.notice().words(), u"Your certificate's role does not allow this"_s);
    EXPECT_EQ(switchOf(u"ftp"_s).look(), (SwitchLook{true, Phase::Agrees, u"on"_s}));
    QTest::mouseClick(buttonNamed<QPushButton>(u"Dismiss"_s), Qt::LeftButton);
    EXPECT_TRUE(window_.notice().words().isEmpty());
}

TEST_F(MainWindowTest, ASwitchInTheFleetsTableAsksToo) {
    fill();
    window_.choose(Page::Fleet);
    QCoreApplication::processEvents();
    const auto shown = window_.fleet().shownSwitches();
    ASSERT_EQ(shown.size(), 4);  // in the table and in the panel
    QWidget& area = *window_.fleet().table().viewport();
    QTest::mouseClick(&area, Qt::LeftButton, {}, area.mapFromGlobal(shown[1].screen.center()));
    ASSERT_EQ(link_.wishes.size(), 1);
    EXPECT_EQ(link_.wishes[0].service, shown[1].service);
}

TEST_F(MainWindowTest, KeepsTheDataUnderANoticeWhenTheLinkIsLost) {
    fill();
    link_.now.retryAtUs = now_ + 6 * kSecondUs;
    link_.now.sinceUs = now_;
    link_.enter(LinkState::Kind::Lost, u"connection refused"_s);
    EXPECT_TRUE(window_.showsData());
    EXPECT_EQ(window_.overview().tiles()[0]->value(), u"23"_s);
    const QString words = window_.notice().words();
    EXPECT_TRUE(words.contains(u"lost at 14:00:00 UTC (connection refused)"_s)) << words.toStdString();
    EXPECT_TRUE(words.contains(u"Next try in 6 s"_s)) << words.toStdString();
    EXPECT_FALSE(switchOf(u"ftp"_s).isEnabled());
    QTest::mouseClick(buttonNamed<QPushButton>(u"Retry now"_s), Qt::LeftButton);
    EXPECT_EQ(link_.retries, 1);
}

TEST_F(MainWindowTest, AWrongCertificateHasAPageOfItsOwn) {
    fill();
    link_.enter(LinkState::Kind::Certificate, u"the certificate 'op.crt' expired on 1 March"_s);
    EXPECT_FALSE(window_.showsData());
    EXPECT_EQ(window_.linkPage().headline(), u"The certificates do not fit"_s);
}

TEST_F(MainWindowTest, TheRangeButtonsAskForTheirRange) {
    fill();
    const auto buttons = window_.findChildren<QToolButton*>(u"range:1 h"_s);
    ASSERT_EQ(buttons.size(), 1);
    QTest::mouseClick(buttons[0], Qt::LeftButton);
    EXPECT_EQ(link_.series.last().scope.toUs - link_.series.last().scope.fromUs, 3600 * kSecondUs);
    EXPECT_TRUE(buttons[0]->isChecked());
}

TEST_F(MainWindowTest, SaysWhenARangeHasNoSessions) {
    link_.enter(LinkState::Kind::Live);
    Q_EMIT link_.sessionsArrived(link_.pages.last().number, {});
    Q_EMIT link_.seriesArrived(link_.series.last().number, {});
    for (const Page page : {Page::Overview, Page::Sessions}) {
        window_.choose(page);
        QStringList headlines;
        for (const auto* found : window_.findChildren<Placeholder*>()) {
            if (found->isVisible()) {
                headlines.append(found->headline());
            }
        }
        EXPECT_EQ(headlines.count(u"No sessions in this range"_s), 1) << headlines.join(u", "_s).toStdString();
    }
}

TEST_F(MainWindowTest, TheKeyboardReachesThePages) {
    QTest::keyClick(&window_, Qt::Key_3, Qt::ControlModifier);
    EXPECT_EQ(window_.page(), Page::Fleet);
    QTest::keyClick(&window_, Qt::Key_2, Qt::ControlModifier);
    EXPECT_EQ(window_.page(), Page::Sessions);
}

}  // namespace
}  // namespace apiary::console
