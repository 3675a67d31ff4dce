#include "tests/support/postgres_fixture.hpp"

#include <gtest/gtest.h>

#include <string>

namespace apiary::collector {
namespace {

/// Three hundred sessions of three days, by two collectors, of every kind of traffic, with and without a country, and
/// their credentials and commands; counted in three batches that each go through all days.
constexpr const char* kRows = R"(
    INSERT INTO apiary.sensor(sensor_uuid, name) SELECT gen_random_uuid(), n::text FROM generate_series(1, 3) n;
    SELECT apiary.ensure_partitions(now() - interval '4 days', now());
    CREATE TABLE given AS SELECT n, (lpad(to_hex(floor(extract(epoch FROM now() - n * interval '14 min') * 1000)::bigint),
      12, '0') || '7' || lpad(to_hex(n), 3, '0') || '8' || lpad(to_hex(n), 15, '0'))::uuid AS id
      FROM generate_series(1, 300) n;
    INSERT INTO apiary.session(session_id, started_at, ended_at, sensor_id, collector_id, source, source_port, target,
      target_port, transport, protocol, outcome, bytes_in, bytes_out, packets, events, credentials, commands,
      login_accepted, country, asn, tags)
    SELECT id, apiary.uuid_time(id), apiary.uuid_time(id), 1 + n % 3, 1 + n % 2, ('192.0.2.' || n % 17)::inet, 1,
      '198.51.100.1', 21 + n % 4, (ARRAY['tcp', 'udp'])[1 + n % 2], (ARRAY['ftp', 'ssh', 'http'])[1 + n % 3],
      'finished', n, 2 * n, n % 9, 1, n % 3, n % 2, n % 5 = 0,
      CASE WHEN n % 4 > 0 THEN (ARRAY['DE', 'FR', 'US'])[1 + n % 17 % 3] END,
      CASE WHEN n % 5 > 0 THEN 64500 + n % 17 END, CASE n % 10 WHEN 0 THEN ARRAY['self-test'] ELSE '{}' END FROM given;
    INSERT INTO apiary.credential(session_id, started_at, seq, at, sensor_id, source, protocol, username, secret,
      username_text, secret_text, digest, accepted)
    SELECT session_id, started_at, k, started_at, sensor_id, source, protocol, '', '', u, u, sha256(u::bytea), k = 2
      FROM apiary.session, generate_series(1, credentials) k, LATERAL (SELECT 'u' || (packets + k) % 5 AS u) x;
    INSERT INTO apiary.command(session_id, started_at, seq, at, sensor_id, source, protocol, verb, argument,
      argument_text, normalized)
    SELECT session_id, started_at, 9, started_at, sensor_id, source, protocol, 'RETR', '', '', 'RETR ' || packets
      FROM apiary.session WHERE commands > 0;
    SELECT apiary.rollup_add(array_agg(id)) FROM given GROUP BY n % 3;
    SELECT count(*) FROM apiary.session)";

constexpr const char* kCounts = "sessions, packets, bytes_in, bytes_out, credentials, commands";
const std::string kSums = "count(*), sum(packets), sum(bytes_in), sum(bytes_out), sum(credentials), sum(commands)";

class RollupTest : public testing::Test {
protected:
    RollupTest() { EXPECT_EQ(database_.ask(kRows), "300"); }

    /// How many rows a rollup has, and how many of them the rows do not give, or the other way round.
    void expectSame(const std::string& rollup, const std::string& columns, const std::string& plain) {
        const std::string counted = "SELECT " + columns + " FROM apiary." + rollup;
        EXPECT_NE(database_.ask("SELECT count(*) FROM apiary." + rollup), "0") << rollup;
        EXPECT_EQ(database_.ask("SELECT string_agg(x::text, ' ') FROM (((" + counted + ") EXCEPT ALL (" + plain +
                                ")) UNION ALL ((" + plain + ") EXCEPT ALL (" + counted + "))) x"),
                  "")
            << rollup;
    }

