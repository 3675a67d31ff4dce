#include "collector/watch/stale_rule.hpp"

#include <gtest/gtest.h>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using Time = Trouble::Time;

class StaleRuleTest : public testing::Test {
protected:
    StaleRuleTest() {
        status_.add_services()->set_name("ftp");
        view_.sensorId = 1;
        view_.connected = true;
        view_.status = &status_;
    }
    /// Looks once a second for that long; returns what was said last.
    std::optional<StaleSessions> look(Time::duration length) {
        std::optional<StaleSessions> said;
        for (const Time end = now_ + length; now_ < end;) {
            now_ += 1s;
            if (view_.connected) {
                view_.lastHeard = now_;
            }
            const auto found = rule_.judge(std::span(&view_, 1), now_);
            if (!found.empty()) {
                said = found[0];
            }
        }
        return said;
    }
    void waits(std::uint64_t records, Time oldest) {
        status_.set_spool_records(records);
        status_.set_spool_oldest_us(static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(oldest.time_since_epoch()).count()));
    }

    Time now_ = std::chrono::sys_days{2026y / 11 / 25} + 12h;
    v1::SensorStatus status_;
    SensorView view_;
    StaleRule rule_;
};

TEST_F(StaleRuleTest, ASensorWithNothingOpenAndNothingToSendClosesNoMore) {
    const Time quiet = now_ + 1s;
    const auto said = look(3min);
    ASSERT_TRUE(said);
    EXPECT_EQ(said->before, quiet - 1min);
    EXPECT_EQ(said->reason, "its sensor has no session open, and nothing left to send");
}

TEST_F(StaleRuleTest, OneSessionThatIsOpenKeepsAllButTheOldest) {
    status_.mutable_services(0)->set_open_sessions(1);
    const auto said = look(3min);
    ASSERT_TRUE(said);
    EXPECT_LE(said->before, now_ - StaleRule::kLongest);
    EXPECT_GE(said->before, now_ - StaleRule::kLongest - 1min);
}

TEST_F(StaleRuleTest, QuietMustLastWithoutABreak) {
    for (int i = 0; i < 10; ++i) {
        status_.mutable_services(0)->set_open_sessions(0);
        const auto said = look(50s);
        EXPECT_TRUE(!said || said->before <= now_ - StaleRule::kLongest);
        status_.mutable_services(0)->set_open_sessions(1);
        look(5s);
    }
}

TEST_F(StaleRuleTest, GoesOnAndClosesNothingOfTheFutureWhenTheClockIsSetBack) {
    look(3min);
    now_ -= 40 * 24h;
    const auto said = look(3min);
    ASSERT_TRUE(said);
    EXPECT_LT(said->before, now_);
}

TEST_F(StaleRuleTest, WhatASensorHasYetToSendMayCloseWhatBeganBefore) {
    const Time oldest = now_ - 30 * 24h;
    waits(5, oldest);
    const auto said = look(3min);
    ASSERT_TRUE(said);
    EXPECT_EQ(said->before, oldest - StaleRule::kLongest);
    status_.set_spool_oldest_us(0);
    EXPECT_FALSE(look(3min)) << "nobody knows how old it is";
}

TEST_F(StaleRuleTest, NothingIsSaidOfASensorThatIsAway) {
    view_.connected = false;
    view_.lastHeard = now_ - 30 * 24h;
    EXPECT_FALSE(look(3min));
    view_.connected = true;
    view_.status = nullptr;
    EXPECT_FALSE(look(3min));
}

TEST_F(StaleRuleTest, SessionsBeginByTheSensorsClock) {
    view_.clockOffsetMs = -3'600'000;
    const Time quiet = now_ + 1s;
    const auto said = look(3min);
    ASSERT_TRUE(said);
    EXPECT_EQ(said->before, quiet - 1min - 1h);
}

TEST_F(StaleRuleTest, ARevokedSensorClosesNothingAnyMore) {
    view_.revoked = true;
    view_.connected = false;
    const auto said = look(90s);
    ASSERT_TRUE(said);
    EXPECT_EQ(said->reason, "its sensor is revoked");
}

}  // namespace
}  // namespace apiary::collector
