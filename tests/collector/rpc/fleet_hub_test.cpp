#include "collector/rpc/fleet_hub.hpp"

#include <gtest/gtest.h>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

constexpr std::int32_t kRoof = 7;

v1::DesiredState version(std::uint64_t number) {
    v1::DesiredState desired;
    desired.set_version(number);
    return desired;
}

class FleetHubTest : public testing::Test {
protected:
    SensorReport report(v1::ActualState ftp, std::uint64_t sessions) const {
        SensorReport made{.sensorId = kRoof, .arrivedAt = now_, .clockOffsetMs = 5, .agentVersion = "1", .status = {}};
        auto& service = *made.status.add_services();
        service.set_name("ftp");
        service.set_actual(ftp);
        service.set_sessions(sessions);
        return made;
    }

    const FleetHub::Time now_ = std::chrono::sys_days{2026y / 11 / 25};
    FleetHub hub_;
};

TEST_F(FleetHubTest, KeepsASensorConnectedUntilItsLastStreamIsGone) {
    hub_.sensorConnected(kRoof, "1.0", now_);
    hub_.sensorConnected(kRoof, "1.1", now_);
    hub_.sensorGone(kRoof, now_ + 1s);
    EXPECT_TRUE(hub_.presences().at(kRoof).connected());
    hub_.sensorGone(kRoof, now_ + 2s);
    EXPECT_FALSE(hub_.presences().at(kRoof).connected());
    EXPECT_EQ(hub_.presences().at(kRoof).lastHeard, now_ + 2s);
    EXPECT_EQ(hub_.presences().at(kRoof).version, "1.1");
}

TEST_F(FleetHubTest, TellsAChangeOfStateFromAChangeOfFigures) {
    hub_.reportReceived(report(v1::ACTUAL_STATE_ON, 1));
    const auto before = hub_.revision();
    hub_.reportReceived(report(v1::ACTUAL_STATE_ON, 2));
    EXPECT_EQ(hub_.revision().state, before.state);
    EXPECT_GT(hub_.revision().any, before.any);
    hub_.reportReceived(report(v1::ACTUAL_STATE_FAILED, 2));
    EXPECT_GT(hub_.revision().state, before.state);
}

TEST_F(FleetHubTest, PassesNewerWishesToTheirSensorOnly) {
    std::vector<std::uint64_t> heard;
    const auto listener = hub_.onDesired(kRoof, [&](const auto& desired) { heard.push_back(desired.version()); });
    hub_.setDesired(kRoof, version(2));
    hub_.setDesired(kRoof, version(1));
    hub_.setDesired(kRoof, version(2));
    hub_.setDesired(kRoof + 1, version(9));
    hub_.setDesired(kRoof, version(3));
    EXPECT_EQ(heard, (std::vector<std::uint64_t>{2, 3}));
    EXPECT_EQ(hub_.desiredFor(kRoof)->version(), 3U);
}

TEST_F(FleetHubTest, ForgetsAListenerThatIsGone) {
    int heard = 0;
    auto listener = hub_.onDesired(kRoof, [&](const auto&) { ++heard; });
    listener.reset();
    hub_.setDesired(kRoof, version(1));
    EXPECT_EQ(heard, 0);
}

TEST_F(FleetHubTest, KnowsNoWishForWhomNobodyAsked) {
    hub_.sensorConnected(kRoof, "1.0", now_);
    EXPECT_FALSE(hub_.desiredFor(kRoof));
}

}  // namespace
}  // namespace apiary::collector
