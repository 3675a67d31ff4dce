#include "collector/store/fleet_repository.hpp"

#include "collector/store/column_values.hpp"
#include "common/net/address.hpp"
#include "common/text/escape.hpp"

#include <pqxx/binarystring>
#include <pqxx/except>
#include <pqxx/result>
#include <pqxx/transaction>

#include <algorithm>
#include <array>
#include <utility>

namespace apiary::collector {
namespace {

using Reading = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;
using Time = SensorRecord::Time;

constexpr std::array<std::string_view, 6> kStates{"unknown", "off", "starting", "on", "failed", "draining"};
constexpr std::size_t kLongestText = 256;
constexpr std::uint64_t kMostCounted = std::uint64_t{1} << 62U;
constexpr const char* kNull = nullptr;

// Everything that a sensor may write into a text column: printable, and no longer than people read.
std::string tame(const std::string& text) {
    return escapeCut(text, kLongestText);
}

// A number as a sensor says it: any. What a column does not hold would take the list of all sensors from everybody.
std::int64_t held(std::uint64_t count) {
    return static_cast<std::int64_t>(std::min(count, kMostCounted));
}

std::string momentText(Time at) {
    return collector::momentText(std::chrono::floor<std::chrono::microseconds>(at));
}

std::optional<Time> timeOf(const pqxx::field& micros) {
    if (micros.is_null()) {
        return std::nullopt;
    }
    return Time(std::chrono::microseconds(micros.as<std::int64_t>()));
}

// The newest wish of each sensor of $1, a row for each service in it.
constexpr const char* kDesired = R"(
    SELECT d.sensor_id, d.version, (extract(epoch FROM d.issued_at) * 1000000)::bigint, s.key, s.value::boolean
      FROM (SELECT DISTINCT ON (sensor_id) sensor_id, version, issued_at, document FROM apiary.desired_state
             WHERE cardinality($1::int[]) = 0 OR sensor_id = ANY ($1::int[]) ORDER BY sensor_id, version DESC) d
      LEFT JOIN LATERAL jsonb_each_text(d.document -> 'services') s ON true ORDER BY 1, s.key)";

struct Wish {
    v1::DesiredState desired;
    std::optional<Time> issuedAt;
};

std::map<std::int32_t, Wish> readDesired(pqxx::transaction_base& transaction, std::span<const std::int32_t> sensors) {
    std::map<std::int32_t, Wish> wishes;
    for (const auto& row : transaction.exec_params(kDesired, arrayText(sensors))) {
        auto& wish = wishes[row[0].as<std::int32_t>()];
        wish.desired.set_version(countOf(row[1]));
        wish.issuedAt = timeOf(row[2]);
        if (!row[3].is_null()) {
            auto& service = *wish.desired.add_services();
            service.set_name(textOf(row[3]));
            service.set_on(row[4].as<bool>());
        }
    }
    return wishes;
}

constexpr const char* kSensors = R"(
    SELECT n.sensor_id, n.sensor_uuid, n.name, n.site, n.revoked_at IS NOT NULL,
           (extract(epoch FROM s.reported_at) * 1000000)::bigint, s.agent_version, s.clock_offset_ms,
           greatest(s.applied_version, 0), greatest(s.spool_records, 0), (extract(epoch FROM s.spool_oldest_at) * 1000000)::bigint
      FROM apiary.sensor n LEFT JOIN apiary.sensor_state s USING (sensor_id) ORDER BY n.name)";

// Numbers that earlier versions stored unbounded are bounded here.
constexpr const char* kServices = R"(
    SELECT s.sensor_id, v.name, v.protocol, v.listens, v.desired, v.actual, v.reason, v.open_sessions,
           least(v.sessions, 1::bigint << 62), least(v.refused, 1::bigint << 62)
      FROM apiary.sensor_state s, ROWS FROM (jsonb_to_recordset(s.services) AS
           (name text, protocol text, listens text, desired boolean, actual text, reason text, open_sessions bigint,
            sessions numeric, refused numeric)) WITH ORDINALITY
           AS v(name, protocol, listens, desired, actual, reason, open_sessions, sessions, refused, place)
     ORDER BY s.sensor_id, v.place)";

v1::ServiceStatus serviceOf(const pqxx::row& row) {
    v1::ServiceStatus service;
    service.set_name(textOf(row[1]));
    service.set_protocol(textOf(row[2]));
    const std::string listens = textOf(row[3]);
    for (std::size_t at = 0; at < listens.size();) {
        const auto end = std::min(listens.find(' ', at), listens.size());
        if (const auto endpoint = parseEndpoint(std::string_view(listens).substr(at, end - at))) {
            setEndpoint(*service.add_listens(), *endpoint);
        }
        at = end + 1;
    }
    service.set_desired(!row[4].is_null() && row[4].as<bool>());
    const auto state = std::ranges::find(kStates, textOf(row[5]));
    service.set_actual(state == kStates.end() ? v1::ACTUAL_STATE_UNKNOWN
                                              : static_cast<v1::ActualState>(state - kStates.begin()));
    service.set_reason(textOf(row[6]));
    service.set_open_sessions(static_cast<std::uint32_t>(countOf(row[7])));
    service.set_sessions(countOf(row[8]));
    service.set_refused(countOf(row[9]));
    return service;
}

