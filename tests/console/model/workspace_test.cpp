#include "console/model/workspace.hpp"

#include "tests/console/support/fake_link.hpp"
#include "tests/console/support/sample_values.hpp"

#include <QSignalSpy>
#include <QTest>
#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

constexpr qint64 kHourUs = 3600 * kSecondUs;

class WorkspaceTest : public testing::Test {
protected:
    void goLive() { link_.enter(LinkState::Kind::Live); }
    void firstPage(QList<SessionRow> rows) {
        Q_EMIT link_.sessionsArrived(link_.pages.last().number, {std::move(rows), false});
    }

    FakeLink link_;
    qint64 now_ = kSampleUs;
    Workspace workspace_{link_, [this] { return now_; }};
};

TEST_F(WorkspaceTest, AsksForNothingBeforeTheLinkIsLive) {
    workspace_.refresh();
    EXPECT_TRUE(link_.totals.isEmpty());
    EXPECT_TRUE(link_.pages.isEmpty());
}

TEST_F(WorkspaceTest, AsksForTheLastDayAndTheDayBefore) {
    goLive();
    ASSERT_EQ(link_.totals.size(), 2);
    EXPECT_EQ(link_.totals[0].scope, (Scope{kSampleUs - 24 * kHourUs, kSampleUs, {}}));
    EXPECT_EQ(link_.totals[1].scope, (Scope{kSampleUs - 48 * kHourUs, kSampleUs - 24 * kHourUs, {}}));
}

TEST_F(WorkspaceTest, DropsAnAnswerToAnOlderQuestion) {
    goLive();
    const quint64 old = link_.totals[0].number;
    workspace_.setSpan({.lastUs = kHourUs, .fromUs = 0, .toUs = 0});
    Q_EMIT link_.totalsArrived(old, {.sessions = 7});
    EXPECT_FALSE(workspace_.overview().totals);
    Q_EMIT link_.totalsArrived(link_.totals[2].number, {.sessions = 3});
    EXPECT_EQ(workspace_.overview().totals->sessions, 3U);
}

TEST_F(WorkspaceTest, ChoosesTheFirstSessionAndAsksForIt) {
    goLive();
    firstPage({sampleRow(-10, 'b'), sampleRow(-20, 'a')});
    EXPECT_EQ(workspace_.selection().id, sampleRow(-10, 'b').id);
    ASSERT_EQ(link_.sessions.size(), 1);
    Q_EMIT link_.sessionArrived(link_.sessions[0].number, sampleDetail(sampleRow(-10, 'b')));
    EXPECT_TRUE(workspace_.selection().detail);
}

TEST_F(WorkspaceTest, DropsTheDetailOfASessionThatIsNoLongerSelected) {
    goLive();
    firstPage({sampleRow(-10, 'b'), sampleRow(-20, 'a')});
    workspace_.select(sampleRow(-20, 'a').id);
    Q_EMIT link_.sessionArrived(link_.sessions[0].number, sampleDetail(sampleRow(-10, 'b')));
    EXPECT_FALSE(workspace_.selection().detail);
}

TEST_F(WorkspaceTest, ShowsALiveSessionAndAsksForFiguresSoon) {
    goLive();
    firstPage({sampleRow(-20, 'a')});
    const auto asked = link_.totals.size();
    Q_EMIT link_.happened({.opened = {}, .ended = {sampleRow(-5, 'b')}, .notShown = 0});
    EXPECT_EQ(workspace_.sessions().rows().size(), 2);
    QSignalSpy changed(&workspace_, &Workspace::overviewChanged);
    EXPECT_TRUE(QTest::qWaitFor([&] { return link_.totals.size() > asked; }, 3000));
}

TEST_F(WorkspaceTest, ReadsTheListAgainWhenTheFeedLeftSomethingOut) {
    goLive();
    firstPage({sampleRow(-20, 'a')});
    const auto asked = link_.pages.size();
    Q_EMIT link_.happened({.opened = {}, .ended = {}, .notShown = 4});
    EXPECT_EQ(link_.pages.size(), asked + 1);
}

TEST_F(WorkspaceTest, KeepsItsDataWhenTheLinkIsLost) {
    goLive();
    firstPage({sampleRow(-20, 'a')});
    Q_EMIT link_.totalsArrived(link_.totals[0].number, {.sessions = 7});
    link_.enter(LinkState::Kind::Lost, u"connection refused"_s);
    EXPECT_EQ(workspace_.overview().totals->sessions, 7U);
    EXPECT_EQ(workspace_.sessions().rows().size(), 1);
    const auto asked = link_.pages.size();
    goLive();
    EXPECT_EQ(link_.pages.size(), asked + 1);
}

TEST_F(WorkspaceTest, ARefusedSwitchGoesBackAndSaysWhy) {
    goLive();
    Q_EMIT link_.fleetArrived({sampleSensor()});
    QSignalSpy refused(&workspace_, &Workspace::refused);
    workspace_.switchService(1, u"ftp"_s, false);
    ASSERT_EQ(link_.wishes.size(), 1);
    Q_EMIT link_.failed(link_.wishes[0].number, u"needs the role operator"_s);
    EXPECT_EQ(refused.size(), 1);
    EXPECT_EQ(workspace_.fleet().look(1, u"ftp"_s)->phase, SwitchLook::Phase::Agrees);
}

TEST_F(WorkspaceTest, DoesNotSwitchWithoutALink) {
    QSignalSpy refused(&workspace_, &Workspace::refused);
    workspace_.switchService(1, u"ftp"_s, false);
    EXPECT_TRUE(link_.wishes.isEmpty());
    EXPECT_EQ(refused.size(), 1);
}

}  // namespace
}  // namespace apiary::console
