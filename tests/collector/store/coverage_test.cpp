#include "common/net/address.hpp"
#include "tests/collector/store/session_store_fixture.hpp"

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using test::RecordedSession;
using test::TestSpool;

/// Visits of a sensor to its own services, as ingest gets them.
class CoverageTest : public SessionStoreTest {
protected:
    struct Visit {
        std::chrono::minutes at;  // of yesterday
        std::string run = "20261126T000000Z";
        v1::Outcome outcome = v1::OUTCOME_PEER_CLOSED;
        std::string source = "127.0.0.1";
        bool marked = true;
    };

    void add(TestSpool& spool, const Visit& visit) {
        RecordedSession session({.start = day_ + visit.at,
                                 .source = *parseAddress(visit.source),
                                 .target = Endpoint::of({127, 0, 0, 1}, 21),
                                 .random = ++random_,
                                 .journalPath = visit.run + "/2026-11-26/10/FTP/x.txt"});
        session.sent("220 hello\r\n").close(visit.outcome);
        for (v1::Record record : session.records()) {
            if (record.has_opened()) {
                record.mutable_opened()->set_self_test(visit.marked);
            } else if (record.has_closed()) {
                record.mutable_closed()->mutable_head()->set_self_test(visit.marked);
            }
            spool.append(record);
        }
    }
    void visits(const std::vector<Visit>& visits) {
        TestSpool spool(++spools_);
        for (const Visit& visit : visits) {
            add(spool, visit);
        }
        send(spool, {spool.all()});
        ASSERT_EQ(count("quarantine"), "0");
    }

    /// "10:00 21 60/1, ...": hour, port, minutes covered and self-tests of each row.
    std::string covered() {
        return database_.ask(
            "SELECT string_agg(to_char(hour_at AT TIME ZONE 'UTC', 'HH24:MI') || ' ' || host(target) || ' ' || "
            "bit_count(minutes) || '/' || self_tests, ', ' ORDER BY hour_at, target) FROM apiary.coverage_hour");
    }

    const std::chrono::sys_days day_ = std::chrono::floor<std::chrono::days>(now()) - std::chrono::days(1);
    std::uint64_t random_ = 0;
    std::uint64_t spools_ = 0;
};

TEST_F(CoverageTest, IsTheTimeBetweenVisitsThatWereAnswered) {
    visits({{.at = 610min}, {.at = 670min}, {.at = 730min}});
    EXPECT_EQ(covered(), "10:00 127.0.0.1 50/1, 11:00 127.0.0.1 60/1, 12:00 127.0.0.1 11/1");
    EXPECT_EQ(database_.ask("SELECT bool_and(c.minutes = p.minutes AND up_seconds = 60 * bit_count(c.minutes)) FROM "
                            "apiary.coverage_hour c JOIN apiary.coverage_hour_protocol p USING (hour_at, protocol)"),
              "t");
}

TEST_F(CoverageTest, IsTheSameHoweverOftenABatchComes) {
    TestSpool spool(9);
    add(spool, {.at = 610min});
    add(spool, {.at = 620min});
    send(spool, {spool.all(), spool.all()});
    send(spool, {spool.all()});
    EXPECT_EQ(covered(), "10:00 127.0.0.1 11/2");
}

TEST_F(CoverageTest, IsTheSameWhenLaterVisitsComeFirst) {
    visits({{.at = 670min}, {.at = 730min}});
    EXPECT_EQ(covered(), "11:00 127.0.0.1 50/1, 12:00 127.0.0.1 11/1");
    visits({{.at = 610min}});
    EXPECT_EQ(covered(), "10:00 127.0.0.1 50/1, 11:00 127.0.0.1 60/1, 12:00 127.0.0.1 11/1");
}