    test::TestDatabase database_;
};

TEST_F(RollupTest, CountsByProtocolAndSensorWhatTheRowsSay) {
    expectSame("rollup_5m_protocol", std::string("bucket_at, traffic, protocol, collector_id, ") + kCounts,
               "SELECT to_timestamp(floor(extract(epoch FROM started_at) / 300) * 300), traffic, protocol, "
               "collector_id, " +
                   kSums + " FROM apiary.session GROUP BY 1, 2, 3, 4");
    expectSame("rollup_5m_facet", "bucket_at, traffic, facet, value, collector_id, sessions",
               "SELECT to_timestamp(floor(extract(epoch FROM started_at) / 300) * 300), traffic, facet, value, "
               "collector_id, count(*) FROM apiary.session, LATERAL (VALUES ('country', coalesce(country, '\?\?')), "
               "('port', target_port || '/' || transport), ('sensor', sensor_id::text)) v(facet, value) "
               "GROUP BY 1, 2, 3, 4, 5");
    expectSame("rollup_hour_protocol", std::string("bucket_at, traffic, protocol, collector_id, ") + kCounts,
               "SELECT date_trunc('hour', started_at, 'UTC'), traffic, protocol, collector_id, " + kSums +
                   " FROM apiary.session GROUP BY 1, 2, 3, 4");
    expectSame("rollup_hour_sensor", std::string("bucket_at, traffic, sensor_id, protocol, collector_id, ") + kCounts,
               "SELECT date_trunc('hour', started_at, 'UTC'), traffic, sensor_id, protocol, collector_id, " + kSums +
                   " FROM apiary.session GROUP BY 1, 2, 3, 4, 5");
    expectSame("rollup_hour_port", "bucket_at, traffic, transport, target_port, collector_id, sessions",
               "SELECT date_trunc('hour', started_at, 'UTC'), traffic, transport, target_port, collector_id, count(*) "
               "FROM apiary.session GROUP BY 1, 2, 3, 4, 5");
    expectSame("rollup_day_port", "day_at, traffic, transport, target_port, collector_id, sessions",
               "SELECT date_trunc('day', started_at, 'UTC'), traffic, transport, target_port, collector_id, count(*) "
               "FROM apiary.session GROUP BY 1, 2, 3, 4, 5");
}

TEST_F(RollupTest, CountsByOriginWhatTheRowsSay) {
    expectSame("rollup_hour_country", "bucket_at, traffic, country, collector_id, sessions, credentials",
               "SELECT date_trunc('hour', started_at, 'UTC'), traffic, coalesce(country, '\?\?'), collector_id, "
               "count(*), sum(credentials) FROM apiary.session GROUP BY 1, 2, 3, 4");
    expectSame("rollup_hour_source", "bucket_at, traffic, source, collector_id, sessions, credentials",
               "SELECT date_trunc('hour', started_at, 'UTC'), traffic, source, collector_id, count(*), "
               "sum(credentials) FROM apiary.session GROUP BY 1, 2, 3, 4");
    expectSame("source_day", "day_at, traffic, source, sensor_id, collector_id, country, sessions, credentials",
               "SELECT date_trunc('day', started_at, 'UTC'), traffic, source, sensor_id, collector_id, "
               "min(coalesce(country, '\?\?')), count(*), sum(credentials) FROM apiary.session GROUP BY 1, 2, 3, 4, 5");
    expectSame("source",
               "address, traffic, collector_id, first_seen_at, last_seen_at, sessions, credentials, logins_accepted, "
               "country, asn, source_scope",
               "SELECT source, traffic, collector_id, min(started_at), max(started_at), count(*), sum(credentials), "
               "count(*) FILTER (WHERE login_accepted), max(country), max(asn), max(source_scope) "
               "FROM apiary.session GROUP BY 1, 2, 3");
}

TEST_F(RollupTest, CountsCredentialsAndCommandsAsTheRowsSay) {
    const std::string used =
        " FROM apiary.session s JOIN apiary.credential k ON k.session_id = s.session_id AND k.started_at = "
        "s.started_at ";
    expectSame("rollup_hour_credential", "bucket_at, traffic, digest, collector_id, uses, accepted",
               "SELECT date_trunc('hour', s.started_at, 'UTC'), traffic, digest, collector_id, count(*), "
               "count(*) FILTER (WHERE accepted)" +
                   used + "GROUP BY 1, 2, 3, 4");
    expectSame("credential_seen",
               "digest, traffic, collector_id, username_text, secret_text, first_seen_at, last_seen_at, uses",
               "SELECT digest, traffic, collector_id, min(username_text), min(secret_text), min(s.started_at), "
               "max(s.started_at), count(*)" +
                   used + "GROUP BY 1, 2, 3");
    expectSame("rollup_hour_command", "bucket_at, traffic, normalized, collector_id, uses",
               "SELECT date_trunc('hour', s.started_at, 'UTC'), traffic, normalized, collector_id, count(*) FROM "
               "apiary.session s JOIN apiary.command k ON k.session_id = s.session_id AND k.started_at = s.started_at "
               "GROUP BY 1, 2, 3, 4");
    expectSame("command_seen", "normalized, traffic, collector_id, first_seen_at, last_seen_at, uses",
               "SELECT normalized, traffic, collector_id, min(s.started_at), max(s.started_at), count(*) FROM "
               "apiary.session s JOIN apiary.command k ON k.session_id = s.session_id AND k.started_at = s.started_at "
               "GROUP BY 1, 2, 3");
}

}  // namespace
}  // namespace apiary::collector