std::string listensText(const v1::ServiceStatus& service) {
    std::string text;
    for (const auto& listen : service.listens()) {
        Endpoint endpoint;
        const auto& address = listen.address();
        if (address.size() == 4) {
            endpoint = Endpoint::of({}, 0);
        } else if (address.size() != 16) {
            continue;
        }
        std::ranges::copy(address, endpoint.address.end() - static_cast<std::ptrdiff_t>(address.size()));
        endpoint.port = static_cast<std::uint16_t>(listen.port());
        text += (text.empty() ? "" : " ") + endpointText(endpoint);
    }
    return text;
}

// The services of a report, column by column.
struct ServiceColumns {
    std::vector<std::string> names, protocols, listens, desired, actual, reasons, open, sessions, refused;

    explicit ServiceColumns(const v1::SensorStatus& status) {
        for (const auto& service : status.services()) {
            names.push_back(tame(service.name()));
            protocols.push_back(tame(service.protocol()));
            listens.push_back(listensText(service));
            desired.emplace_back(service.desired() ? "true" : "false");
            const auto state = static_cast<std::size_t>(service.actual());
            actual.emplace_back(state < kStates.size() ? kStates[state] : kStates[0]);
            reasons.push_back(tame(service.reason()));
            open.push_back(std::to_string(service.open_sessions()));
            sessions.push_back(std::to_string(held(service.sessions())));
            refused.push_back(std::to_string(held(service.refused())));
        }
    }
};

// An older report that comes late changes nothing; one of an hour before is none: the clock was ahead then.
constexpr const char* kSaveReport = R"(
    INSERT INTO apiary.sensor_state AS s (sensor_id, reported_at, collector_id, agent_version, applied_version,
           clock_offset_ms, spool_records, spool_oldest_at, services)
    SELECT $1::int, $2::timestamptz, $3::smallint, $4, $5::bigint, $6::int, $7::bigint, $8::timestamptz,
           coalesce((SELECT jsonb_agg(jsonb_build_object('name', v.name, 'protocol', v.protocol, 'listens', v.listens,
             'desired', v.desired, 'actual', v.actual, 'reason', v.reason, 'open_sessions', v.open_sessions, 'sessions',
             v.sessions, 'refused', v.refused) ORDER BY v.place)
             FROM unnest($9::text[], $10::text[], $11::text[], $12::boolean[], $13::text[], $14::text[], $15::bigint[],
               $16::numeric[], $17::numeric[]) WITH ORDINALITY
               AS v(name, protocol, listens, desired, actual, reason, open_sessions, sessions, refused, place)), '[]')
    ON CONFLICT (sensor_id) DO UPDATE SET reported_at = excluded.reported_at, collector_id = excluded.collector_id,
           agent_version = excluded.agent_version, applied_version = excluded.applied_version,
           clock_offset_ms = excluded.clock_offset_ms, spool_records = excluded.spool_records,
           spool_oldest_at = excluded.spool_oldest_at, services = excluded.services
     WHERE s.reported_at <= excluded.reported_at OR s.reported_at > excluded.reported_at + interval '1 h')";

constexpr const char* kAudit = R"(
    INSERT INTO apiary.audit_log(operator, action, target, refused, old_value, new_value)
    VALUES ($1, $2, $3, $4::boolean, $5::jsonb, $6::jsonb))";

constexpr const char* kAuditSwitch = R"(
    INSERT INTO apiary.audit_log(operator, action, target, refused, old_value, new_value)
    VALUES ($1, 'switch_service', $2, $3::boolean, CASE WHEN $4::bigint > 0 THEN jsonb_build_object('version', $4::bigint) END,
            jsonb_strip_nulls(jsonb_build_object('service', $5::text, 'on', $6::boolean, 'version', $7::bigint, 'reason', $8::text))))";

// Notes a wish that was not granted.
void auditRefused(pqxx::transaction_base& transaction, const SwitchWish& wish, const std::string& target,
                  std::uint64_t newest, const std::string& reason) {
    transaction.exec_params0(kAuditSwitch, tame(wish.requestedBy), target, true, newest, tame(wish.service), wish.on,
                             kNull, reason);
}

std::string targetOf(const SwitchWish& wish) {
    return "sensor " + std::to_string(wish.sensorId);
}

