#include "collector/rpc/ingest_service.hpp"

#include "tests/collector/rpc/ingest_server.hpp"
#include "tests/support/recorded_session.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using test::IngestServer;
using test::SensorEnd;
using test::TestSpool;

const Uuid kSensor = TestSpool(77).id();
constexpr std::int32_t kNumber = 5;

/// A spool with a session of an hour ago, `packets` long.
TestSpool spoolOf(std::size_t packets, std::size_t length = 10) {
    TestSpool spool(1);
    test::RecordedSession session(
        {.start = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()) - 1h});
    for (std::size_t i = 0; i < packets; ++i) {
        session.received(std::string(length, 'x'));
    }
    spool.append(session.close());
    return spool;
}

v1::DesiredState wish(std::uint64_t version) {
    v1::DesiredState desired;
    desired.set_version(version);
    return desired;
}

class IngestServiceTest : public testing::Test {
protected:
    explicit IngestServiceTest(IngestHub::Settings settings = {.firstPause = 1ms, .longestPause = 1ms})
        : server_(settings) {
        server_.sink.enrol(kSensor, kNumber);
    }

    /// Ticks until it is destroyed: a stream may not have begun, or not have written yet.
    std::jthread tickAt(std::chrono::system_clock::time_point time) {
        return std::jthread([this, time](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                server_.ticker.tick(time);
                std::this_thread::yield();
            }
        });
    }

    IngestServer server_;
};

TEST_F(IngestServiceTest, WelcomesASensorWithWhatIsCommitted) {
    const TestSpool spool = spoolOf(1);
    server_.sink.setPosition(spool.id(), 0, 41);
    SensorEnd sensor(server_.sensorChannel(kSensor));
    const v1::Welcome welcome = sensor.greet(spool.id());
    ASSERT_EQ(welcome.lanes_size(), 1);
    EXPECT_EQ(welcome.lanes(0).last_seq(), 41U);
    EXPECT_EQ(server_.fleet.presences().at(kNumber).version, "1.2.3");
}

TEST_F(IngestServiceTest, HasWhatTheSensorDoesNotKnowToBeCommittedSentAgain) {
    const TestSpool spool = spoolOf(1);
    server_.sink.setPosition(spool.id(), 0, 41);
    EXPECT_EQ(SensorEnd(server_.sensorChannel(kSensor)).greet(spool.id(), 31, 60).lanes(0).last_seq(), 30U);
    EXPECT_EQ(SensorEnd(server_.sensorChannel(kSensor)).greet(spool.id(), 61, 60).lanes(0).last_seq(), 41U)
        << "the database was set back: the sensor is told so";
    EXPECT_EQ(SensorEnd(server_.sensorChannel(kSensor)).greet(spool.id(), 20, 40).lanes(0).last_seq(), 41U)
        << "the spool was: likewise";
}

TEST_F(IngestServiceTest, ASpoolThatContradictsWhatIsStoredIsToTakeANewId) {
    const TestSpool spool = spoolOf(1);
    server_.sink.setPosition(spool.id(), 0, static_cast<std::int64_t>(spool.last()));
    server_.sink.hearOfNothing(true);
    SensorEnd sensor(server_.sensorChannel(kSensor));
    EXPECT_EQ(sensor.greet(spool.id(), 1, 10).lanes(0).last_seq(), 0U);
    sensor.send(spool.all());
    const grpc::Status status = sensor.end();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_NE(status.error_message().find("set back to an older state"), std::string::npos) << status.error_message();
    EXPECT_EQ(SensorEnd(server_.sensorChannel(kSensor)).greet(spool.id(), 1, 10).lanes(0).last_seq(), 11U)
        << "a number that it never gave out";
}

TEST_F(IngestServiceTest, AcknowledgesWhatIsCommitted) {
    const TestSpool spool = spoolOf(3);
    SensorEnd sensor(server_.sensorChannel(kSensor));
    sensor.greet(spool.id());
    sensor.send(spool.all());
    EXPECT_EQ(sensor.next().ack().last_seq(), spool.last());
    EXPECT_EQ(server_.sink.committed(spool.id()), static_cast<std::int64_t>(spool.last()));
}

