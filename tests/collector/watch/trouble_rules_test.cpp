#include "collector/watch/trouble_rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using Time = Trouble::Time;

std::uint64_t micros(Time at) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count());
}

/// One sensor named roof with the service ftp, connected and heard of a second ago, and what is found of it.
class TroubleRulesTest : public testing::Test {
protected:
    TroubleRulesTest() {
        view_.sensorId = 1;
        view_.name = "roof";
        view_.connected = true;
        view_.lastHeard = now_ - 1s;
        view_.status = &status_;
        ftp_ = status_.add_services();
        ftp_->set_name("ftp");
        ftp_->set_desired(true);
        ftp_->set_actual(v1::ACTUAL_STATE_ON);
    }

    /// Looks after that much more time; the sensor was heard of just before, unless it is silent.
    const std::vector<Trouble>& look(Time::duration later = 1s, bool heard = true) {
        now_ += later;
        if (heard) {
            view_.lastHeard = now_ - 1s;
        }
        found_ = rules_.judge(std::span(&view_, 1), histories_, now_);
        return found_;
    }
    /// The troubles found last: kind, service and subject of each.
    std::string kinds() const {
        std::string all;
        for (const auto& trouble : found_) {
            all += (all.empty() ? "" : ", ") + std::string(kindText(trouble.key.kind)) +
                   (trouble.key.service.empty() ? "" : " " + trouble.key.service) +
                   (trouble.key.subject.empty() ? "" : " " + trouble.key.subject);
        }
        return all;
    }
    v1::Bound& bound(const std::string& name, std::uint64_t used, std::uint64_t limit) {
        auto& bound = *status_.add_bounds();
        bound.set_name(name);
        bound.set_used(used);
        bound.set_limit(limit);
        return bound;
    }
    ServiceHistory& history() { return histories_[{1, "ftp"}]; }
    void visitedOften(Time last, std::chrono::microseconds longGap, std::uint64_t gaps = 500) {
        history() = {.lastSession = last, .gaps = gaps, .longGap = longGap, .one = {}};
    }

    const Time start_ = std::chrono::sys_days{2026y / 11 / 25} + 12h;
    Time now_ = start_;
    TroubleRules rules_{start_};
    v1::SensorStatus status_;
    v1::ServiceStatus* ftp_ = nullptr;
    SensorView view_;
    ServiceHistories histories_;
    std::vector<Trouble> found_;
};

TEST_F(TroubleRulesTest, FindsNothingWrongWithAHealthySensor) {
    bound("spool_bytes", 10, 100);
    EXPECT_TRUE(look().empty());
}

TEST_F(TroubleRulesTest, CallsASensorSilentAfterHalfAMinute) {
    look();
    view_.connected = false;
    EXPECT_TRUE(look(28s, false).empty());
    ASSERT_EQ(look(1s, false).size(), 1U);
    EXPECT_EQ(kinds(), "sensor-silent");
    EXPECT_EQ(found_[0].since, start_);
    EXPECT_EQ(found_[0].severity, Severity::Grave);
    EXPECT_EQ(found_[0].sentence(),
              "nothing is heard of it since 2026-11-25T12:00:00Z: look whether its machine and apiary-agent run and "
              "reach the collector (apiary-agent status)");
    view_.connected = true;
    EXPECT_TRUE(look().empty());
}

TEST_F(TroubleRulesTest, CallsASensorSilentWhoseStreamSaysNothing) {
    look();
    look(28s, false);
    EXPECT_EQ(kinds(), "");
    look(1s, false);
    EXPECT_EQ(kinds(), "sensor-silent");
}

TEST_F(TroubleRulesTest, CallsASensorSilentThoughTheClockWasSetBack) {
    look(40 * 24h);
    view_.connected = false;
    now_ -= 40 * 24h;
    EXPECT_TRUE(look(1s, false).empty());
    EXPECT_TRUE(look(29s, false).empty());
    EXPECT_EQ(look(1s, false).size(), 1U);
    EXPECT_EQ(found_[0].since, now_ - 30s);
    view_.connected = true;
    EXPECT_TRUE(look().empty());
}

