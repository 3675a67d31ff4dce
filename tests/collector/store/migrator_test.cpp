#include "collector/store/migrator.hpp"

#include "collector/store/connection.hpp"
#include "common/crypto/digest.hpp"
#include "tests/support/postgres_fixture.hpp"

#include <gtest/gtest.h>
#include <pqxx/pqxx>

#include <string>

namespace apiary::collector {
namespace {

/// Does statements, and returns the first field of what the last one gives.
std::string perform(const std::string& dsn, const std::string& statements) {
    Connection connection(dsn);
    pqxx::work transaction(connection.session());
    transaction.exec("SET LOCAL statement_timeout = 0");
    const auto rows = transaction.exec(statements);
    transaction.commit();
    return rows.empty() || rows[0][0].is_null() ? "" : rows[0][0].c_str();
}

/// An older schema, as the program of its time made it.
void migrateTo(int number, const std::string& dsn) {
    for (const Migration& step : embeddedMigrations()) {
        if (step.number > 0 && step.number <= number) {
            perform(dsn, std::string(step.sql));
            perform(dsn, "INSERT INTO apiary.schema_version(number, name, sha256) VALUES (" +
                             std::to_string(step.number) + ", '" + std::string(step.name) + "', '\\x" +
                             hexText(Sha256::of(step.sql)) + "')");
        }
    }
}

/// Six hundred banner grabs of three hours, of which each third is counted, and all but the last hour's are folded.
constexpr const char* kGrabs = R"(
    INSERT INTO apiary.sensor(sensor_uuid, name) VALUES (gen_random_uuid(), 'one');
    INSERT INTO apiary.fold_service(sensor_id, service) VALUES (1, 'ftp');
    SELECT apiary.ensure_partitions(now() - interval '5 h', now());
    CREATE TABLE public.given AS SELECT n, (lpad(to_hex(floor(extract(epoch FROM now() - interval '4 h' + n * interval '18 s')
      * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n), 3, '0') || '8' || lpad(to_hex(n * 7919), 15, '0'))::uuid AS id
      FROM generate_series(1, 600) n;
    CREATE TABLE public.said AS SELECT id, apiary.uuid_time(id) AS began, seq, apiary.uuid_time(id) + seq * n * interval '1 us' AS at,
      kind, bytes FROM public.given, (VALUES (1, 1, '220 ready'::bytea), (2, 0, 'QUIT')) x(seq, kind, bytes);
    INSERT INTO apiary.event(session_id, started_at, seq, at, kind, bytes) SELECT * FROM public.said;
    INSERT INTO apiary.session(session_id, started_at, ended_at, received_at, sensor_id, collector_id, source, source_port, target,
      target_port, transport, protocol, service, outcome, bytes_in, bytes_out, packets, events, country, clock_offset_ms,
      journal_sha256)
    SELECT s.*, apiary.log_digest(started_at, ended_at, host(source), source_port, host(target), target_port, protocol,
        (SELECT footer FROM apiary.outcome o WHERE o.outcome = s.outcome),
        (SELECT array_agg(at ORDER BY seq) FROM public.said k WHERE k.id = s.id),
        (SELECT array_agg(kind::smallint ORDER BY seq) FROM public.said k WHERE k.id = s.id),
        (SELECT array_agg(apiary.escape(bytes) ORDER BY seq) FROM public.said k WHERE k.id = s.id))
      FROM (SELECT id, apiary.uuid_time(id) AS started_at, apiary.uuid_time(id) + interval '1 s' AS ended_at,
          now() - interval '30 min', 1, 1, ('192.0.2.' || n % 3)::inet AS source, 1000 + n AS source_port,
          ('198.51.100.' || n % 200)::inet AS target, 21 AS target_port, 'tcp', 'ftp' AS protocol, 'ftp', 'peer_closed' AS outcome,
          4, 9, 2, 2, CASE n % 3 WHEN 0 THEN 'DE' END, n % 7 FROM public.given) s;
    SELECT apiary.rollup_add(array_agg(id)) FROM public.given GROUP BY n % 3;
    SELECT sessions FROM apiary.fold_write(now() - interval '5 h', now() - interval '2 h', 1::smallint, 10000))";

TEST(MigratorTest, MakesADatabaseOnceAndThenChangesNothing) {
    const test::TestDatabase database;
    ASSERT_TRUE(prepareDatabase(database.maker(), database.emptyOwner()));
    ASSERT_TRUE(prepareDatabase(database.maker(), database.emptyOwner()));
    EXPECT_FALSE(checkSchema(database.emptyOwner()));
    // All steps but the first, which is prepareDatabase().
    EXPECT_EQ(*migrate(database.emptyOwner()), static_cast<int>(embeddedMigrations().size()) - 1);
    EXPECT_EQ(*migrate(database.emptyOwner()), 0);
    EXPECT_TRUE(checkSchema(database.emptyOwner()));
}

TEST(MigratorTest, SaysWhatToRunWhenTheSchemaIsOld) {
    const test::TestDatabase database;
    database.ask("DELETE FROM apiary.schema_version WHERE number > 1");
    EXPECT_EQ(checkSchema(database.writer()).error(), "the database has schema version 1, this program needs " +
                                                          std::to_string(schemaVersion()) +
                                                          ": run apiary-collector migrate");
}

TEST(MigratorTest, RefusesADatabaseThatIsNewer) {
    const test::TestDatabase database;
    database.ask("INSERT INTO apiary.schema_version(number, name, sha256) VALUES (99, 'later', '')");
    EXPECT_NE(checkSchema(database.writer()).error().find("install a newer apiary-collector"), std::string::npos);
    EXPECT_NE(migrate(database.owner()).error().find("install a newer apiary-collector"), std::string::npos);
}

TEST(MigratorTest, RefusesAStepThatWasAppliedFromAnotherText) {
    const test::TestDatabase database;
    database.ask("UPDATE apiary.schema_version SET sha256 = 'x' WHERE number = 1");
    EXPECT_NE(migrate(database.owner()).error().find("another text"), std::string::npos);
}

TEST(MigratorTest, KnowsTheCollectorsThatHaveCountedBefore) {
    const test::TestDatabase database;
    database.ask(
        "DROP TABLE apiary.counted_collector; DROP FUNCTION apiary.counted_collector_add() CASCADE; "
        "DELETE FROM apiary.schema_version WHERE number = 5; "
        "INSERT INTO apiary.source(address, traffic, collector_id, first_seen_at, last_seen_at, sessions, credentials, "
        "logins_accepted, source_scope) SELECT '192.0.2.1', 'attack', c, now(), now(), 1, 0, 0, 'internet' "
        "FROM generate_series(1, 3) c");
    EXPECT_EQ(*migrate(database.owner()), 1);
    EXPECT_EQ(database.ask("SELECT count(*) FROM apiary.counted_collector"), "3");
}

TEST(MigratorTest, KeepsWhatAnOlderSchemaHasFoldedAndCountsIt) {
    const test::TestDatabase database;
    ASSERT_TRUE(prepareDatabase(database.maker(), database.emptyOwner()));
    migrateTo(26, database.emptyOwner());
    const auto ask = [&](const std::string& statements) { return perform(database.emptyOwner(), statements); };
    const int folded = std::stoi(ask(kGrabs));
    EXPECT_GT(folded, 300);
    ask("CREATE TABLE public.sessions AS SELECT * FROM apiary.session_all; CREATE TABLE public.logs AS SELECT "
        "session_id, "
        "(SELECT string_agg(line, E'\\n') FROM apiary.transcript(session_id) line) AS text FROM public.sessions");
    ASSERT_TRUE(migrate(database.emptyOwner()));
    EXPECT_EQ(ask("SELECT sum(members) FROM apiary.session_fold"), std::to_string(folded));
    EXPECT_EQ(ask("SELECT count(*) FROM (SELECT * FROM public.sessions INTERSECT SELECT * FROM apiary.session_all) x"),
              "600");
    EXPECT_EQ(ask("SELECT count(*) FROM public.logs WHERE text = (SELECT string_agg(line, E'\\n') FROM "
                  "apiary.transcript(session_id) line)"),
              "600");
    for (const char* facet : {"country", "port", "sensor"}) {
        EXPECT_EQ(ask("SELECT sum(sessions) FROM apiary.rollup_5m_facet WHERE facet = '" + std::string(facet) + "'"),
                  "600");
    }
    EXPECT_EQ(ask("SELECT sum(fresh) - (SELECT count(*) FROM apiary.source) FROM apiary.source_5m"), "0");
    EXPECT_EQ(
        ask("CREATE TABLE public.facets AS SELECT * FROM apiary.rollup_5m_facet; SELECT "
            "apiary.rollup_rebuild(date_trunc('day', now() - interval '5 h', 'UTC'), date_trunc('day', now(), 'UTC') + "
            "interval '24 h'); SELECT count(*) FROM (SELECT * FROM public.facets EXCEPT SELECT * FROM "
            "apiary.rollup_5m_facet) x"),
        "0");
    // The next ones of an agent whose ids count up lie beside those of before.
    EXPECT_GT(std::stoi(ask("SELECT sessions FROM apiary.fold_write(now() - interval '2 h', now() - interval '1 h', "
                            "1::smallint, 10000)")),
              100);
    EXPECT_EQ(ask("SELECT count(*) FROM (SELECT * FROM public.sessions INTERSECT SELECT * FROM apiary.session_all) x"),
              "600");
}

TEST(MigratorTest, ReadsTheTimeOfAnIdAsItsFirstTwelveDigits) {
    const test::TestDatabase database;
    EXPECT_EQ(database.ask("SELECT apiary.uuid_time('01a217cc-fd8f-7635-b2b4-fe7e479166c1') AT TIME ZONE 'UTC'"),
              "2026-11-26 12:20:39.951");
    EXPECT_EQ(database.ask("SELECT count(*) FROM (SELECT gen_random_uuid() AS u FROM generate_series(1, 1000)) x WHERE "
                           "apiary.uuid_time(u) IS DISTINCT FROM to_timestamp(('x' || left(replace(u::text, '-', ''), "
                           "12))::bit(48)::bigint::float8 / 1000)"),
              "0");
}

TEST(MigratorTest, GivesEveryRelationAndColumnAComment) {
    const test::TestDatabase database;
    EXPECT_EQ(database.ask("SELECT count(*) FROM apiary.dictionary WHERE meaning IS NULL"), "0");
}

TEST(MigratorTest, LeavesTheWriterNoWayToChangeEvidence) {
    const test::TestDatabase database;
    for (const char* table : {"session", "event", "credential", "command", "artifact", "gap", "quarantine", "audit_log",
                              "manifest_piece"}) {
        EXPECT_EQ(database.ask("SELECT has_table_privilege('apiary_writer', 'apiary." + std::string(table) +
                               "', 'UPDATE, DELETE, TRUNCATE')"),
                  "f")
            << table;
    }
    EXPECT_EQ(database.ask("SELECT has_function_privilege('apiary_writer', "
                           "'apiary.rollup_write(uuid[], timestamptz, timestamptz, boolean)', 'EXECUTE')"),
              "f");
}

}  // namespace
}  // namespace apiary::collector
