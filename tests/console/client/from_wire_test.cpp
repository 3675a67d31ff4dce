#include "console/client/from_wire.hpp"

#include <gtest/gtest.h>

namespace apiary::console {
namespace {

using namespace Qt::Literals::StringLiterals;

v1::LiveBatch batchOf(int sessions) {
    v1::LiveBatch batch;
    for (int i = 0; i < sessions; ++i) {
        batch.add_ended()->set_session_id("x");
    }
    return batch;
}

TEST(FromWireTest, WritesAddressesOfBothFamilies) {
    v1::SessionRow row;
    row.mutable_source()->set_address("\xcb\x00\x71\x07", 4);
    row.mutable_source()->set_port(40'001);
    row.mutable_target()->set_address(std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + '\x01');
    const SessionRow value = fromWire(row);
    EXPECT_EQ(value.source, u"203.0.113.7"_s);
    EXPECT_EQ(value.sourcePort, 40'001);
    EXPECT_EQ(value.target, u"2001:db8::1"_s);
}

TEST(FromWireTest, TakesAnAddressOfNoFamily) {
    v1::SessionRow row;
    row.mutable_source()->set_address("abc");
    EXPECT_EQ(fromWire(row).source, u"::"_s);
}

TEST(FromWireTest, TakesAProbeAndHowManyThereAre) {
    v1::ListProbesReply reply;
    auto& row = *reply.add_rows();
    row.set_probe_id("0123456789abcdef");
    row.set_started_at_us(7);
    row.mutable_source()->set_address("\xcb\x00\x71\x07", 4);
    row.set_kind("icmp");
    row.set_packets(300);
    reply.set_probes(41);
    reply.set_more(true);
    const ProbePage page = fromWire(reply);
    EXPECT_TRUE(page.more);
    EXPECT_EQ(page.probes, 41U);
    EXPECT_EQ(page.rows[0].id, "0123456789abcdef");
    EXPECT_EQ(page.rows[0].startedUs, 7);
    EXPECT_EQ(page.rows[0].source, u"203.0.113.7"_s);
    EXPECT_EQ(page.rows[0].targetPort, 0);
    EXPECT_EQ(page.rows[0].packets, 300U);
}

TEST(FromWireTest, TakesWhereASourceIs) {
    v1::TopNReply reply;
    auto& entry = *reply.add_entries();
    entry.set_country("NL");
    entry.set_network_name("Example Research");
    EXPECT_EQ(fromWire(reply)[0].country, u"NL"_s);
    EXPECT_EQ(fromWire(reply)[0].networkName, u"Example Research"_s);
}

TEST(FromWireTest, KeepsAttackersBytesAsBytes) {
    v1::SessionDetail detail;
    detail.add_events()->set_bytes(std::string("\xff\x00\x1b", 3));
    EXPECT_EQ(fromWire(detail).events[0].bytes, QByteArray("\xff\x00\x1b", 3));
}

TEST(FromWireTest, TakesAStateItDoesNotKnowAsUnknown) {
    v1::FleetState state;
    auto* service = state.add_sensors()->add_services();
    service->set_actual(static_cast<v1::ActualState>(77));
    EXPECT_EQ(fromWire(state)[0].services[0].actual, Actual::Unknown);
}

TEST(FromWireTest, TakesTheSelfTestOfAService) {
    v1::FleetState state;
    auto* sensor = state.add_sensors();
    sensor->add_services();
    auto& test = *sensor->add_services()->mutable_self_test();
    test.set_at_us(17);
    test.set_step("record");
    const auto services = fromWire(state)[0].services;
    EXPECT_FALSE(services[0].selfTest);
    ASSERT_TRUE(services[1].selfTest);
    EXPECT_EQ(services[1].selfTest->atUs, 17);
    EXPECT_FALSE(services[1].selfTest->passed);
    EXPECT_EQ(services[1].selfTest->step, u"record"_s);
}

TEST(FromWireTest, TakesWhatWasCovered) {
    v1::SeriesReply reply;
    reply.add_covered(0);
    reply.add_covered(1000);
    EXPECT_EQ(fromWire(reply).covered, (QList<quint32>{0, 1000}));
    v1::ActivityReply activity;
    activity.add_covered(0);
    activity.add_covered(1000);
    EXPECT_EQ(fromWire(activity).covered, (QList<quint32>{0, 1000}));
    EXPECT_TRUE(fromWire(activity).silentAt(0));
    EXPECT_FALSE(fromWire(activity).silentAt(1));
}

TEST(FromWireTest, WritesWhatAFilterLeavesOut) {
    SessionFilter filter;
    filter.loginTried = true;
    filter.without.targetPorts = {23};
    filter.without.protocols = {u"ftp"_s};
    filter.without.sensorIds = {7};
    filter.without.sourceIsNew = true;
    const v1::SessionFilter wire = toWire(filter);
    EXPECT_TRUE(wire.login_tried());
    EXPECT_EQ(wire.target_ports_size(), 0);
    EXPECT_EQ(wire.without().target_ports(0), 23U);
    EXPECT_EQ(wire.without().protocols(0), "ftp");
    EXPECT_EQ(wire.without().sensor_ids(0), 7);
    EXPECT_TRUE(wire.without().source_is_new());
    EXPECT_FALSE(toWire(SessionFilter{}).has_without());
}

TEST(FromWireTest, KnowsTheFirstLoginOnlyIfItCame) {
    v1::SessionRow row;
    row.set_credentials(2);
    EXPECT_FALSE(fromWire(row).firstLogin);
    row.set_first_username("");
    row.set_first_secret("x");
    EXPECT_EQ(fromWire(row).firstLogin, std::pair(QString(), u"x"_s));
}

TEST(FromWireTest, TakesTheNetworkOfTheSource) {
    v1::SessionRow row;
    row.set_network(64500);
    row.set_network_name("Example, Inc.");
    EXPECT_EQ(fromWire(row).network, 64500U);
    EXPECT_EQ(fromWire(row).networkName, u"Example, Inc."_s);
}

TEST(FromWireTest, AsksForSourcesByTheHour) {
    Scope scope;
    scope.toUs = 24 * 3'600'000'000;
    EXPECT_EQ(stepUs(scope, SeriesField::Sources), 3'600'000'000U);
    EXPECT_EQ(stepUs(scope, SeriesField::Sessions), 0U);
    scope.toUs = 900'000'000;
    EXPECT_EQ(stepUs(scope, SeriesField::NewSources), 0U);
}

TEST(FromWireTest, SortsSensorsByName) {
    v1::FleetState state;
    state.add_sensors()->set_name("b");
    state.add_sensors()->set_name("a");
    EXPECT_EQ(fromWire(state)[0].name, u"a"_s);
}

TEST(FromWireTest, TakesTroublesAndBoundsOfASensor) {
    v1::FleetState state;
    v1::Sensor& sensor = *state.add_sensors();
    v1::Trouble& trouble = *sensor.add_troubles();
    trouble.set_kind("one-source");
    trouble.set_service("ftp");
    trouble.set_since_us(5);
    trouble.set_text("look");
    v1::Bound& bound = *sensor.add_bounds();
    bound.set_name("spool_bytes");
    bound.set_used(1);
    bound.set_limit(2);
    bound.set_lost(3);
    bound.set_full_at_us(4);
    const Sensor value = fromWire(state)[0];
    EXPECT_EQ(value.troubles, (QList<Trouble>{{u"one-source"_s, u"ftp"_s, 5, u"look"_s}}));
    EXPECT_EQ(value.bounds, (QList<Bound>{{u"spool_bytes"_s, 1, 2, 3, 4}}));
}

TEST(FromWireTest, MergedBatchesAreBoundedAndSayWhatIsMissing) {
    LiveBatch pending = fromWire(batchOf(900));
    merge(pending, fromWire(batchOf(300)));
    EXPECT_EQ(pending.ended.size(), kLiveRows);
    EXPECT_EQ(pending.notShown, 200U);
}

}  // namespace
}  // namespace apiary::console