TEST_F(TroubleRulesTest, GivesSensorsTimeToComeBackAfterAStartOfTheCollector) {
    view_.connected = false;
    view_.status = nullptr;
    view_.lastHeard = start_ - 24h;
    EXPECT_TRUE(look(29s, false).empty());
    EXPECT_EQ(look(1s, false).size(), 1U);
    EXPECT_EQ(found_[0].since, start_ - 24h);
}

TEST_F(TroubleRulesTest, KeepsASilenceThatLastedBeforeTheCollectorStarted) {
    view_.connected = false;
    view_.status = nullptr;
    view_.lastHeard = start_ - 2h;
    rules_.resume(
        std::vector<Trouble>{{.key = {.sensorId = 1, .kind = TroubleKind::SensorSilent, .service = {}, .subject = {}},
                              .sensor = "roof",
                              .since = start_ - 2h,
                              .brief = "silent"}});
    EXPECT_EQ(look(1s, false).size(), 1U);
    view_.connected = true;
    EXPECT_TRUE(look().empty());
}

TEST_F(TroubleRulesTest, SaysNothingOfASensorThatNeverConnectedOrIsRevoked) {
    view_.connected = false;
    view_.lastHeard.reset();
    EXPECT_TRUE(look(1h, false).empty());
    view_.lastHeard = start_;
    view_.revoked = true;
    EXPECT_TRUE(look(1h, false).empty());
}

TEST_F(TroubleRulesTest, CallsAServiceSilentBeyondItsOwnHistory) {
    struct Case {
        const char* what;
        std::chrono::minutes longGap;
        std::uint64_t gaps;
        std::chrono::minutes silent;
        bool wrong;
    };
    for (const auto& [what, longGap, gaps, silent, wrong] : {
             Case{"longer than it ever was", 30min, 500, 31min, true},
             Case{"as long as it has been", 30min, 500, 30min, false},
             Case{"a busy one, under ten minutes", 1min, 500, 9min, false},
             Case{"a busy one, over ten minutes", 1min, 500, 11min, true},
             Case{"199 gaps are no history", 1min, 199, 24h * 3, false},
             Case{"200 are one", 1min, 200, 11min, true},
         }) {
        TroubleRules rules(start_);
        visitedOften(start_, longGap, gaps);
        view_.lastHeard = start_;
        EXPECT_TRUE(rules.judge(std::span(&view_, 1), histories_, start_).empty()) << what;
        view_.lastHeard = start_ + silent;
        EXPECT_EQ(!rules.judge(std::span(&view_, 1), histories_, start_ + silent).empty(), wrong) << what;
    }
}

TEST_F(TroubleRulesTest, EndsASilenceWithTheNextSession) {
    visitedOften(start_, 5min);
    look();
    look(11min);
    ASSERT_EQ(kinds(), "service-silent ftp");
    EXPECT_EQ(found_[0].since, start_);
    EXPECT_EQ(found_[0].sentence(),
              "no session since 2026-11-25T12:00:00Z, and 999 of 1000 of its last 500 gaps were no longer than 10 min: "
              "visit it from outside; look at firewall, port forwarding and address");
    ftp_->set_last_session_us(micros(now_));
    EXPECT_TRUE(look().empty());
}

TEST_F(TroubleRulesTest, CountsSilenceFromWhenTheServiceWasOn) {
    visitedOften(start_ - 24h, 5min);
    EXPECT_TRUE(look().empty());
    EXPECT_TRUE(look(10min).empty());
    look(1min);
    EXPECT_EQ(kinds(), "service-silent ftp");
    ftp_->set_actual(v1::ACTUAL_STATE_OFF);
    ftp_->set_desired(false);
    EXPECT_TRUE(look().empty());
}

