#include "console/model/workspace.hpp"

#include "common/uuid.hpp"
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

TEST_F(WorkspaceTest, AsksForTheLastDay) {
    goLive();
    ASSERT_EQ(link_.totals.size(), 1);
    EXPECT_EQ(link_.totals[0].scope, (Scope{kSampleUs - 24 * kHourUs, kSampleUs, {}, {}, {}}));
}

TEST_F(WorkspaceTest, DropsAnAnswerToAnOlderQuestion) {
    goLive();
    const quint64 old = link_.totals[0].number;
    workspace_.setSpan({.lastUs = kHourUs, .fromUs = 0, .toUs = 0});
    Q_EMIT link_.totalsArrived(old, {.sessions = 7}, {});
    EXPECT_FALSE(workspace_.overview().figures().totals);
    Q_EMIT link_.totalsArrived(link_.totals[1].number, {.sessions = 3}, {});
    EXPECT_EQ(workspace_.overview().figures().totals->sessions, 3U);
}

TEST_F(WorkspaceTest, ChoosesTheFirstSessionAndAsksForIt) {
    goLive();
    firstPage({sampleRow(-10, 'b'), sampleRow(-20, 'a')});
    EXPECT_EQ(workspace_.list().selection().id, sampleRow(-10, 'b').id);
    ASSERT_EQ(link_.sessions.size(), 1);
    Q_EMIT link_.sessionArrived(link_.sessions[0].number, sampleDetail(sampleRow(-10, 'b')));
    EXPECT_TRUE(workspace_.list().selection().detail);
}

TEST_F(WorkspaceTest, ANewQueryChoosesItsFirstSessionUnlessItFindsTheChosenOne) {
    goLive();
    firstPage({sampleRow(-10, 'b'), sampleRow(-20, 'a')});
    workspace_.list().select(sampleRow(-20, 'a').id);
    workspace_.listSessions({.protocols = {u"ftp"_s}, .sensorIds = {}, .filter = {}});
    Q_EMIT link_.sessionsArrived(link_.pages.last().number, {{sampleRow(-10, 'b'), sampleRow(-20, 'a')}, false});
    EXPECT_EQ(workspace_.list().selection().id, sampleRow(-20, 'a').id);
    workspace_.listSessions({.protocols = {u"smtp"_s}, .sensorIds = {}, .filter = {}});
    Q_EMIT link_.sessionsArrived(link_.pages.last().number, {{sampleRow(-30, 'c')}, false});
    EXPECT_EQ(workspace_.list().selection().id, sampleRow(-30, 'c').id);
    workspace_.listSessions({.protocols = {u"irc"_s}, .sensorIds = {}, .filter = {}});
    Q_EMIT link_.sessionsArrived(link_.pages.last().number, {});
    EXPECT_TRUE(workspace_.list().selection().id.isEmpty());
}

TEST_F(WorkspaceTest, AListThatCouldNotBeReadIsAskedForAgain) {
    goLive();
    firstPage({sampleRow(-10, 'b')});
    workspace_.list().watch(true);
    workspace_.listSessions({.protocols = {u"smtp"_s}, .sensorIds = {}, .filter = {}});
    EXPECT_FALSE(workspace_.list().answered());
    const auto asked = link_.pages.size();
    Q_EMIT link_.failed(link_.pages.last().number, u"The collector did not answer in time."_s);
    EXPECT_FALSE(workspace_.list().answered());
    workspace_.list().table().retryStart();
    ASSERT_EQ(link_.pages.size(), asked + 1);
    EXPECT_EQ(link_.pages.last().scope.protocols, QStringList{u"smtp"_s});
    workspace_.list().table().retryStart();  // one question at a time
    EXPECT_EQ(link_.pages.size(), asked + 1);
    Q_EMIT link_.sessionsArrived(link_.pages.last().number, {{sampleRow(-30, 'c')}, false});
    EXPECT_TRUE(workspace_.list().answered());
    EXPECT_TRUE(workspace_.list().failure().isEmpty());
}

TEST_F(WorkspaceTest, GoesToATimeByAKeyWhoseIdSaysThatTime) {
    goLive();
    firstPage({sampleRow(-10, 'b')});
    workspace_.list().jumpTo(kSampleUs + 1'234'567);
    const SessionKey before = link_.pages.last().before;
    EXPECT_EQ(before.startedUs, kSampleUs + 1'234'000);
    const auto id = Uuid::ofBytes({before.id.constData(), static_cast<std::size_t>(before.id.size())});
    ASSERT_TRUE(id);
    EXPECT_EQ(std::chrono::floor<std::chrono::microseconds>(id->time()).time_since_epoch().count(), before.startedUs);
}

