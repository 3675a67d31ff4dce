#include "collector/store/incident_repository.hpp"

#include "collector/store/stored_notices.hpp"
#include "tests/support/postgres_fixture.hpp"

#include <gtest/gtest.h>

#include <array>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using Act = IncidentPlan::Act;
using Time = Trouble::Time;

class IncidentRepositoryTest : public testing::Test {
protected:
    IncidentRepositoryTest() {
        roof_ =
            std::stoi(database_.ask("INSERT INTO apiary.sensor(sensor_uuid, name) VALUES (gen_random_uuid(), 'roof') "
                                    "RETURNING sensor_id"));
        // The schema is copied: days before it was made have no partitions yet.
        database_.ask("SELECT apiary.ensure_partitions(now() - interval '3 days', now())");
    }

    static IncidentRepository::Settings settings(const std::string& dsn, std::vector<std::string> channels) {
        return {.dsn = dsn, .collectorId = 1, .collector = "home", .channels = std::move(channels)};
    }
    Trouble clockOff() const {
        return {.key = {.sensorId = roof_, .kind = TroubleKind::Clock, .service = {}, .subject = {}},
                .sensor = "roof",
                .since = now_ - 1min,
                .count = 3,
                .brief = "its clock is off",
                .remedy = "set it"};
    }
    /// One look of a book over the repository.
    void look(IncidentBook& book, const std::vector<Trouble>& troubles, Time::duration later = 1s) {
        now_ += later;
        auto plan = book.plan(troubles, now_);
        if (!plan.empty()) {
            repository_.save(plan, now_);
            book.adopt(plan);
        }
    }
    /// A session of each of `seconds` ago.
    void sessions(const std::string& service, const std::string& seconds, const std::string& source = "'198.51.100.7'",
                  const std::string& scope = "internet", const std::string& tags = "{}",
                  const std::string& target = "192.0.2.1") {
        database_.ask(
            "INSERT INTO apiary.session(session_id, started_at, ended_at, sensor_id, collector_id, source, "
            "source_port, "
            "source_scope, target, target_port, transport, protocol, service, outcome, bytes_in, bytes_out, packets, "
            "events, tags) SELECT id, apiary.uuid_time(id), apiary.uuid_time(id), " +
            std::to_string(roof_) + ", 1, (" + source + ")::inet, 1000, '" + scope + "', '" + target +
            "', 21, 'tcp', 'ftp', '" + service + "', 'finished', 0, 0, 0, 0, '" + tags +
            "' FROM (SELECT n, (lpad(to_hex((extract(epoch FROM now() - n * interval '1 s') * 1000)::bigint), 12, '0') "
            "|| "
            "'7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid AS id "
            "FROM unnest(" +
            seconds + ") n) x");
    }
    ServiceHistory recent(const std::string& service) {
        ServiceHistories histories;
        const std::array<ServiceKey, 1> keys{ServiceKey{roof_, service}};
        repository_.readRecent(keys, std::chrono::system_clock::now(), histories);
        return histories[keys[0]];
    }

    test::TestDatabase database_;
    std::int32_t roof_ = 0;
    Time now_ = std::chrono::sys_days{2026y / 11 / 25} + 12h;
    IncidentRepository repository_{settings(database_.writer(), {"command", "webhook"})};
};

TEST_F(IncidentRepositoryTest, KeepsAnIncidentFromItsBeginningToItsEnd) {
    IncidentBook book{{}};
    look(book, {clockOff()});
    EXPECT_EQ(
        database_.ask(
            "SELECT sensor || ' ' || kind || ' ' || severity || ' ' || title || ', ' || advice || ' ' || times FROM "
            "apiary.trouble WHERE ended_at IS NULL"),
        "roof clock 2 its clock is off, set it 1");
    look(book, {});
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.trouble WHERE ended_at IS NOT NULL"), "1");
    EXPECT_EQ(
        database_.ask("SELECT string_agg(operator || ' ' || state, ', ' ORDER BY at) FROM apiary.incident_change"),
        "collector home new, collector home closed");
    look(book, {clockOff()});
    EXPECT_EQ(database_.ask("SELECT times FROM apiary.trouble WHERE ended_at IS NULL"), "2");
    look(book, {});
    look(book, {}, 31min);
    look(book, {}, 31min);
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.incident_telling"), "0");
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.incident"), "1");
}