TEST_F(IngestServiceTest, AcknowledgesNothingBeforeTheCommit) {
    const TestSpool spool = spoolOf(3);
    SensorEnd sensor(server_.sensorChannel(kSensor));
    sensor.greet(spool.id());
    server_.sink.hold(true);
    sensor.send(spool.all());
    server_.sink.awaitWrites(1);
    server_.fleet.setDesired(kNumber, wish(1));
    EXPECT_TRUE(sensor.next().has_desired());  // and no acknowledgement before it
    server_.sink.hold(false);
    EXPECT_TRUE(sensor.next().has_ack());
}

TEST_F(IngestServiceTest, RefusesAnOperatorsCertificate) {
    SensorEnd person(server_.operatorChannel());
    person.hello(spoolOf(1).id());
    const grpc::Status status = person.end();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_NE(status.error_message().find("operator's certificate"), std::string::npos);
}

TEST_F(IngestServiceTest, RefusesASensorThatNobodyKnows) {
    SensorEnd stranger(server_.sensorChannel(TestSpool(99).id()));
    stranger.hello(spoolOf(1).id());
    const grpc::Status status = stranger.end();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(status.error_message(), "not admitted: nobody knows it");
}

TEST_F(IngestServiceTest, RefusesASensorThatIsRevoked) {
    server_.sink.revoke(kSensor);
    SensorEnd sensor(server_.sensorChannel(kSensor));
    sensor.hello(spoolOf(1).id());
    EXPECT_EQ(sensor.end().error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(IngestServiceTest, EndsTheStreamOfASensorThatIsRevokedMeanwhile) {
    SensorEnd sensor(server_.sensorChannel(kSensor));
    sensor.greet(spoolOf(1).id());
    const auto start = std::chrono::steady_clock::now();
    server_.desk.work(start);
    server_.wanted.shutOut.insert(kNumber);
    server_.desk.work(start + 4s);
    const grpc::Status status = sensor.end();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(status.error_message(), "this sensor is revoked");
}

TEST_F(IngestServiceTest, EndsTheStreamWhenTheCertificateExpires) {
    SensorEnd sensor(server_.sensorChannel(kSensor));
    sensor.greet(spoolOf(1).id());
    server_.ticker.tick(std::chrono::system_clock::now() + 364 * 24h);
    server_.ticker.tick(std::chrono::system_clock::now() + 366 * 24h);
    EXPECT_EQ(sensor.end().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(IngestServiceTest, EndsAStreamThatSaysNothing) {
    SensorEnd silent(server_.sensorChannel(kSensor));
    const std::jthread ticking = tickAt(std::chrono::system_clock::now() + 1min);
    EXPECT_EQ(silent.end().error_message(), "no hello came");
}

TEST_F(IngestServiceTest, LetsANewerStreamReplaceTheOlder) {
    const TestSpool spool = spoolOf(3);
    SensorEnd older(server_.sensorChannel(kSensor));
    older.greet(spool.id());
    SensorEnd newer(server_.sensorChannel(kSensor));
    newer.greet(spool.id());
    EXPECT_EQ(older.end().error_code(), grpc::StatusCode::ABORTED);
    newer.send(spool.all());
    EXPECT_TRUE(newer.next().has_ack());
    EXPECT_TRUE(server_.fleet.presences().at(kNumber).connected());
}

TEST_F(IngestServiceTest, EndsAStreamThatLeavesAHole) {
    const TestSpool spool = spoolOf(5);
    SensorEnd sensor(server_.sensorChannel(kSensor));
    sensor.greet(spool.id());
    sensor.send(spool.batch(3, spool.last()));
    const grpc::Status status = sensor.end();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_NE(status.error_message().find("where 1 was due"), std::string::npos);
    EXPECT_EQ(server_.sink.committed(spool.id()), 0);
}

TEST_F(IngestServiceTest, EndsAStreamThatSendsBeforeItIsWelcome) {
    SensorEnd sensor(server_.sensorChannel(kSensor));
    sensor.send(spoolOf(1).all());
    EXPECT_EQ(sensor.end().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(IngestServiceTest, EndsAStreamWhoseBatchIsNone) {
    SensorEnd sensor(server_.sensorChannel(kSensor));
    sensor.greet(spoolOf(1).id());
    sensor.send(v1::Batch{});
    EXPECT_EQ(sensor.end().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(IngestServiceTest, PassesAWishOnAtOnce) {
    SensorEnd sensor(server_.sensorChannel(kSensor));
    sensor.greet(spoolOf(1).id());
    server_.fleet.setDesired(kNumber, wish(3));
    EXPECT_EQ(sensor.next().desired().version(), 3U);
}

TEST_F(IngestServiceTest, SaysWhatIsWantedToWhoComesLater) {
    server_.fleet.setDesired(kNumber, wish(3));
    SensorEnd sensor(server_.sensorChannel(kSensor));
    sensor.greet(spoolOf(1).id());
    EXPECT_EQ(sensor.next().desired().version(), 3U);
}

TEST_F(IngestServiceTest, FetchesWhatIsWantedWhenASensorConnects) {
    server_.wanted.wishes[kNumber] = wish(7);
    SensorEnd sensor(server_.sensorChannel(kSensor));
    sensor.greet(spoolOf(1).id());
    server_.desk.work(std::chrono::steady_clock::now());
    EXPECT_EQ(sensor.next().desired().version(), 7U);
}

TEST_F(IngestServiceTest, TellsFleetAndDatabaseWhatASensorReports) {
    const TestSpool spool = spoolOf(1);
    SensorEnd sensor(server_.sensorChannel(kSensor));
    sensor.greet(spool.id());
    v1::SensorStatus status;
    status.set_spool_records(12);
    status.set_spool_oldest_us(~std::uint64_t{0});  // no time that a database has
    sensor.send(status);
    sensor.send(spool.all());
    sensor.next();  // the acknowledgement: the status was read before
    server_.desk.work(std::chrono::steady_clock::now());
    EXPECT_EQ(server_.fleet.presences().at(kNumber).report->status.spool_records(), 12U);
    EXPECT_LT(server_.wanted.stored.at(kNumber).status.spool_oldest_us(), std::uint64_t{1} << 62U);
}

TEST_F(IngestServiceTest, SendsSensorsAwayWhileThereIsNoDatabase) {
    server_.sink.takeAway(true);
    SensorEnd waiting(server_.sensorChannel(kSensor));
    waiting.hello(spoolOf(1).id());
    server_.sink.awaitAdmissions(2);  // it failed, and is tried again
    SensorEnd sensor(server_.sensorChannel(kSensor));
    sensor.hello(spoolOf(1).id());
    EXPECT_EQ(sensor.end().error_code(), grpc::StatusCode::UNAVAILABLE);
    server_.sink.takeAway(false);
    EXPECT_TRUE(waiting.next().has_welcome());
}

TEST_F(IngestServiceTest, EndsStreamsWhenItCloses) {
    SensorEnd sensor(server_.sensorChannel(kSensor));
    sensor.greet(spoolOf(1).id());
    server_.service.close();
    const std::jthread ticking = tickAt(std::chrono::system_clock::now());
    EXPECT_EQ(sensor.end().error_code(), grpc::StatusCode::UNAVAILABLE);
}

/// The hub's queue is full with the first batch that waits.
class FullIngestServiceTest : public IngestServiceTest {
protected:
    FullIngestServiceTest() : IngestServiceTest({.queueBytes = 1}) {}
};

TEST_F(FullIngestServiceTest, ReadsOnWheneverThereIsRoom) {
    const TestSpool spool = spoolOf(100);
    SensorEnd sensor(server_.sensorChannel(kSensor));
    sensor.greet(spool.id());
    for (std::uint64_t seq = 1; seq <= spool.last(); ++seq) {
        sensor.send(spool.batch(seq, seq));
    }
    std::uint64_t acknowledged = 0;
    while (acknowledged < spool.last()) {
        const v1::ToSensor message = sensor.next();
        ASSERT_TRUE(message.has_ack());
        acknowledged = message.ack().last_seq();
    }
}

TEST_F(FullIngestServiceTest, ReadsNoFurtherWhileTheDatabaseIsSlow) {
    constexpr std::size_t kBatches = 64;
    const TestSpool spool = spoolOf(64 * kBatches, 16384);  // 1 MiB a batch: more than any window of the transport
    SensorEnd sensor(server_.sensorChannel(kSensor), 1500ms);
    sensor.greet(spool.id());
    server_.sink.hold(true);
    std::size_t taken = 0;
    for (std::uint64_t first = 1; sensor.send(spool.batch(first, first + 63)); first += 64) {
        ASSERT_LT(++taken, kBatches);
    }
    EXPECT_GT(taken, 1U);
}

}  // namespace
}  // namespace apiary::collector