TEST_F(WorkspaceTest, ASessionChosenWhileTheListIsAskedForStaysChosen) {
    goLive();
    firstPage({sampleRow(-10, 'b')});
    workspace_.listSessions({.protocols = {u"smtp"_s}, .sensorIds = {}, .filter = {}});
    workspace_.list().select(sampleRow(-90, 'z').id);
    Q_EMIT link_.sessionsArrived(link_.pages.last().number, {{sampleRow(-30, 'c')}, false});
    EXPECT_EQ(workspace_.list().selection().id, sampleRow(-90, 'z').id);
}

TEST_F(WorkspaceTest, DropsTheDetailOfASessionThatIsNoLongerSelected) {
    goLive();
    firstPage({sampleRow(-10, 'b'), sampleRow(-20, 'a')});
    workspace_.list().select(sampleRow(-20, 'a').id);
    Q_EMIT link_.sessionArrived(link_.sessions[0].number, sampleDetail(sampleRow(-10, 'b')));
    EXPECT_FALSE(workspace_.list().selection().detail);
}

TEST_F(WorkspaceTest, ShowsALiveSessionAndAsksForFiguresSoon) {
    goLive();
    firstPage({sampleRow(-20, 'a')});
    Q_EMIT link_.totalsArrived(link_.totals.last().number, {}, {});
    Q_EMIT link_.seriesArrived(link_.series.last().number, {});
    const auto asked = link_.totals.size();
    Q_EMIT link_.happened({.opened = {}, .ended = {sampleRow(-5, 'b')}, .notShown = 0});
    EXPECT_EQ(workspace_.list().table().rows().size(), 2);
    QSignalSpy changed(&workspace_.overview(), &OverviewModel::changed);
    EXPECT_TRUE(QTest::qWaitFor([&] { return link_.totals.size() > asked; }, 3000));
}

TEST_F(WorkspaceTest, ReadsTheListAgainWhenTheFeedLeftSomethingOut) {
    goLive();
    firstPage({sampleRow(-20, 'a')});
    const auto asked = link_.pages.size();
    Q_EMIT link_.happened({.opened = {}, .ended = {}, .notShown = 4});
    EXPECT_EQ(link_.pages.size(), asked + 1);
}

TEST_F(WorkspaceTest, ListsWhatTheFiguresCounted) {
    goLive();
    now_ += kHourUs;
    SessionQuery query;
    query.protocols = {u"telnet"_s};
    query.filter.username = u"root"_s;
    workspace_.listSessions(query);
    EXPECT_EQ(link_.pages.last().scope.toUs, link_.totals.last().scope.toUs);
    EXPECT_EQ(link_.pages.last().scope.protocols, query.protocols);
    EXPECT_EQ(link_.pages.last().filter, query.filter);
    EXPECT_EQ(link_.counts.last().filter, query.filter);
    Q_EMIT link_.countArrived(link_.counts.last().number, {.sessions = 12, .times = 14, .more = false});
    EXPECT_EQ(workspace_.list().count()->times, 14U);
}

TEST_F(WorkspaceTest, AQueryForASensorThatIsNotLookedAtFindsNothing) {
    goLive();
    workspace_.setSensors({1, 2});
    const auto asked = link_.pages.size();
    SessionQuery query;
    query.sensorIds = {3};
    workspace_.listSessions(query);
    EXPECT_EQ(link_.pages.size(), asked);
    EXPECT_EQ(workspace_.list().count()->sessions, 0U);
    query.sensorIds = {2, 3};
    workspace_.listSessions(query);
    EXPECT_EQ(link_.pages.last().scope.sensorIds, QList<qint32>{2});
}

TEST_F(WorkspaceTest, KnownTrafficIsLeftOutOfTheLiveListUnlessItIsAskedFor) {
    goLive();
    firstPage({sampleRow(-20, 'a')});
    SessionRow known = sampleRow(-5, 'b');
    known.traffic = u"known-scanner"_s;
    Q_EMIT link_.happened({.opened = {}, .ended = {known}, .notShown = 0});
    EXPECT_EQ(workspace_.list().table().rows().size(), 1);
    workspace_.setTraffic({u"attack"_s, u"known-scanner"_s});
    EXPECT_EQ(link_.totals.last().scope.traffic.size(), 2);
    firstPage({sampleRow(-20, 'a')});
    Q_EMIT link_.happened({.opened = {}, .ended = {known}, .notShown = 0});
    EXPECT_EQ(workspace_.list().table().rows().size(), 2);
}

TEST_F(WorkspaceTest, KeepsItsDataWhenTheLinkIsLost) {
    goLive();
    firstPage({sampleRow(-20, 'a')});
    Q_EMIT link_.totalsArrived(link_.totals[0].number, {.sessions = 7}, {});
    link_.enter(LinkState::Kind::Lost, u"connection refused"_s);
    EXPECT_EQ(workspace_.overview().figures().totals->sessions, 7U);
    EXPECT_EQ(workspace_.list().table().rows().size(), 1);
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