TEST_F(TroubleRulesTest, BelievesTheAgentBeforeTheDatabase) {
    visitedOften(start_, 5min);
    look();
    ftp_->set_last_session_us(micros(start_ + 9min));
    EXPECT_TRUE(look(15min).empty());
}

TEST_F(TroubleRulesTest, CallsNoServiceSilentWhoseSessionsWaitAtTheSensor) {
    visitedOften(start_, 5min);
    look();
    status_.set_spool_records(9);
    status_.set_spool_oldest_us(micros(start_ + 1min));
    EXPECT_TRUE(look(20min).empty());
    status_.set_spool_records(0);
    look();
    EXPECT_EQ(kinds(), "service-silent ftp");
}

TEST_F(TroubleRulesTest, LeavesEverythingButTheSilenceOfASilentSensorAsItWas) {
    visitedOften(start_, 5min);
    look();
    view_.clockOffsetMs = 5000;
    look();
    ASSERT_EQ(kinds(), "clock");
    view_.connected = false;
    view_.status = nullptr;
    look(20min, false);
    EXPECT_EQ(kinds(), "sensor-silent, clock");
}

TEST_F(TroubleRulesTest, MarksAServiceThatSeesOneAddressNextToIt) {
    struct Case {
        std::uint64_t recent, fromOne;
        bool near, wrong;
    };
    for (const auto& [recent, fromOne, near, wrong] :
         {Case{200, 191, true, true}, Case{200, 190, true, false}, Case{99, 99, true, false},
          Case{100, 100, true, true}, Case{200, 200, false, false}}) {
        TroubleRules rules(start_);
        history() = {
            .lastSession = start_, .recent = recent, .fromOne = fromOne, .one = "172.17.0.1", .oneIsNear = near};
        EXPECT_EQ(!rules.judge(std::span(&view_, 1), histories_, start_).empty(), wrong) << recent << ' ' << fromOne;
    }
}

TEST_F(TroubleRulesTest, KeepsTheMarkUntilAnotherTenthComesFromElsewhere) {
    history() = {.lastSession = start_, .recent = 200, .fromOne = 200, .one = "172.17.0.1", .oneIsNear = true};
    look();
    ASSERT_EQ(kinds(), "one-source ftp");
    EXPECT_NE(found_[0].sentence().find("200 of its last 200 sessions come from 172.17.0.1"), std::string::npos);
    history().fromOne = 185;
    EXPECT_EQ(look().size(), 1U);
    history().fromOne = 180;
    EXPECT_TRUE(look().empty());
}

TEST_F(TroubleRulesTest, FindsAClockOffAndWantsItWellAgain) {
    for (const auto& [offset, wrong] : {std::pair(2000, false),
                                        {2001, true},
                                        {1500, true},
                                        {-1001, true},
                                        {1000, false},
                                        {1500, false},
                                        {-2100, true}}) {
        view_.clockOffsetMs = offset;
        EXPECT_EQ(!look().empty(), wrong) << offset;
    }
    EXPECT_EQ(found_[0].brief, "its clock is 2.1 s behind");
    EXPECT_EQ(found_[0].sentence(),
              "its clock is 2.1 s behind: the times of its sessions are as wrong; have it set by NTP "
              "(timedatectl set-ntp true)");
}

TEST_F(TroubleRulesTest, TellsABoundThatIsNearlyReachedAndOneThatIs) {
    auto& spool = bound("spool_bytes", 90, 100);
    struct Step {
        std::uint64_t used;
        const char* found;
    };
    for (const auto& [used, found] :
         {Step{90, ""}, Step{91, "limit spool_bytes"}, Step{86, "limit spool_bytes"}, Step{84, ""},
          Step{100, "limit spool_bytes full"}, Step{96, "limit spool_bytes full"}, Step{94, "limit spool_bytes"}}) {
        spool.set_used(used);
        look();
        EXPECT_EQ(kinds(), found) << used;
    }
}

