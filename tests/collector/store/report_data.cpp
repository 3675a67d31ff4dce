#include "tests/collector/store/report_data.hpp"

#include "collector/store/column_values.hpp"
#include "collector/store/connection.hpp"
#include "common/crypto/digest.hpp"

#include <pqxx/binarystring>
#include <pqxx/result>
#include <pqxx/transaction>

#include <algorithm>
#include <array>

namespace apiary::test {
namespace {

using collector::arrayText;
using collector::ReportMoment;

std::array<std::uint8_t, 10> bits(std::mt19937_64& random) {
    std::array<std::uint8_t, 10> bytes{};
    std::ranges::generate(bytes, [&] { return static_cast<std::uint8_t>(random()); });
    return bytes;
}

template <typename T>
bool named(const std::vector<T>& names, const T& value) {
    return names.empty() || std::ranges::count(names, value) > 0;
}

// Credentials have no NUL here, so they can be made in SQL.
constexpr const char* kInsertCredentials = R"(
    INSERT INTO apiary.credential(session_id, started_at, seq, at, sensor_id, source, protocol, username, secret,
        username_text, secret_text, digest)
    SELECT u, apiary.uuid_time(u), q, apiary.uuid_time(u), 1, '192.0.2.1', 'x', convert_to(split_part(c, ' / ', 1), 'UTF8'),
        convert_to(split_part(c, ' / ', 2), 'UTF8'), split_part(c, ' / ', 1), split_part(c, ' / ', 2),
        sha256(convert_to(c, 'UTF8'))
      FROM unnest($1::uuid[], $2::int[], $3::text[]) x(u, q, c))";

constexpr const char* kInsertSessions = R"(
    INSERT INTO apiary.session(session_id, started_at, ended_at, sensor_id, collector_id, source, source_port, target,
        target_port, transport, protocol, outcome, bytes_in, bytes_out, packets, events, credentials, tags, commands, artifacts,
        country)
    SELECT u, apiary.uuid_time(u), apiary.uuid_time(u) + interval '1 s', s, 1 + s % 2, a, 4000, '198.51.100.1', p, 'tcp',
        protocol, e, i, o, 2, 2, c, CASE WHEN t = 'attack' THEN '{}' ELSE ARRAY[t] END, m, f, nullif(l, '')
      FROM unnest($1::uuid[], $2::int[], $3::inet[], $4::int[], $5::text[], $6::bigint[], $7::bigint[], $8::int[], $9::text[],
        $10::text[], $11::int[], $12::int[], $13::text[]) x(u, s, a, p, protocol, i, o, c, t, e, m, f, l))";

constexpr const char* kInsertCommands = R"(
    INSERT INTO apiary.command(session_id, started_at, seq, at, sensor_id, source, protocol, verb, argument, argument_text,
        normalized)
    SELECT u, apiary.uuid_time(u), q, apiary.uuid_time(u), 1, '192.0.2.1', 'x', split_part(c, ' ', 1),
        convert_to(split_part(c, ' ', 2), 'UTF8'), split_part(c, ' ', 2), c
      FROM unnest($1::uuid[], $2::int[], $3::text[]) x(u, q, c))";

constexpr const char* kInsertSightings = R"(
    INSERT INTO apiary.artifact_sighting(session_id, started_at, seq, at, sensor_id, source, sha256)
    SELECT u, apiary.uuid_time(u), q, apiary.uuid_time(u), 1, '192.0.2.1', sha256(convert_to(c, 'UTF8'))
      FROM unnest($1::uuid[], $2::int[], $3::text[]) x(u, q, c))";

/// Rows of a table that hangs on sessions.
struct Held {
    std::vector<std::string> ids;
    std::vector<std::int32_t> places;
    std::vector<std::string> values;

    void add(const KnownSession& session, const std::vector<std::string>& held) {
        for (const auto& value : held) {
            ids.push_back(session.id.text());
            places.push_back(static_cast<std::int32_t>(places.size()));
            values.push_back(value);
        }
    }
    void insert(pqxx::work& work, const char* statement) const {
        work.exec_params(statement, arrayText(ids), arrayText(places), arrayText(values));
    }
};

}  // namespace

ReportData::ReportData(const TestDatabase& database) : database_(database) {}

std::vector<std::int32_t> ReportData::addSensors(int count) {
    for (int i = 0; i < count; ++i) {
        sensors_.push_back(
            std::stoi(database_.ask("INSERT INTO apiary.sensor(sensor_uuid, name) VALUES (gen_random_uuid(), 's" +
                                    std::to_string(sensors_.size() + 1) + "') RETURNING sensor_id")));
    }
    return sensors_;
}

