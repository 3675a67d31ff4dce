#include "tests/bench/million_sessions.hpp"

#include <array>
#include <string>

namespace apiary::bench {
namespace {

// Made by the database itself; ids in the order of their starts. Which of its values a session has is told by numbers
// that share no period.
constexpr std::array kStatements{
    R"(SELECT apiary.ensure_partitions(now() - interval '27 h', now());
       INSERT INTO apiary.sensor(sensor_uuid, name) SELECT gen_random_uuid(), 's' || g FROM generate_series(1, 11) g)",
    R"(SELECT setseed(0.5);
       INSERT INTO apiary.session(session_id, started_at, ended_at, sensor_id, collector_id, source, source_port, target,
          target_port, transport, protocol, outcome, bytes_in, bytes_out, packets, events, credentials, commands, artifacts,
          login_accepted, country, asn)
       SELECT u, apiary.uuid_time(u), apiary.uuid_time(u) + interval '2 s', CASE WHEN g % 40009 = 7 THEN 11 ELSE 1 + g % 10 END, 1,
          ('10.' || h / 65536 || '.' || h / 256 % 256 || '.' || h % 256)::inet, 4000, '198.51.100.1',
          CASE WHEN rdp THEN 3389 WHEN udp THEN 5353 ELSE 21 + g % 7 END, CASE WHEN udp THEN 'udp' ELSE 'tcp' END,
          CASE WHEN rdp THEN 'rdp' ELSE (ARRAY['ftp','telnet','http','smtp','irc','pop3','catch-all'])[1 + g % 7] END,
          CASE WHEN g % 50 = 0 THEN 'reset' WHEN g % 90001 = 5 THEN 'tls_failed' ELSE 'finished' END,
          100, 200, 4, 4, (g % 5 = 0)::int, (g % 4 = 0)::int, (g % 100 = 3)::int, g % 25000 = 10,
          CASE WHEN h % 20 = 0 THEN NULL WHEN h % 997 = 500 THEN 'IS' WHEN h % 3 = 1 THEN 'US' ELSE 'NL' END,
          CASE WHEN h % 20 = 0 THEN NULL WHEN h % 997 = 500 THEN 64999 ELSE 64500 + h % 50 END
         FROM (SELECT g, g % 20011 = 11 AS rdp, g % 10007 = 13 AS udp, (100000 * power(random(), 4))::int AS h,
             (lpad(to_hex((extract(epoch FROM now() - interval '26 h') * 1000)::bigint + (g * 93.6)::bigint), 12, '0') ||
               '7000a000' || lpad(to_hex(g), 12, '0'))::uuid AS u FROM generate_series(0, 999999) g) x)",
    R"(INSERT INTO apiary.credential(session_id, started_at, seq, at, sensor_id, source, protocol, username, secret,
          username_text, secret_text, digest, accepted)
       SELECT session_id, started_at, 1, started_at, sensor_id, source, protocol, convert_to(u, 'UTF8'),
          convert_to(p, 'UTF8'), u, p, sha256(convert_to(u || E'\\x01' || p, 'UTF8')), login_accepted
         FROM (SELECT s.*, 'user' || (200 * power(random(), 4))::int AS u, 'pw' || (2000 * power(random(), 4))::int AS p
           FROM apiary.session s WHERE credentials > 0) x)",
    R"(INSERT INTO apiary.command(session_id, started_at, seq, at, sensor_id, source, protocol, verb, argument,
          argument_text, normalized)
       SELECT session_id, started_at, 2, started_at, sensor_id, source, protocol, 'GET', convert_to(a, 'UTF8'), a, 'GET ' || a
         FROM (SELECT s.*, 'file' || (1000 * power(random(), 4))::int AS a FROM apiary.session s WHERE commands > 0) x)",
    R"(INSERT INTO apiary.artifact_sighting(session_id, started_at, seq, at, sensor_id, source, sha256)
       SELECT session_id, started_at, 3, started_at, sensor_id, source,
          sha256(convert_to('file' || (199 * power(random(), 4))::int, 'UTF8')) FROM apiary.session WHERE artifacts > 0)",
    R"(INSERT INTO apiary.probe(probe_id, started_at, ended_at, sensor_id, collector_id, source, target, target_port, kind, packets,
          tool)
       SELECT u, apiary.uuid_time(u), apiary.uuid_time(u) + interval '9 s', 1 + g % 10, 1, ('10.9.' || g % 256 || '.' || g / 256 % 256)::inet,
          '198.51.100.0', g % 1024, 'syn', 1 + g % 256, CASE WHEN g % 40009 = 7 THEN 'unicornscan' WHEN g % 3 = 1 THEN 'masscan'
          WHEN g % 3 = 2 THEN 'zmap' END
         FROM (SELECT g, (lpad(to_hex((extract(epoch FROM now() - interval '26 h') * 1000)::bigint + g * 468), 12, '0') ||
           '7000b000' || lpad(to_hex(g), 12, '0'))::uuid AS u FROM generate_series(0, 199999) g) x)",
    "SELECT apiary.rollup_write(NULL, now() - interval '27 h', now(), true)",
    "SELECT apiary.rollup_write_probes(NULL, now() - interval '27 h', now(), 1)",
    "VACUUM ANALYZE",
};

}  // namespace

void loadMillion(const test::TestDatabase& database) {
    for (const char* statement : kStatements) {
        const bool alone = std::string(statement).starts_with("VACUUM");  // in no transaction
        database.ask(alone ? statement : "SET statement_timeout = 0; " + std::string(statement));
    }
}

}  // namespace apiary::bench
