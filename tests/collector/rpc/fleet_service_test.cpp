#include "proto/apiary/v1/fleet.grpc.pb.h"
#include "tests/collector/rpc/people_server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace apiary::test {
namespace {

using namespace std::chrono_literals;
using grpc::StatusCode;

class FleetServiceTest : public testing::Test {
protected:
    FleetServiceTest()
        : roof_(server_.addSensor("roof")), stub_(v1::Fleet::NewStub(server_.channel(Caller::Operator))) {}

    grpc::Status switchService(std::int32_t sensor, const std::string& service, bool on, std::uint64_t expected = 0) {
        v1::SwitchServiceRequest request;
        request.set_sensor_id(sensor);
        request.set_service(service);
        request.set_on(on);
        request.set_expected_version(expected);
        return stub_->SwitchService(server_.context().get(), request, &reply_);
    }

    void report(v1::ActualState ftp) {
        collector::SensorReport made{.sensorId = roof_,
                                     .arrivedAt = std::chrono::system_clock::now(),
                                     .clockOffsetMs = 0,
                                     .agentVersion = "1.2",
                                     .status = {}};
        auto& service = *made.status.add_services();
        service.set_name("ftp");
        service.set_protocol("ftp");
        service.set_desired(true);
        service.set_actual(ftp);
        made.status.set_applied_version(1);
        server_.hub.reportReceived(made);
    }

