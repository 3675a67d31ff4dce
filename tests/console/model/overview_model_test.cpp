#include "console/model/overview_model.hpp"

#include "tests/console/support/fake_link.hpp"
#include "tests/console/support/sample_values.hpp"

#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

class OverviewModelTest : public testing::Test {
protected:
    OverviewModelTest() { link_.enter(LinkState::Kind::Live); }

    Scope scope() const { return {now_ - 3600 * kSecondUs, now_, {}, {}, {}}; }
    void answerAll() {
        for (const auto& asked : link_.tops) {
            Q_EMIT link_.topArrived(asked.number, {});
        }
        for (const auto& asked : link_.activities) {
            Q_EMIT link_.activityArrived(asked.number, {.sessions = QList<quint64>(168, 1)});
        }
        for (const auto& asked : link_.credentialSeries) {
            Q_EMIT link_.seriesArrived(asked.number, sampleSeries());
        }
    }

    FakeLink link_;
    qint64 now_ = kSampleUs;
    OverviewModel model_{link_, [this] { return now_; }};
};

TEST_F(OverviewModelTest, AsksForDetailsOnlyWhileSomebodyWatches) {
    model_.askDetails(scope());
    EXPECT_TRUE(link_.tops.isEmpty());
    EXPECT_TRUE(link_.activities.isEmpty());
    model_.setWatched(true);
    EXPECT_EQ(link_.tops.size(), 4);
    EXPECT_EQ(link_.activities.size(), 1);
    EXPECT_EQ(link_.credentialSeries.size(), 1);
}

TEST_F(OverviewModelTest, AsksAgainEveryTenSecondsAndNotWhileAQuestionIsUnderWay) {
    model_.setWatched(true);
    model_.askDetails(scope());
    now_ += 30 * kSecondUs;
    model_.askDetailsAgain(scope());
    EXPECT_EQ(link_.tops.size(), 4);
    answerAll();
    now_ += 5 * kSecondUs;
    model_.askDetailsAgain(scope());
    EXPECT_EQ(link_.tops.size(), 4);
    now_ = kSampleUs + 20 * 60 * kSecondUs;
    model_.askDetailsAgain(scope());
    EXPECT_EQ(link_.tops.size(), 8);
}

TEST_F(OverviewModelTest, ACollectorThatNeedsLongIsAskedLessOften) {
    model_.setWatched(true);
    model_.askDetails(scope());
    now_ += 2 * kSecondUs;
    answerAll();
    now_ += 30 * kSecondUs;
    model_.askDetailsAgain(scope());
    EXPECT_EQ(link_.tops.size(), 4);
    now_ += 11 * kSecondUs;
    model_.askDetailsAgain(scope());
    EXPECT_EQ(link_.tops.size(), 8);
}

TEST_F(OverviewModelTest, HoursOfTheWeekAreOfTheLast28Days) {
    model_.setWatched(true);
    model_.askDetails(scope());
    EXPECT_EQ(link_.activities[0].scope.toUs - link_.activities[0].scope.fromUs, 28 * 24 * 3600 * kSecondUs);
    Q_EMIT link_.activityArrived(link_.activities[0].number, {.sessions = QList<quint64>(168, 2)});
    EXPECT_EQ(model_.activity().scope, link_.activities[0].scope);
}

TEST_F(OverviewModelTest, ALateAnswerIsDropped) {
    model_.setWatched(true);
    model_.askDetails(scope());
    model_.askDetails(scope());
    Q_EMIT link_.topArrived(link_.tops[0].number, {{"192.0.2.1", 1, 0, {}, {}}});
    EXPECT_FALSE(model_.ranking(TopField::Source).value);
    Q_EMIT link_.topArrived(link_.tops[4].number, {{"192.0.2.2", 1, 0, {}, {}}});
    EXPECT_EQ(model_.ranking(TopField::Source).value->first().key, "192.0.2.2");
}

TEST_F(OverviewModelTest, AFailureStaysWithItsListAndKeepsWhatWasThere) {
    model_.setWatched(true);
    model_.askDetails(scope());
    Q_EMIT link_.topArrived(link_.tops[0].number, {{"192.0.2.1", 1, 0, {}, {}}});
    model_.askDetails(scope());
    Q_EMIT link_.failed(link_.tops[4].number, u"too slow"_s);
    EXPECT_EQ(model_.ranking(TopField::Source).failure, u"too slow"_s);
    EXPECT_EQ(model_.ranking(TopField::Source).value->size(), 1);
    EXPECT_TRUE(model_.ranking(TopField::Credential).failure.isEmpty());
    EXPECT_TRUE(model_.figures().failure.isEmpty());
}

TEST_F(OverviewModelTest, AnotherThirdListIsAskedForAtOnce) {
    model_.setWatched(true);
    model_.askDetails(scope());
    model_.setThird(TopField::Port);
    ASSERT_EQ(link_.tops.size(), 5);
    EXPECT_EQ(link_.tops[4].field, TopField::Port);
}

TEST_F(OverviewModelTest, CountriesAreKnownOnceOneIsNamed) {
    model_.setWatched(true);
    model_.askDetails(scope());
    ASSERT_EQ(link_.tops.size(), 4);
    ASSERT_EQ(link_.tops[2].field, TopField::Country);
    Q_EMIT link_.topArrived(link_.tops[2].number, {{"??", 5, 0, {}, {}}});
    EXPECT_FALSE(model_.countriesKnown());
    model_.askDetails(scope());
    Q_EMIT link_.topArrived(link_.tops[6].number, {{"NL", 5, 0, {}, {}}});
    EXPECT_TRUE(model_.countriesKnown());
}

TEST_F(OverviewModelTest, FiguresAreAskedForAgainOnceTheLastAnswerCame) {
    model_.ask(scope());
    model_.askAgain(scope());
    model_.askAgain(scope());
    EXPECT_EQ(link_.totals.size(), 1);
    Q_EMIT link_.totalsArrived(link_.totals[0].number, {.sessions = 7}, {});
    EXPECT_EQ(link_.totals.size(), 1);
    Q_EMIT link_.seriesArrived(link_.series[0].number, sampleSeries());
    EXPECT_EQ(link_.totals.size(), 2);
    EXPECT_EQ(model_.figures().totals->sessions, 7U);
    EXPECT_EQ(model_.figures().totalsScope, link_.totals[0].scope);
}

}  // namespace
}  // namespace apiary::console