TEST_F(TroubleRulesTest, OnlyRemarksOnTextLogsThatFillTheirRoom) {
    bound("journal_bytes", 100, 100);
    look();
    ASSERT_EQ(kinds(), "limit journal_bytes full");
    EXPECT_EQ(found_[0].severity, Severity::Remark);
}

TEST_F(TroubleRulesTest, ForeseesABoundWithinAWeek) {
    auto& spool = bound("spool_bytes", 50, 100);
    spool.set_full_at_us(micros(start_ + 8 * 24h));
    EXPECT_TRUE(look().empty());
    spool.set_full_at_us(micros(start_ + 3 * 24h + 1h));
    look();
    ASSERT_EQ(kinds(), "limit spool_bytes soon");
    EXPECT_NE(found_[0].sentence().find("spool_bytes is full in 3 days at today's rate"), std::string::npos);
    spool.set_full_at_us(0);
    EXPECT_TRUE(look().empty());
    spool.set_full_at_us(~std::uint64_t{0});  // what no clock can say
    EXPECT_TRUE(look().empty());
}

TEST_F(TroubleRulesTest, TellsALossUntilItHasBeenCalmForTenMinutes) {
    auto& spool = bound("spool_bytes", 1, 100);
    spool.set_lost(7);  // before this collector looked
    status_.set_lost_records(7);
    EXPECT_TRUE(look().empty());
    spool.set_lost(9);
    status_.set_lost_records(9);
    look();
    ASSERT_EQ(kinds(), "limit records lost, limit spool_bytes lost");
    EXPECT_EQ(found_[1].count, 2U);
    look(9min);
    EXPECT_EQ(found_.size(), 2U);
    EXPECT_TRUE(look(1min).empty());
}

TEST_F(TroubleRulesTest, CountsALossOfAnAgentThatWasStartedAnew) {
    status_.set_lost_records(7);
    look();
    status_.set_lost_records(3);
    look();
    ASSERT_EQ(kinds(), "limit records lost");
    EXPECT_EQ(found_[0].count, 3U);
}

TEST_F(TroubleRulesTest, RaisesTheAlarmForEachRefusedOutgoingConnection) {
    status_.set_egress_refused(0);
    look();
    status_.set_egress_refused(1);
    look();
    ASSERT_EQ(kinds(), "egress");
    EXPECT_EQ(found_[0].severity, Severity::Critical);
    status_.set_egress_refused(4);
    look();
    EXPECT_EQ(found_[0].count, 4U);
    EXPECT_TRUE(look(1h).empty());
}

TEST_F(TroubleRulesTest, TellsWhereTheAgentsOwnVisitFailed) {
    auto& test = *ftp_->mutable_self_test();
    test.set_at_us(micros(start_));
    test.set_step("answer");
    test.set_reason("no greeting\nwithin 5 s");
    look();
    ASSERT_EQ(kinds(), "self-test ftp");
    EXPECT_EQ(found_[0].since, start_);
    EXPECT_EQ(found_[0].sentence(),
              "its own visit failed at the step 'answer', no greeting\\x0awithin 5 s: attackers are not served or not "
              "recorded; look into the agent's log, restart the service");
    test.set_passed(true);
    EXPECT_TRUE(look().empty());
}

TEST_F(TroubleRulesTest, SurvivesASensorThatNamesEverythingTwice) {
    bound("spool_bytes", 100, 100);
    bound("spool_bytes", 100, 100);
    auto& second = *status_.add_services();
    ftp_ = status_.mutable_services(0);
    for (auto* service : {ftp_, &second}) {
        service->set_name("ftp");
        service->set_desired(true);
        service->set_actual(v1::ACTUAL_STATE_ON);
        service->mutable_self_test()->set_step("connect");
    }
    look();
    EXPECT_EQ(kinds(), "limit spool_bytes full, self-test ftp");
}

}  // namespace
}  // namespace apiary::collector