    PeopleServer server_;
    const std::int32_t roof_;
    std::unique_ptr<v1::Fleet::Stub> stub_;
    v1::SwitchServiceReply reply_;
};

TEST_F(FleetServiceTest, StoresAWishAndTellsTheSensorsStream) {
    std::atomic<std::uint64_t> heard = 0;
    const auto listener = server_.hub.onDesired(roof_, [&](const auto& desired) { heard = desired.version(); });
    ASSERT_TRUE(switchService(roof_, "ftp", false).ok());
    EXPECT_EQ(reply_.version(), 1U);
    EXPECT_EQ(heard, 1U);
    EXPECT_FALSE(server_.hub.desiredFor(roof_)->services(0).on());
    EXPECT_EQ(server_.database.ask("SELECT issued_by || ' ' || document::text FROM apiary.desired_state"),
              R"(operator {"services": {"ftp": false}})");
    EXPECT_EQ(server_.database.ask("SELECT operator || ' ' || action || ' ' || target || ' ' || new_value::text FROM "
                                   "apiary.audit_log WHERE NOT refused"),
              R"(operator switch_service sensor 1 {"on": false, "service": "ftp", "version": 1})");
}

TEST_F(FleetServiceTest, RefusesAWishThatWasMadeOnAnOlderState) {
    ASSERT_TRUE(switchService(roof_, "ftp", false).ok());
    ASSERT_TRUE(switchService(roof_, "telnet", true, 1).ok());
    const auto late = switchService(roof_, "ftp", true, 1);
    EXPECT_EQ(late.error_code(), StatusCode::FAILED_PRECONDITION);
    EXPECT_NE(late.error_message().find("newest version is 2"), std::string::npos) << late.error_message();
    EXPECT_EQ(server_.database.ask("SELECT count(*) FROM apiary.audit_log WHERE refused"), "1");
}

TEST_F(FleetServiceTest, SaysWhichSensorIsNotThere) {
    const auto status = switchService(roof_ + 1, "ftp", true);
    EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
    EXPECT_EQ(server_.database.ask("SELECT count(*) FROM apiary.audit_log WHERE refused"), "1");
}

TEST_F(FleetServiceTest, DescribesASensorFromStreamWishAndReport) {
    server_.hub.sensorConnected(roof_, "1.2", std::chrono::system_clock::now());
    report(v1::ACTUAL_STATE_ON);
    ASSERT_TRUE(switchService(roof_, "ftp", false).ok());
    v1::FleetState state;
    ASSERT_TRUE(stub_->ListSensors(server_.context().get(), {}, &state).ok());
    ASSERT_EQ(state.sensors_size(), 1);
    const auto& sensor = state.sensors(0);
    EXPECT_EQ(sensor.name(), "roof");
    EXPECT_TRUE(sensor.connected());
    EXPECT_EQ(sensor.version(), "1.2");
    EXPECT_EQ(sensor.desired_version(), 1U);
    ASSERT_EQ(sensor.services_size(), 1);
    EXPECT_FALSE(sensor.services(0).desired());  // the newest wish
    EXPECT_EQ(sensor.services(0).actual(), v1::ACTUAL_STATE_ON);
    EXPECT_EQ(sensor.health(), v1::SENSOR_HEALTH_DEGRADED);  // applied, it says, and is not
    EXPECT_EQ(sensor.health_reason(), "ftp is on and should be off");
}

TEST_F(FleetServiceTest, TellsTroublesAndBounds) {
    server_.hub.sensorConnected(roof_, "1.2", std::chrono::system_clock::now());
    collector::SensorReport made{.sensorId = roof_,
                                 .arrivedAt = std::chrono::system_clock::now(),
                                 .clockOffsetMs = 0,
                                 .agentVersion = "1.2",
                                 .status = {}};
    auto& bound = *made.status.add_bounds();
    bound.set_name("spool_bytes");
    bound.set_used(95);
    bound.set_limit(100);
    server_.hub.reportReceived(made);
    const auto before = server_.hub.revision();
    const std::vector<collector::Trouble> troubles{
        {.key = {.sensorId = roof_, .kind = collector::TroubleKind::OneSource, .service = "ftp", .subject = {}},
         .sensor = "roof",
         .since = std::chrono::system_clock::time_point(1234567us),
         .brief = "all come from 172.17.0.1",
         .remedy = "look"}};
    server_.hub.setTroubles(troubles);
    EXPECT_NE(server_.hub.revision(), before) << "watchers look again";
    v1::FleetState state;
    ASSERT_TRUE(stub_->ListSensors(server_.context().get(), {}, &state).ok());
    const auto& sensor = state.sensors(0);
    ASSERT_EQ(sensor.troubles_size(), 1);
    EXPECT_EQ(sensor.troubles(0).kind(), "one-source");
    EXPECT_EQ(sensor.troubles(0).service(), "ftp");
    EXPECT_EQ(sensor.troubles(0).since_us(), 1234567U);
    EXPECT_EQ(sensor.troubles(0).text(), "all come from 172.17.0.1: look");
    ASSERT_EQ(sensor.bounds_size(), 1);
    EXPECT_EQ(sensor.bounds(0).used(), 95U);
    EXPECT_EQ(sensor.health(), v1::SENSOR_HEALTH_DEGRADED);
    EXPECT_EQ(sensor.health_reason(), "ftp: all come from 172.17.0.1");
}

TEST_F(FleetServiceTest, TellsWatchersAtOnceAndOnEveryChange) {
    const auto context = server_.context();
    const auto reader = stub_->WatchFleet(context.get(), {});
    v1::FleetState state;
    ASSERT_TRUE(reader->Read(&state));
    EXPECT_EQ(state.sensors(0).health(), v1::SENSOR_HEALTH_OFFLINE);
    server_.hub.sensorConnected(roof_, "1.2", std::chrono::system_clock::now());
    ASSERT_TRUE(reader->Read(&state));
    EXPECT_TRUE(state.sensors(0).connected());
    report(v1::ACTUAL_STATE_FAILED);
    do {  // a state between the two changes may come first
        ASSERT_TRUE(reader->Read(&state));
    } while (state.sensors(0).health() != v1::SENSOR_HEALTH_DEGRADED);
    EXPECT_EQ(state.sensors(0).health_reason(), "ftp failed");
    context->TryCancel();
}

TEST_F(FleetServiceTest, BeatsWhenNothingChanges) {
    const auto context = server_.context();
    const auto reader = stub_->WatchFleet(context.get(), {});
    v1::FleetState first;
    ASSERT_TRUE(reader->Read(&first));
    for (int i = 0; i < collector::Ticker::kHeartbeat; ++i) {
        server_.ticker.tick(std::chrono::system_clock::now());
    }
    v1::FleetState second;
    ASSERT_TRUE(reader->Read(&second));
    EXPECT_GT(second.at_us(), first.at_us());
    context->TryCancel();
}

TEST_F(FleetServiceTest, EndsAStreamWhoseCertificateHasExpired) {
    const auto context = server_.context();
    const auto reader = stub_->WatchFleet(context.get(), {});
    v1::FleetState state;
    ASSERT_TRUE(reader->Read(&state));
    server_.ticker.tick(std::chrono::system_clock::now() + 366 * 24h);
    while (reader->Read(&state)) {
    }
    EXPECT_EQ(reader->Finish().error_code(), StatusCode::UNAUTHENTICATED);
}

TEST_F(FleetServiceTest, TroublesOfTheCollectorStandWithEverySensorAndMakeNoneUnhealthy) {
    server_.addSensor("cellar");
    server_.hub.setOwnTroubles({{.key = {.kind = collector::TroubleKind::Database, .service = {}, .subject = "full"},
                                 .sensor = {},
                                 .severity = collector::Severity::Critical,
                                 .since = std::chrono::system_clock::time_point(1234567us),
                                 .brief = "no record is taken",
                                 .remedy = "make room"}});
    server_.hub.setTroubles({});
    v1::FleetState state;
    ASSERT_TRUE(stub_->ListSensors(server_.context().get(), {}, &state).ok());
    ASSERT_EQ(state.sensors_size(), 2);
    for (const auto& sensor : state.sensors()) {
        ASSERT_EQ(sensor.troubles_size(), 1) << sensor.name();
        EXPECT_EQ(sensor.troubles(0).kind(), "database");
        EXPECT_EQ(sensor.troubles(0).text(), "no record is taken: make room");
        EXPECT_EQ(sensor.health(), v1::SENSOR_HEALTH_OFFLINE) << "it never came";
        EXPECT_EQ(sensor.health_reason(), "it has never connected");
    }
}

TEST_F(FleetServiceTest, GoesOnWithTheSensorsAsTheyWereWhileTheDatabaseIsAway) {
    const auto context = server_.context();
    const auto stream = stub_->WatchFleet(context.get(), {});
    v1::FleetState state;
    ASSERT_TRUE(stream->Read(&state));
    server_.database.ask(
        "UPDATE pg_database SET datallowconn = false WHERE datname = current_database(); "
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
        "pid <> pg_backend_pid()");
    server_.hub.setOwnTroubles({{.key = {.kind = collector::TroubleKind::Database, .service = {}, .subject = "away"},
                                 .sensor = {},
                                 .since = std::chrono::system_clock::time_point(1234567us),
                                 .brief = "it does not answer",
                                 .remedy = "look"}});
    do {
        ASSERT_TRUE(stream->Read(&state));
    } while (state.sensors(0).troubles_size() == 0);
    EXPECT_EQ(state.sensors(0).name(), "roof");
    EXPECT_EQ(state.sensors(0).troubles(0).text(), "it does not answer: look");
    context->TryCancel();
}

}  // namespace
}  // namespace apiary::test
