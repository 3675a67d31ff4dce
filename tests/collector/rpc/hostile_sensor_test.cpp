/// A sensor with a valid certificate that lies, floods and breaks off, beside one that does its work: over mTLS, with
/// the hub, the store and PostgreSQL. Whatever it does is refused or put aside with a reason, and the other one's
/// sessions are all there, once.

#include "tests/collector/rpc/hostile_sensor.hpp"

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using test::recordedNow;
using test::RecordedSession;
using test::SensorEnd;
using test::sessionOf;
using test::TestSpool;

constexpr std::int64_t kMostOpen = 200;

class HostileSensorTest : public test::HostileSensorFixture {
protected:
    HostileSensorTest() : HostileSensorFixture({.openSessions = kMostOpen}) {}
};

TEST_F(HostileSensorTest, IsCutOffWhenAMessageIsTooLarge) {
    TestSpool spool(1);
    spool.appendRaw(std::string(5 << 20, 'x'));
    SensorEnd end = hostile();
    end.greet(spool.id());
    end.send(spool.all());
    const grpc::Status status = end.end();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_NE(status.error_message().find("larger than max"), std::string::npos);
    expectTheOtherUnharmed();
}

TEST_F(HostileSensorTest, IsCutOffWhenABatchHasTooManyEntries) {
    TestSpool spool(1);
    for (int i = 0; i < 10'001; ++i) {
        spool.appendRaw("");
    }
    SensorEnd end = hostile();
    end.greet(spool.id());
    end.send(spool.all());
    EXPECT_EQ(end.end().error_message(), "a bad batch: a batch of 10001 entries");
    expectTheOtherUnharmed();
}