// Whether the sensor has a service of that name, as far as it has told.
std::optional<std::string> missingService(pqxx::transaction_base& transaction, const SwitchWish& wish,
                                          const std::string& sensor) {
    const auto row = transaction.exec_params1(
        R"(SELECT coalesce(bool_or(v ->> 'name' = $2), true), string_agg(v ->> 'name', ', ')
             FROM apiary.sensor_state s, jsonb_array_elements(s.services) v WHERE s.sensor_id = $1::int)",
        wish.sensorId, wish.service);
    if (row[0].as<bool>()) {
        return std::nullopt;
    }
    return "sensor " + sensor + " has no service '" + tame(wish.service) + "'; it has " + textOf(row[1]);
}

bool plainName(const std::string& name) {
    return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

FleetRepository::FleetRepository(Connection& connection) : connection_(connection) {}

std::vector<SensorRecord> FleetRepository::sensors() {
    Reading transaction(connection_.session());
    std::vector<SensorRecord> records;
    std::map<std::int32_t, std::size_t> places;
    for (const auto& row : transaction.exec(kSensors)) {
        SensorRecord record;
        record.sensorId = row[0].as<std::int32_t>();
        record.uuid = collector::uuidOf(row[1]);
        record.name = textOf(row[2]);
        record.site = textOf(row[3]);
        record.revoked = row[4].as<bool>();
        record.reportedAt = timeOf(row[5]);
        record.agentVersion = textOf(row[6]);
        record.clockOffsetMs = row[7].is_null() ? 0 : row[7].as<std::int32_t>();
        record.status.set_applied_version(countOf(row[8]));
        record.status.set_spool_records(countOf(row[9]));
        record.status.set_spool_oldest_us(countOf(row[10]));
        places[record.sensorId] = records.size();
        records.push_back(std::move(record));
    }
    for (const auto& row : transaction.exec(kServices)) {
        *records[places.at(row[0].as<std::int32_t>())].status.add_services() = serviceOf(row);
    }
    for (auto& [sensor, wish] : readDesired(transaction, {})) {
        auto& record = records[places.at(sensor)];
        record.desired = std::move(wish.desired);
        record.desiredAt = wish.issuedAt;
    }
    return records;
}

Result<std::int32_t> FleetRepository::registerSensor(const Uuid& uuid, const std::string& name,
                                                     const Sha256Digest& certificate, const std::string& by) {
    pqxx::work transaction(connection_.session());
    const auto digest = view(certificate);
    const auto known = transaction.exec_params(
        "SELECT sensor_uuid = $1::uuid, name = $2, revoked_at IS NOT NULL FROM apiary.sensor WHERE sensor_uuid = "
        "$1::uuid OR "
        "name = $2 FOR NO KEY UPDATE",
        uuid.text(), name);
    for (const auto& row : known) {
        if (!row[0].as<bool>()) {
            return Error{"there is a sensor named '" + name + "' already: choose another name"};
        }
        if (!row[1].as<bool>() || row[2].as<bool>()) {
            return Error{row[2].as<bool>() ? "the sensor '" + name + "' is revoked: enrol it under another name"
                                           : "this identity belongs to a sensor of another name"};
        }
    }
    const auto row = transaction.exec_params1(
        "INSERT INTO apiary.sensor(sensor_uuid, name, certificate_sha256) VALUES ($1::uuid, $2, $3) ON CONFLICT "
        "(sensor_uuid) "
        "DO UPDATE SET certificate_sha256 = excluded.certificate_sha256 RETURNING sensor_id",
        uuid.text(), name, pqxx::binarystring(digest.data(), digest.size()));
    transaction.exec_params0(kAudit, tame(by), known.empty() ? "enrol_sensor" : "renew_sensor", "sensor " + name, false,
                             kNull, kNull);
    transaction.commit();
    return row[0].as<std::int32_t>();
}

Status FleetRepository::revoke(const std::string& name, const std::string& by) {
    pqxx::work transaction(connection_.session());
    const auto done = transaction.exec_params(
        "UPDATE apiary.sensor SET revoked_at = clock_timestamp() WHERE name = $1 AND revoked_at IS NULL", name);
    const bool found = done.affected_rows() == 1;
    transaction.exec_params0(kAudit, tame(by), "revoke_sensor", "sensor " + name, !found, kNull, kNull);
    transaction.commit();
    if (!found) {
        return Error{"there is no sensor named '" + name + "' that is not revoked already"};
    }
    return Done{};
}

std::optional<Uuid> FleetRepository::uuidOf(const std::string& name) {
    Reading transaction(connection_.session());
    const auto rows = transaction.exec_params("SELECT sensor_uuid FROM apiary.sensor WHERE name = $1", name);
    return rows.empty() ? std::nullopt : std::optional(collector::uuidOf(rows[0][0]));
}

void FleetRepository::saveReport(const SensorReport& report, std::int16_t collectorId) {
    pqxx::work transaction(connection_.session());
    const ServiceColumns services(report.status);
    const auto oldest = static_cast<std::int64_t>(report.status.spool_oldest_us());
    const auto oldestText =
        oldest > 0 ? std::optional(momentText(Time(std::chrono::microseconds(oldest)))) : std::nullopt;
    transaction.exec_params0(kSaveReport, report.sensorId, momentText(report.arrivedAt), static_cast<int>(collectorId),
                             tame(report.agentVersion), held(report.status.applied_version()), report.clockOffsetMs,
                             held(report.status.spool_records()), oldestText ? oldestText->c_str() : kNull,
                             arrayText(services.names), arrayText(services.protocols), arrayText(services.listens),
                             arrayText(services.desired), arrayText(services.actual), arrayText(services.reasons),
                             arrayText(services.open), arrayText(services.sessions), arrayText(services.refused));
    transaction.commit();
}

std::map<std::int32_t, v1::DesiredState> FleetRepository::newestDesired(std::span<const std::int32_t> sensors) {
    std::map<std::int32_t, v1::DesiredState> newest;
    if (sensors.empty()) {
        return newest;
    }
    Reading transaction(connection_.session());
    for (auto& [sensor, wish] : readDesired(transaction, sensors)) {
        newest.emplace(sensor, std::move(wish.desired));
    }
    return newest;
}

std::vector<std::int32_t> FleetRepository::revoked(std::span<const std::int32_t> sensors) {
    Reading transaction(connection_.session());
    std::vector<std::int32_t> found;
    for (const auto& row : transaction.exec_params("SELECT sensor_id FROM apiary.sensor WHERE sensor_id = ANY "
                                                   "($1::int[]) AND revoked_at IS NOT NULL ORDER BY 1",
                                                   arrayText(sensors))) {
        found.push_back(row[0].as<std::int32_t>());
    }
    return found;
}

SwitchOutcome FleetRepository::switchService(const SwitchWish& wish) {
    pqxx::work transaction(connection_.session());
    const auto refuse = [&](std::uint64_t newest, const std::string& reason) {
        auditRefused(transaction, wish, targetOf(wish), newest, reason);
        transaction.commit();
    };
    // The lock lets two operators' wishes for one sensor follow each other.
    const auto sensor = transaction.exec_params(
        "SELECT name, revoked_at IS NOT NULL FROM apiary.sensor WHERE sensor_id = $1::int FOR NO KEY UPDATE",
        wish.sensorId);
    std::string missing;
    if (sensor.empty()) {
        missing = "there is no sensor of number " + std::to_string(wish.sensorId);
    } else if (sensor[0][1].as<bool>()) {
        missing = "sensor " + textOf(sensor[0][0]) + " is revoked";
    } else if (!plainName(wish.service)) {
        missing = "no service can have such a name";
    } else {
        missing = missingService(transaction, wish, textOf(sensor[0][0])).value_or("");
    }
    if (!missing.empty()) {
        refuse(0, missing);
        return NoSuchTarget{missing};
    }
    const auto newest = transaction.exec_params1(
        "SELECT coalesce(max(version), 0) FROM apiary.desired_state WHERE sensor_id = $1::int", wish.sensorId)[0];
    const auto version = countOf(newest);
    if (wish.expectedVersion != 0 && wish.expectedVersion != version) {
        refuse(version, "the newest version was another");
        return VersionConflict{version};
    }
    transaction.exec_params0(
        R"(INSERT INTO apiary.desired_state(sensor_id, version, issued_by, document)
           SELECT $1::int, $2::bigint + 1, $3, jsonb_set(coalesce((SELECT document FROM apiary.desired_state
             WHERE sensor_id = $1::int AND version = $2::bigint), '{"services": {}}'), ARRAY['services', $4::text],
             to_jsonb($5::boolean)))",
        wish.sensorId, version, tame(wish.requestedBy), wish.service, wish.on);
    transaction.exec_params0(kAuditSwitch, tame(wish.requestedBy), targetOf(wish), false, version, wish.service,
                             wish.on, version + 1, kNull);
    const std::array<std::int32_t, 1> one{wish.sensorId};
    auto stored = readDesired(transaction, one);
    transaction.commit();
    return Switched{std::move(stored.at(wish.sensorId).desired)};
}

void FleetRepository::recordRefusal(const SwitchWish& wish, const std::string& reason) {
    pqxx::work transaction(connection_.session());
    auditRefused(transaction, wish, targetOf(wish), 0, reason);
    transaction.commit();
}

}  // namespace apiary::collector