TEST_F(IncidentRepositoryTest, KeepsTroublesOfTheCollectorAndTellsNobodyOfThem) {
    IncidentBook book{{}};
    const Trouble away{.key = {.kind = TroubleKind::Database, .service = {}, .subject = "away"},
                       .sensor = {},
                       .severity = Severity::Critical,
                       .since = now_,
                       .brief = "it does not answer",
                       .remedy = "look"};
    look(book, {away});
    EXPECT_EQ(database_.ask("SELECT coalesce(sensor, 'none') || ' ' || kind || ' ' || subject || ' ' || severity FROM "
                            "apiary.trouble WHERE ended_at IS NULL"),
              "none database away 4");
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.notice"), "0");
    const auto stored = repository_.load();
    ASSERT_EQ(stored.incidents.size(), 1U);
    EXPECT_EQ(stored.incidents[0].trouble.key, away.key);
    EXPECT_EQ(stored.incidents[0].trouble.sensor, "");
    look(book, {});
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.trouble WHERE ended_at IS NOT NULL"), "1");
}

TEST_F(IncidentRepositoryTest, KnowsWhatIsOddAboutTheRecordsOfASensor) {
    database_.ask(
        "INSERT INTO apiary.quarantine(stream_id, lane, seq, sensor_id, reason, record) VALUES "
        "(gen_random_uuid(), 0, 1, " +
        std::to_string(roof_) + ", 'odd', 'x')");
    database_.ask(
        "INSERT INTO apiary.gap(stream_id, lane, first_seq, last_seq, sensor_id, what, records, reason) VALUES "
        "(gen_random_uuid(), 0, 1, 1, " +
        std::to_string(roof_) + ", 'spool', 1, 'set back')");
    const auto sensors = repository_.sensors();
    ASSERT_EQ(sensors.size(), 1U);
    EXPECT_EQ(sensors[0].odd.quarantined, 1U);
    EXPECT_EQ(sensors[0].odd.dropped, 0U);
    EXPECT_EQ(sensors[0].odd.quarantineBytes, 132U);
    EXPECT_EQ(sensors[0].odd.quarantineQuota, 64U << 20U);
    EXPECT_EQ(sensors[0].odd.flawedPieces, 0U);
    EXPECT_EQ(sensors[0].odd.lostSpools, 1U);
}

TEST_F(IncidentRepositoryTest, ReadsBackWhatItKept) {
    IncidentBook book{{}};
    auto trouble = clockOff();
    trouble.key.service = "ftp";
    trouble.key.subject = "spool_bytes full";
    look(book, {trouble});
    look(book, {});
    look(book, {trouble});
    const auto stored = repository_.load();
    ASSERT_EQ(stored.incidents.size(), 1U);
    const auto& incident = stored.incidents[0];
    EXPECT_GT(incident.id, 0);
    EXPECT_EQ(incident.trouble.key, trouble.key);
    EXPECT_EQ(incident.trouble.sensor, "roof");
    EXPECT_EQ(incident.trouble.sentence(), "its clock is off: set it");
    EXPECT_EQ(incident.trouble.since, trouble.since);
    EXPECT_EQ(incident.trouble.count, 3U);
    EXPECT_EQ(incident.times, 2U);
    EXPECT_TRUE(incident.lasting);
    EXPECT_TRUE(incident.changed);
    EXPECT_EQ(incident.told, NoticeEvent::Ended);
    EXPECT_EQ(incident.toldAt, now_ - 1s);
    EXPECT_EQ(stored.allowance.sent, 2U);
    EXPECT_TRUE(IncidentRepository(settings(database_.writer(), {})).load().incidents.size() == 1);
}

TEST_F(IncidentRepositoryTest, QueuesANoticeForEachChannel) {
    IncidentBook book{{}};
    look(book, {clockOff()});
    StoredNotices hook(database_.writer(), 1, "command");
    const auto notice = hook.next(now_);
    ASSERT_TRUE(notice);
    EXPECT_NE(notice->body.find(R"("event":"began","collector":"home","incident":)"), std::string::npos)
        << notice->body;
    EXPECT_FALSE(StoredNotices(database_.writer(), 2, "command").next(now_)) << "another collector's";
    hook.failed(notice->id, now_ + 10s, "no room");
    EXPECT_FALSE(hook.next(now_ + 9s));
    EXPECT_EQ(hook.next(now_ + 10s)->tries, 1U);
    EXPECT_TRUE(hook.next(now_ - 40 * 24h)) << "the clock was set back";
    hook.delivered(notice->id, now_ + 11s);
    EXPECT_FALSE(hook.next(now_ + 1h));
    StoredNotices web(database_.writer(), 1, "webhook");
    web.drop(web.next(now_)->id, now_, "unwanted");
    EXPECT_EQ(database_.ask("SELECT problem FROM apiary.notice WHERE dropped_at IS NOT NULL"), "unwanted");
}