TEST_F(CoverageTest, ClaimsNothingAcrossAnEndOfTheAgentOrAVisitThatLacks) {
    visits({{.at = 600min}, {.at = 610min, .run = "20261126T100500Z"}, {.at = 680min, .run = "20261126T100500Z"}});
    EXPECT_EQ(covered(), "10:00 127.0.0.1 2/2, 11:00 127.0.0.1 1/1");
}

TEST_F(CoverageTest, ClaimsNothingAcrossAVisitThatFailed) {
    visits({{.at = 600min}, {.at = 620min, .outcome = v1::OUTCOME_RESET}, {.at = 640min}});
    EXPECT_EQ(covered(), "10:00 127.0.0.1 2/2");
}

TEST_F(CoverageTest, IsOfEveryAddressOfAServiceAsItsSensorDescribesIt) {
    database_.ask("INSERT INTO apiary.sensor_state(sensor_id, reported_at, collector_id, services) VALUES (" +
                  std::to_string(sensorId_) +
                  ", now(), 1, '[{\"name\": \"ftp\", \"listens\": \"0.0.0.0:21 [::]:21\"}]') RETURNING 1");
    visits({{.at = 610min}});
    EXPECT_EQ(covered(), "10:00 0.0.0.0 1/1, 10:00 :: 1/1");
}

TEST_F(CoverageTest, KnowsOnlyVisitsOfTheSensorItself) {
    visits({{.at = 610min, .source = "192.0.2.9"}, {.at = 620min, .marked = false}});
    EXPECT_EQ(count("coverage_hour") + count("service_visit"), "00");
    EXPECT_EQ(count("session"), "2");
}

TEST_F(CoverageTest, AddsToHoursThatAreThereAndToOthersInOneCall) {
    const auto add = [&](const std::string& rows) {
        database_.ask(
            "SELECT apiary.coverage_add(array_agg(h), array_agg(1), array_agg('192.0.2.1'::inet), array_agg(21), "
            "array_agg('tcp'::text), array_agg('ftp'::text), array_agg(apiary.coverage_minutes(h, h + m * interval '1 "
            "min', h + m * "
            "interval '1 min')), array_agg(g), array_agg(0)) FROM (VALUES " +
            rows + ") x(h, m, g)");
    };
    const std::string ten = "('2026-11-25 10:00+00'::timestamptz, ";
    const std::string eleven = "('2026-11-25 11:00+00'::timestamptz, ";
    add(ten + "0, 1), " + ten + "1, 1)");
    add(ten + "1, 0), " + ten + "2, 1), " + eleven + "5, 0)");
    EXPECT_EQ(covered(), "10:00 192.0.2.1 3/3, 11:00 192.0.2.1 1/0");
    EXPECT_EQ(database_.ask("SELECT string_agg(up_seconds::text, ' ' ORDER BY hour_at) FROM apiary.coverage_hour"),
              "180 60");
}

TEST_F(CoverageTest, OfServicesGoesAfterItsDaysAndOfProtocolsStays) {
    database_.ask(
        "INSERT INTO apiary.coverage_hour(hour_at, sensor_id, target, target_port, transport, protocol, addresses, "
        "up_seconds) SELECT date_trunc('day', now(), 'UTC') - d * interval '24 h', 1, '192.0.2.1', 21, 'tcp', 'ftp', "
        "1, 60 "
        "FROM (VALUES (401), (400)) x(d)");
    database_.ask(
        "INSERT INTO apiary.coverage_hour_protocol(hour_at, protocol, minutes) SELECT hour_at, protocol, minutes FROM "
        "apiary.coverage_hour");
    EXPECT_EQ(database_.ask("SELECT apiary.retention_rollups('test')"), "1");
    EXPECT_EQ(count("coverage_hour") + count("coverage_hour_protocol"), "12");
    EXPECT_EQ(database_.ask("SELECT coverage_from = (now() AT TIME ZONE 'UTC')::date - 400 FROM apiary.retained"), "t");
    EXPECT_EQ(database_.ask("SELECT apiary.retention_rollups('test')"), "0");
}

}  // namespace
}  // namespace apiary::collector
