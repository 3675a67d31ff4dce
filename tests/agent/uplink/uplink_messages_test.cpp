#include "agent/uplink/uplink_messages.hpp"

#include "common/net/address.hpp"
#include "proto/apiary/v1/session.pb.h"
#include "tests/agent/uplink/fake_spool.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

constexpr std::chrono::system_clock::time_point kNow{std::chrono::seconds(1'500'000'000)};
constexpr std::uint64_t kNowUs = 1'500'000'000'000'000;

class FakeServices final : public ServiceControl {
public:
    void apply(const DesiredServices&) override {}
    std::uint64_t appliedVersion() const override { return 4; }
    std::vector<ServiceReport> reports() const override {
        ServiceReport report;
        report.name = "ftp";
        report.protocol = "ftp";
        report.listens = {*parseEndpoint("192.0.2.1:21"), *parseEndpoint("[2001:db8::1]:21")};
        report.desired = true;
        report.actual = ServiceReport::Actual::Failed;
        report.reason = "port in use";
        report.openSessions = 1;
        report.sessions = 2;
        report.refused = 3;
        return {report};
    }
};

TEST(UplinkMessagesTest, HelloSaysWhereEachLaneStands) {
    FakeSpool spool;
    spool.add(5);
    spool.acknowledge(0, 2);
    spool.openLane();
    const auto message = helloMessage(spool, Uuid::v4({9}), "1.2", kNow);
    ASSERT_EQ(message.hello().lanes_size(), 2);
    EXPECT_EQ(message.hello().lanes(0).first_unacknowledged(), 3U);
    EXPECT_EQ(message.hello().lanes(0).last(), 5U);
    EXPECT_EQ(message.hello().lanes(1).first_unacknowledged(), 1U);
    EXPECT_EQ(message.hello().lanes(1).last(), 0U);
    EXPECT_EQ(message.hello().spool_id(), spool.id().view());
    EXPECT_EQ(message.hello().clock_us(), kNowUs);
    EXPECT_EQ(message.hello().version(), "1.2");
}

TEST(UplinkMessagesTest, HelloLeavesOutLanesThatAreOver) {
    FakeSpool spool;
    spool.add(5);
    spool.acknowledge(0, 5);
    spool.openLane();
    const auto message = helloMessage(spool, Uuid::v4({9}), "1.2", kNow);
    ASSERT_EQ(message.hello().lanes_size(), 1);
    EXPECT_EQ(message.hello().lanes(0).lane(), 1U);
}

TEST(UplinkMessagesTest, BatchCarriesRowsAsTheyAreAndAHoleAsAGap) {
    OutgoingBatch batch{.lane = 3, .first = 5, .last = 9, .items = {}};
    batch.items.push_back({5, 8, std::nullopt});
    batch.items.push_back({9, 9, SpoolRow{.seq = 9, .seqEnd = 9, .session = {}, .body = std::string("a\0b", 3)}});
    const auto message = batchMessage(std::move(batch), kNow);
    const v1::Batch& wire = message.batch();
    EXPECT_EQ(wire.lane(), 3U);
    EXPECT_EQ(wire.first_seq(), 5U);
    EXPECT_EQ(wire.last_seq(), 9U);
    ASSERT_EQ(wire.entries_size(), 2);
    EXPECT_EQ(wire.entries(1).record(), std::string("a\0b", 3));
    v1::Record record;
    ASSERT_TRUE(record.ParseFromString(wire.entries(0).record()));
    EXPECT_EQ(record.gap().what(), "restore");
    EXPECT_EQ(record.gap().records(), 4U);
    EXPECT_EQ(record.at_us(), kNowUs);
}

TEST(UplinkMessagesTest, StatusTellsOfEveryService) {
    FakeSpool spool;
    spool.add(2);
    const auto message = statusMessage(spool, FakeServices(), kNow);
    const v1::SensorStatus& status = message.status();
    EXPECT_EQ(status.applied_version(), 4U);
    EXPECT_EQ(status.spool_records(), 2U);
    ASSERT_EQ(status.services_size(), 1);
    const v1::ServiceStatus& service = status.services(0);
    EXPECT_EQ(service.actual(), v1::ACTUAL_STATE_FAILED);
    EXPECT_EQ(service.reason(), "port in use");
    ASSERT_EQ(service.listens_size(), 2);
    EXPECT_EQ(service.listens(0).address(), std::string("\xc0\x00\x02\x01", 4));
    EXPECT_EQ(service.listens(1).address().size(), 16U);
    EXPECT_EQ(service.refused(), 3U);
}

TEST(UplinkMessagesTest, StatusTellsOfTheBounds) {
    v1::SensorStatus status;
    addBounds(status, {{.name = "spool_bytes", .used = 1, .limit = 4, .lost = 2, .fullAt = kNow, .keptSince = {}},
                       {.name = "connections", .used = 3, .limit = 5, .lost = 0, .fullAt = {}, .keptSince = {}}});
    ASSERT_EQ(status.bounds_size(), 2);
    EXPECT_EQ(status.bounds(0).name(), "spool_bytes");
    EXPECT_EQ(status.bounds(0).used(), 1U);
    EXPECT_EQ(status.bounds(0).limit(), 4U);
    EXPECT_EQ(status.bounds(0).lost(), 2U);
    EXPECT_EQ(status.bounds(0).full_at_us(), kNowUs);
    EXPECT_EQ(status.bounds(1).full_at_us(), 0U);
}

TEST(UplinkMessagesTest, NumbersTheActualStatesAsTheWireDoes) {
    EXPECT_EQ(static_cast<int>(ServiceReport::Actual::Off), v1::ACTUAL_STATE_OFF);
    EXPECT_EQ(static_cast<int>(ServiceReport::Actual::Starting), v1::ACTUAL_STATE_STARTING);
    EXPECT_EQ(static_cast<int>(ServiceReport::Actual::On), v1::ACTUAL_STATE_ON);
    EXPECT_EQ(static_cast<int>(ServiceReport::Actual::Failed), v1::ACTUAL_STATE_FAILED);
    EXPECT_EQ(static_cast<int>(ServiceReport::Actual::Draining), v1::ACTUAL_STATE_DRAINING);
}

TEST(UplinkMessagesTest, UnderstandsTheWelcomeAndTheWish) {
    v1::Welcome welcome;
    welcome.add_lanes()->set_last_seq(7);
    EXPECT_EQ(positionsOf(welcome).at(0).last, 7U);
    v1::DesiredState state;
    state.set_version(3);
    auto& service = *state.add_services();
    service.set_name("ftp");
    service.set_on(true);
    const DesiredServices desired = desiredOf(state);
    EXPECT_EQ(desired.version, 3U);
    EXPECT_EQ(desired.on, (std::vector<std::pair<std::string, bool>>{{"ftp", true}}));
}

}  // namespace
}  // namespace apiary::agent::test