TEST_F(IncidentRepositoryTest, LetsNoMoreThanAThousandWait) {
    database_.ask(
        "INSERT INTO apiary.notice(collector_id, channel, made_at, body) SELECT 1, c, '2026-11-25 11:00+00', '{}' "
        "FROM generate_series(1, 1500) n, unnest(ARRAY['command', 'webhook']) c");
    IncidentBook book{{}};
    look(book, {clockOff()});
    EXPECT_EQ(
        database_.ask("SELECT string_agg(c::text, ' ') FROM (SELECT count(*) AS c FROM apiary.notice WHERE dropped_at "
                      "IS NULL GROUP BY channel) x"),
        "1000 1000");
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.notice WHERE dropped_at IS NULL AND incident_id IS NOT NULL"),
              "2");
}

TEST_F(IncidentRepositoryTest, KnowsTheSensorsOfItsCollector) {
    database_.ask(
        "INSERT INTO apiary.sensor(sensor_uuid, name) SELECT gen_random_uuid(), 's' || n FROM "
        "generate_series(1, 2) n");
    database_.ask(
        "INSERT INTO apiary.sensor_state(sensor_id, reported_at, collector_id) SELECT sensor_id, "
        "'2026-11-25 12:00:00+00', right(name, 1)::int FROM apiary.sensor WHERE name <> 'roof'");
    const auto sensors = repository_.sensors();
    ASSERT_EQ(sensors.size(), 2U);
    for (const auto& sensor : sensors) {
        EXPECT_EQ(sensor.name == "s1", sensor.reportedAt == now_) << sensor.name;
    }
}

TEST_F(IncidentRepositoryTest, FindsTheNewestSessionAndTheCommonestSource) {
    sessions("ftp", "ARRAY[100, 200, 300]");
    sessions("ftp", "ARRAY[400]", "'198.51.100.8'");
    sessions("ftp", "ARRAY[1]", "'198.51.100.8'", "internet", "{self-test}");
    sessions("telnet", "ARRAY[2]");
    const auto history = recent("ftp");
    const auto age = std::chrono::system_clock::now() - *history.lastSession;
    EXPECT_GE(age, 100s);
    EXPECT_LT(age, 200s);
    EXPECT_EQ(history.recent, 4U);
    EXPECT_EQ(history.fromOne, 3U);
    EXPECT_EQ(history.one, "198.51.100.7");
    EXPECT_FALSE(history.oneIsNear);
    EXPECT_FALSE(recent("http").lastSession);
}

TEST_F(IncidentRepositoryTest, TellsAddressesNextToUs) {
    sessions("private", "ARRAY[1]", "'172.17.0.1'", "private");
    sessions("own", "ARRAY[1]", "'192.0.2.1'");
    sessions("shared", "ARRAY[1]", "'100.64.3.4'", "special");
    sessions("loopback", "ARRAY[1]", "'127.0.0.1'", "special", "{}", "127.0.0.1");
    for (const auto& [service, near] :
         {std::pair("private", true), {"own", true}, {"shared", true}, {"loopback", false}}) {
        EXPECT_EQ(recent(service).oneIsNear, near) << service;
    }
}

TEST_F(IncidentRepositoryTest, SeesASessionThatIsStillOpen) {
    sessions("ftp", "ARRAY[1000]");
    database_.ask(
        "INSERT INTO apiary.session_open SELECT session_id, started_at, now(), sensor_id, 1, source, 1, "
        "source_scope, target, 21, 'tcp', 'ftp', 'ftp' FROM (SELECT (lpad(to_hex((extract(epoch FROM now()) * "
        "1000)::bigint - 5000), 12, '0') || '70008000000000000000')::uuid AS id) i, LATERAL (SELECT i.id AS "
        "session_id, apiary.uuid_time(i.id) AS started_at) u, LATERAL (SELECT sensor_id, source, source_scope, "
        "target FROM apiary.session LIMIT 1) s");
    EXPECT_LT(std::chrono::system_clock::now() - *recent("ftp").lastSession, 100s);
}

TEST_F(IncidentRepositoryTest, MeasuresTheGapsBetweenSessions) {
    sessions("ftp", "(SELECT array_agg(10000 + 10 * n) FROM generate_series(0, 2000) n)");
    sessions("ftp", "ARRAY[5000, 4000]");  // two long gaps among 2,002
    ServiceHistory history;
    repository_.readGaps({roof_, "ftp"}, std::chrono::system_clock::now(), history);
    EXPECT_EQ(history.gaps, 2002U);
    EXPECT_EQ(std::chrono::round<std::chrono::seconds>(history.longGap), 10s);
    sessions("ftp", "ARRAY[2000]");  // three
    repository_.readGaps({roof_, "ftp"}, std::chrono::system_clock::now(), history);
    EXPECT_EQ(std::chrono::round<std::chrono::seconds>(history.longGap), 1000s);
    repository_.readGaps({roof_, "telnet"}, std::chrono::system_clock::now(), history);
    EXPECT_EQ(history.gaps, 0U);
}

}  // namespace
}  // namespace apiary::collector
