#include "collector/rpc/sensor_health.hpp"

#include <gtest/gtest.h>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

class SensorHealthTest : public testing::Test {
protected:
    SensorHealthTest() {
        facts_.connected = true;
        facts_.lastHeard = now_ - 2s;
        facts_.reported = true;
        service("ftp", true, v1::ACTUAL_STATE_ON);
    }

    v1::ServiceStatus& service(const std::string& name, bool desired, v1::ActualState actual) {
        auto& service = *facts_.status.add_services();
        service.set_name(name);
        service.set_desired(desired);
        service.set_actual(actual);
        return service;
    }
    void expect(v1::SensorHealth state, const std::string& reason) const {
        const auto health = healthOf(facts_, now_);
        EXPECT_EQ(health.state, state);
        EXPECT_EQ(health.reason, reason);
    }

    const SensorFacts::Time now_ = std::chrono::sys_days{2026y / 11 / 25} + 12h;
    SensorFacts facts_;
};

TEST_F(SensorHealthTest, IsHealthyWhenAllIsAsWished) {
    service("telnet", false, v1::ACTUAL_STATE_OFF);
    expect(v1::SENSOR_HEALTH_HEALTHY, "");
}

TEST_F(SensorHealthTest, IsOfflineWithoutAStream) {
    facts_.connected = false;
    expect(v1::SENSOR_HEALTH_OFFLINE, "not connected since 2026-11-25T11:59:58.000Z");
    facts_.lastHeard.reset();
    expect(v1::SENSOR_HEALTH_OFFLINE, "it has never connected");
}

TEST_F(SensorHealthTest, IsOfflineWhenSilentForHalfAMinute) {
    facts_.lastHeard = now_ - 29s;
    expect(v1::SENSOR_HEALTH_HEALTHY, "");
    facts_.lastHeard = now_ - 30s;
    expect(v1::SENSOR_HEALTH_OFFLINE, "silent for 30 s");
}

TEST_F(SensorHealthTest, IsOfflineWhenRevoked) {
    facts_.revoked = true;
    expect(v1::SENSOR_HEALTH_OFFLINE, "revoked");
}

TEST_F(SensorHealthTest, IsUnknownUntilTheFirstReport) {
    facts_.reported = false;
    expect(v1::SENSOR_HEALTH_UNKNOWN, "it has not reported yet");
}

TEST_F(SensorHealthTest, IsApplyingWhileAWishIsYoung) {
    facts_.desiredVersion = 3;
    facts_.status.set_applied_version(2);
    facts_.status.mutable_services(0)->set_desired(false);  // differs, because the wish has not arrived
    facts_.desiredAt = now_ - 29s;
    expect(v1::SENSOR_HEALTH_APPLYING, "version 3 is on its way");
    facts_.desiredAt = now_ - 31s;
    expect(v1::SENSOR_HEALTH_DEGRADED,
           "version 3 is wished for since 31 s, it runs version 2; ftp is on and should be off");
}

TEST_F(SensorHealthTest, IsApplyingWhileAServiceMoves) {
    service("telnet", true, v1::ACTUAL_STATE_STARTING);
    service("http", false, v1::ACTUAL_STATE_DRAINING);
    expect(v1::SENSOR_HEALTH_APPLYING, "telnet is starting; http is draining");
}

TEST_F(SensorHealthTest, IsDegradedByAServiceThatFailed) {
    service("telnet", true, v1::ACTUAL_STATE_FAILED).set_reason("port 23 is taken\n");
    expect(v1::SENSOR_HEALTH_DEGRADED, "telnet failed: port 23 is taken\\x0a");
}

TEST_F(SensorHealthTest, IsDegradedByAServiceThatIsNotAsWished) {
    service("telnet", true, v1::ACTUAL_STATE_OFF);
    service("http", true, v1::ACTUAL_STATE_UNKNOWN);
    expect(v1::SENSOR_HEALTH_DEGRADED, "telnet is off and should be on; the state of http is unknown");
}

TEST_F(SensorHealthTest, IsDegradedByATroubleButNotByARemark) {
    facts_.troubles.push_back({.key = {.sensorId = 1, .kind = TroubleKind::Limit, .service = {}, .subject = "x soon"},
                               .sensor = "roof",
                               .severity = Severity::Remark,
                               .since = now_,
                               .brief = "full in 3 days"});
    expect(v1::SENSOR_HEALTH_HEALTHY, "");
    facts_.troubles.push_back({.key = {.sensorId = 1, .kind = TroubleKind::Clock, .service = {}, .subject = {}},
                               .sensor = "roof",
                               .since = now_,
                               .brief = "its clock is 2.1 s ahead",
                               .remedy = "do something"});
    facts_.troubles.push_back(
        {.key = {.sensorId = 1, .kind = TroubleKind::ServiceSilent, .service = "ftp", .subject = {}},
         .sensor = "roof",
         .since = now_,
         .brief = "no session since noon"});
    expect(v1::SENSOR_HEALTH_DEGRADED, "its clock is 2.1 s ahead; ftp: no session since noon");
}

}  // namespace
}  // namespace apiary::collector