TEST_F(HostileSensorTest, IsCutOffWhenItsHelloIsAbsurd) {
    const auto answer = [&](auto change) {
        v1::Hello hello;
        hello.set_spool_id(std::string(TestSpool(1).id().view()));
        change(hello);
        SensorEnd end = hostile();
        end.hello(hello);
        const grpc::Status status = end.end();
        EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
        return status.error_message();
    };
    EXPECT_EQ(answer([](v1::Hello& h) { h.clear_spool_id(); }), "a spool id that is no UUID");
    EXPECT_EQ(answer([](v1::Hello& h) { h.add_lanes()->set_lane(32'768); }), "a lane beyond 32767");
    EXPECT_EQ(answer([](v1::Hello& h) {
                  for (std::uint32_t lane = 0; lane <= 1000; ++lane) {
                      h.add_lanes()->set_lane(lane);
                  }
              }),
              "more than 1000 lanes");
    SensorEnd twice = hostile();
    twice.greet(TestSpool(1).id());
    twice.hello(TestSpool(2).id());
    EXPECT_EQ(twice.end().error_message(), "a second hello");
    expectTheOtherUnharmed();
}

TEST_F(HostileSensorTest, GainsNothingByAbsurdNumbersInItsHello) {
    TestSpool spool(1);
    spool.append(sessionOf(1).close());
    for (const std::uint64_t most : {std::uint64_t{0}, ~std::uint64_t{0}}) {
        v1::Hello hello;
        hello.set_spool_id(std::string(spool.id().view()));
        hello.set_boot_nonce(std::string(100'000, 'n'));
        hello.set_version(std::string(100'000, '\n'));
        hello.set_clock_us(most);
        v1::LaneState& lane = *hello.add_lanes();
        lane.set_first_unacknowledged(most);
        lane.set_last(most);
        SensorEnd end = hostile();
        end.hello(hello);
        ASSERT_TRUE(end.next().has_welcome());
        end.send(spool.all());
        EXPECT_EQ(end.next().ack().last_seq(), spool.last());
    }
    EXPECT_EQ(count("session", of("hostile")), "1");
    expectTheOtherUnharmed();
}

TEST_F(HostileSensorTest, IsCutOffWhenItReportsTooManyServicesOrAddresses) {
    v1::SensorStatus status;
    for (int i = 0; i <= 1000; ++i) {
        status.add_services();
    }
    SensorEnd end = hostile();
    end.greet(TestSpool(1).id());
    end.send(status);
    EXPECT_EQ(end.end().error_message(), "more than 1000 services");

    status.clear_services();
    for (int i = 0; i < 3; ++i) {
        v1::ServiceStatus& service = *status.add_services();
        for (int j = 0; j < 2000; ++j) {
            service.add_listens();
        }
    }
    SensorEnd wide = hostile();
    wide.greet(TestSpool(1).id());
    wide.send(status);
    EXPECT_EQ(wide.end().error_message(), "more than 5000 addresses");
    expectTheOtherUnharmed();
}

TEST_F(HostileSensorTest, HoldsNothingUpByComingAgainAndAgain) {
    TestSpool spool(1);
    spool.append(sessionOf(1).close());
    for (int i = 0; i < 30; ++i) {
        SensorEnd end = hostile();
        end.greet(spool.id());
        ASSERT_TRUE(end.send(spool.all()));  // the same each time, and gone before the answer
    }
    sendAll(spool);
    EXPECT_EQ(count("session", of("hostile")), "1");
    EXPECT_EQ(count("quarantine", of("hostile")), "0");
    expectTheOtherUnharmed();
}

TEST_F(HostileSensorTest, IsCutOffWhenItsNumbersJump) {
    TestSpool spool(1);
    spool.append(sessionOf(1).close());
    SensorEnd jumping = hostile();
    jumping.greet(spool.id());
    jumping.send(spool.batch(3, spool.last()));
    EXPECT_EQ(jumping.end().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    v1::Batch untrue = spool.all();
    untrue.mutable_entries(1)->set_seq_end(1ULL << 63U);
    SensorEnd lying = hostile();
    lying.greet(spool.id());
    lying.send(untrue);
    EXPECT_EQ(lying.end().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(count("session", of("hostile")), "0");
    expectTheOtherUnharmed();
}

TEST_F(HostileSensorTest, HasItsAbsurdRecordsPutAside) {
    TestSpool spool(1);
    RecordedSession session = sessionOf(1);
    spool.append(session);
    const auto absurd = [&](auto change) {
        v1::Record record = session.records()[1];
        record.set_seq(100 + static_cast<std::uint32_t>(spool.last()));
        change(record);
        spool.append(record);
    };
    spool.appendRaw("\xff\xff no record");
    absurd([](v1::Record& r) { r.set_session_id("short"); });
    absurd([](v1::Record& r) { r.mutable_packet()->set_bytes(std::string(1 << 20, 'x')); });
    absurd([](v1::Record& r) { r.clear_what(); });
    absurd([](v1::Record& r) { r.mutable_probe()->set_probe_id("x"); });
    absurd([](v1::Record& r) { r.mutable_gap()->set_what("everything"); });
    absurd([](v1::Record& r) { r.mutable_payload()->set_size(~0ULL); });
    absurd([&](v1::Record& r) {
        *r.mutable_closed() = session.close().records().back().closed();
        r.mutable_closed()->set_packets(~0U);
    });
    sendAll(spool);
    EXPECT_EQ(reasons(),
              "not a record; without a session; a packet out of bounds; of a kind that this collector does not know; "
              "a probe without an id or an address; a gap of an unknown kind, or out of range; "
              "a piece of an upload out of bounds; a count out of range");
    EXPECT_EQ(count("session", of("hostile")), "0");
    expectTheOtherUnharmed();
}

TEST_F(HostileSensorTest, MakesNoDaysOf1970Or2106) {
    TestSpool spool(1);
    spool.append(sessionOf(1, Moment{24h}).close());
    spool.append(sessionOf(2, Moment{4'294'967'296s}).close());
    RecordedSession today = sessionOf(3);
    for (const v1::Record& recorded : today.close().records()) {
        v1::Record record = recorded;
        record.set_at_us(record.has_packet() ? 86'400'000'000 : record.at_us());
        spool.append(record);
    }
    sendAll(spool);
    EXPECT_EQ(reasons(), "time outside the window");
    EXPECT_EQ(count("quarantine", of("hostile")), "14");
    EXPECT_EQ(count("session", of("hostile")), "1");
    EXPECT_EQ(database_.ask("SELECT count(*) FROM pg_class WHERE relnamespace = 'apiary_part'::regnamespace AND "
                            "relname ~ '_(1970|2106)'"),
              "0");
    EXPECT_EQ(
        database_.ask("SELECT count(*) FROM apiary.rollup_hour_protocol WHERE bucket_at < now() - interval '1 day' "
                      "OR bucket_at > now()"),
        "0");
    expectTheOtherUnharmed();
}

TEST_F(HostileSensorTest, CannotFillTheCountsThatAllSensorsShare) {
    TestSpool spool(1);
    for (std::uint64_t i = 1; i <= 4; ++i) {
        RecordedSession session = sessionOf(i);
        session.close();
        for (const v1::Record& recorded : session.records()) {
            v1::Record record = recorded;
            if (record.has_closed()) {
                record.mutable_closed()->set_bytes_in((1ULL << 61U) - 1);
            }
            spool.append(record);
        }
    }
    sendAll(spool);
    EXPECT_EQ(reasons(), "a count out of range");
    expectTheOtherUnharmed();
}

TEST_F(HostileSensorTest, CannotOpenSessionsWithoutEnd) {
    TestSpool spool(1);
    std::optional<RecordedSession> first;
    for (std::uint64_t i = 1; i <= 5'000; ++i) {
        RecordedSession session({.start = recordedNow() - 1h, .random = i});
        spool.append(session);
        first = first ? first : std::optional(session);
    }
    sendAll(spool);
    EXPECT_EQ(count("session_open", of("hostile")), std::to_string(kMostOpen));
    EXPECT_EQ(count("quarantine", of("hostile")), std::to_string(5'000 - kMostOpen));
    EXPECT_EQ(reasons(), "more than 200 sessions of this sensor are open");

    TestSpool later(2);  // one that ends makes room for another
    later.append(first->close().records().back());
    later.append(RecordedSession({.start = recordedNow() - 1h, .random = 9'998}).records().front());
    later.append(RecordedSession({.start = recordedNow() - 1h, .random = 9'999}).records().front());
    sendAll(later);
    EXPECT_EQ(count("session_open", of("hostile")), std::to_string(kMostOpen));
    EXPECT_EQ(count("quarantine", of("hostile")), std::to_string(5'001 - kMostOpen));
    expectTheOtherUnharmed();
}

TEST_F(HostileSensorTest, DoesNotHoldUpTheOtherWhileItsRecordsAreSearched) {
    TestSpool spool(1);
    const RecordedSession session = sessionOf(1);
    spool.append(session);
    for (int i = 0; i < 400; ++i) {
        spool.append(session.records()[1]);  // a number of the session that is taken: only the database sees it
    }
    std::atomic<bool> searched = false;
    std::jthread flooding([&] {
        sendAll(spool);
        searched = true;
    });
    honest_->awaitMore(20);
    EXPECT_FALSE(searched);
    flooding.join();
    EXPECT_EQ(count("quarantine", "sqlstate = '23505' AND" + of("hostile")), "400");
    expectTheOtherUnharmed();
}

TEST_F(HostileSensorTest, CannotSendTheSpoolOfAnother) {
    SensorEnd end = hostile();
    end.hello(honest_->spool());
    const grpc::Status status = end.end();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_NE(status.error_message().find("another sensor's"), std::string::npos);
    expectTheOtherUnharmed();
}

TEST_F(HostileSensorTest, CannotTouchTheSessionsOfAnother) {
    honest_->stop();
    TestSpool theirs(100, 1);  // another lane of the honest sensor's spool
    RecordedSession ended = sessionOf(1).close();
    RecordedSession open = sessionOf(2);
    theirs.append(ended);
    theirs.append(open);
    {
        SensorEnd end(server_.sensorChannel(honestId_));
        end.greet(theirs.id());
        end.send(theirs.all());
        ASSERT_TRUE(end.next().has_ack());
    }
    const auto rows = [&] {
        return database_.ask("SELECT count(*) FROM apiary.event") + " " + count("session", "true") + " " +
               count("session_open", "true");
    };
    const std::string before = rows();
    TestSpool spool(1);
    const auto about = [&](const RecordedSession& session, const v1::Record& like, std::uint32_t seq) {
        v1::Record record = like;
        record.set_session_id(std::string(session.id().view()));
        record.set_seq(seq);
        spool.append(record);
    };
    about(open, open.records()[0], 0);
    about(open, open.records()[1], 50);
    about(open, RecordedSession(open).close().records().back(), 51);
    about(ended, ended.records()[0], 0);
    about(ended, ended.records()[1], 50);
    about(ended, ended.records().back(), 51);
    sendAll(spool);
    EXPECT_EQ(reasons(),
              "the session is open already; session of another sensor; the session has ended already; its session is "
              "not open; the session has ended already");
    EXPECT_EQ(rows(), before);
}

TEST_F(HostileSensorTest, CannotFillTheLedgerWithLanes) {
    database_.ask(
        "INSERT INTO apiary.ingest_stream(stream_id, lane, sensor_id) SELECT gen_random_uuid(), 0, sensor_id "
        "FROM apiary.sensor, generate_series(1, 10000) WHERE" +
        of("hostile"));
    SensorEnd end = hostile();
    end.hello(TestSpool(1).id());
    const grpc::Status status = end.end();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_NE(status.error_message().find("10000 lanes"), std::string::npos);
    expectTheOtherUnharmed();
}

}  // namespace
}  // namespace apiary::collector