void ReportData::addRandom(int count, ReportMoment from, ReportMoment to, std::mt19937_64& random) {
    static constexpr std::array<const char*, 3> kProtocols{"ftp", "http", "telnet"};
    static constexpr std::array<const char*, 4> kTraffic{"attack", "attack", "known-scanner", "self-test"};
    const auto span = static_cast<std::uint64_t>((to - from).count());
    std::vector<KnownSession> batch;
    for (int i = 0; i < count; ++i) {
        KnownSession session;
        session.id = Uuid::v7(from + std::chrono::microseconds(random() % span), bits(random));
        session.sensor = sensors_[random() % sensors_.size()];
        session.protocol = kProtocols[random() % kProtocols.size()];
        session.traffic = kTraffic[random() % kTraffic.size()];
        session.source = (random() % 3 == 0 ? "2001:db8::" : "192.0.2.") + std::to_string(random() % 40 + 1);
        session.port = static_cast<std::int32_t>(random() % 5) + 20;
        session.bytesIn = random() % 1000;
        session.bytesOut = random() % 1000;
        for (auto left = random() % 3; left > 0; --left) {
            session.credentials.push_back("user" + std::to_string(random() % 4) + " / pw" +
                                          std::to_string(random() % 3));
        }
        for (auto left = random() % 3; left > 0; --left) {
            session.commands.push_back(random() % 2 == 0 ? "NOOP " : "GET file" + std::to_string(random() % 6));
        }
        if (random() % 5 == 0) {
            session.artifacts.push_back("content" + std::to_string(random() % 4));
        }
        session.country = random() % 3 == 0 ? "" : "C" + std::string(1, static_cast<char>('A' + random() % 4));
        session.outcome = random() % 2 == 0 ? "finished" : "reset";
        batch.push_back(std::move(session));
    }
    const auto half = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
    add({batch.begin(), half});
    add({half, batch.end()});
}

void ReportData::add(const std::vector<KnownSession>& sessions) {
    std::vector<std::string> ids, sources, protocols, in, out, traffic, outcomes, countries;
    std::vector<std::int32_t> sensors, ports, counts, commandCounts, artifactCounts;
    Held credentials, commands, artifacts;
    auto first = sessions.front().id.time();
    auto last = first;
    for (const auto& session : sessions) {
        first = std::min(first, session.id.time());
        last = std::max(last, session.id.time());
        ids.push_back(session.id.text());
        sensors.push_back(session.sensor);
        sources.push_back(session.source);
        ports.push_back(session.port);
        protocols.push_back(session.protocol);
        in.push_back(std::to_string(session.bytesIn));
        out.push_back(std::to_string(session.bytesOut));
        counts.push_back(static_cast<std::int32_t>(session.credentials.size()));
        traffic.push_back(session.traffic);
        outcomes.push_back(session.outcome);
        commandCounts.push_back(static_cast<std::int32_t>(session.commands.size()));
        artifactCounts.push_back(static_cast<std::int32_t>(session.artifacts.size()));
        countries.push_back(session.country);
        credentials.add(session, session.credentials);
        commands.add(session, session.commands);
        artifacts.add(session, session.artifacts);
    }
    collector::Connection connection(database_.superuser());
    connection.session().set_variable("default_transaction_read_only", "off");
    pqxx::work work(connection.session());
    const auto text = [](auto at) {
        return collector::momentText(std::chrono::time_point_cast<std::chrono::microseconds>(at));
    };
    work.exec_params("SELECT apiary.ensure_partitions($1::timestamptz, $2::timestamptz)", text(first),
                     text(last + std::chrono::seconds(1)));
    work.exec_params(kInsertSessions, arrayText(ids), arrayText(sensors), arrayText(sources), arrayText(ports),
                     arrayText(protocols), arrayText(in), arrayText(out), arrayText(counts), arrayText(traffic),
                     arrayText(outcomes), arrayText(commandCounts), arrayText(artifactCounts), arrayText(countries));
    credentials.insert(work, kInsertCredentials);
    commands.insert(work, kInsertCommands);
    artifacts.insert(work, kInsertSightings);
    work.exec_params("SELECT apiary.rollup_add($1::uuid[])", arrayText(ids));
    work.commit();
    sessions_.insert(sessions_.end(), sessions.begin(), sessions.end());
}

std::vector<const KnownSession*> ReportData::in(const collector::ReportScope& scope) const {
    std::vector<const KnownSession*> found;
    for (const auto& session : sessions_) {
        if (session.start() >= scope.from && session.start() < scope.to && named(scope.sensors, session.sensor) &&
            named(scope.protocols, session.protocol) && named(scope.traffic, session.traffic) &&
            (scope.source.empty() || scope.source == session.source)) {
            found.push_back(&session);
        }
    }
    std::ranges::sort(found, [](const auto* a, const auto* b) { return a->id > b->id; });
    return found;
}

}  // namespace apiary::test
