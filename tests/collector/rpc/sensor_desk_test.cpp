#include "collector/rpc/sensor_desk.hpp"

#include "tests/collector/rpc/ingest_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

class SensorDeskTest : public testing::Test {
protected:
    void report(std::int32_t sensor, std::uint64_t records = 0) {
        SensorReport report{.sensorId = sensor, .arrivedAt = {}, .agentVersion = {}, .status = {}};
        report.status.set_spool_records(records);
        desk_.reported(report);
    }

    void listens(std::int32_t sensor, std::chrono::seconds at) {
        SensorReport report{.sensorId = sensor, .arrivedAt = day_ + at, .agentVersion = {}, .status = {}};
        auto& service = *report.status.add_services();
        service.set_protocol("ftp");
        service.set_actual(v1::ACTUAL_STATE_ON);
        auto& listen = *service.add_listens();
        listen.set_address(std::string("\x7f\x00\x00\x01", 4));
        listen.set_port(21);
        desk_.reported(report);
    }

    const std::chrono::sys_days day_{std::chrono::year(2026) / 11 / 26};
    test::FakeFleet fleet_;
    FleetHub hub_;
    std::vector<std::int32_t> revoked_;
    SensorDesk desk_{fleet_, fleet_, hub_, [this](std::int32_t sensor) { revoked_.push_back(sensor); }};
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

TEST_F(SensorDeskTest, StoresTheNewestReportOfEachSensor) {
    report(1, 10);
    report(1, 11);
    report(2, 20);
    desk_.work(start_);
    EXPECT_EQ(fleet_.stored.at(1).status.spool_records(), 11U);
    EXPECT_EQ(fleet_.stored.at(2).status.spool_records(), 20U);
}

TEST_F(SensorDeskTest, DoesNotLetOneReportHoldUpTheOthers) {
    fleet_.refusedReports = {2};
    for (const std::int32_t sensor : {1, 2, 3}) {
        report(sensor);
    }
    desk_.work(start_);
    desk_.work(start_ + 1s);
    EXPECT_TRUE(fleet_.stored.contains(3));
}

TEST_F(SensorDeskTest, OffersAReportAgainUnlessANewerOneCame) {
    fleet_.refusedReports = {1};
    report(1, 10);
    desk_.work(start_);
    report(1, 11);
    fleet_.refusedReports.clear();
    desk_.work(start_ + 1s);
    EXPECT_EQ(fleet_.stored.at(1).status.spool_records(), 11U);
}

TEST_F(SensorDeskTest, LooksForRevocationsEveryFourSeconds) {
    desk_.connected(1);
    desk_.work(start_);
    fleet_.shutOut = {1, 2};
    desk_.work(start_ + 3900ms);
    EXPECT_TRUE(revoked_.empty());
    desk_.work(start_ + 4s);
    EXPECT_EQ(revoked_, (std::vector<std::int32_t>{1}));
}

TEST_F(SensorDeskTest, FetchesWishesAtOnceForWhoConnects) {
    desk_.work(start_);
    fleet_.wishes[1].set_version(5);
    desk_.connected(1);
    desk_.work(start_ + 10ms);
    EXPECT_EQ(hub_.desiredFor(1)->version(), 5U);
}

TEST_F(SensorDeskTest, StoresWhatListenedWhateverBecomesOfReports) {
    fleet_.refusedReports = {1};
    desk_.work(start_);
    listens(1, 0s);
    listens(1, 5s);
    desk_.work(start_ + 9s);
    EXPECT_TRUE(fleet_.covered.empty());
    desk_.work(start_ + 10s);
    ASSERT_EQ(fleet_.covered.size(), 1U);
    EXPECT_EQ(fleet_.covered[0].minutes, std::uint64_t{1} << 59U);
    EXPECT_EQ(fleet_.covered[0].target.port, 21);
}

TEST_F(SensorDeskTest, StoresItLaterIfTheDatabaseDoesNotTakeIt) {
    listens(1, 0s);
    listens(1, 5s);
    fleet_.refusesCoverage = true;
    desk_.work(start_);
    fleet_.refusesCoverage = false;
    desk_.work(start_ + 10s);
    EXPECT_EQ(fleet_.covered.size(), 1U);
}

TEST_F(SensorDeskTest, KeepsTheTimesOfTwoStreamsApart) {
    listens(1, 0s);
    desk_.gone(1);
    listens(1, 5s);
    desk_.work(start_);
    EXPECT_TRUE(fleet_.covered.empty());
}

TEST_F(SensorDeskTest, StoresTheRestWhenItEnds) {
    desk_.work(std::chrono::steady_clock::now());
    listens(1, 0s);
    listens(1, 5s);
    desk_.stop();
    desk_.run();
    EXPECT_EQ(fleet_.covered.size(), 1U);
}

}  // namespace
}  // namespace apiary::collector
