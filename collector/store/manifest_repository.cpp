#include "collector/store/manifest_repository.hpp"

#include <pqxx/pqxx>

namespace apiary::collector {
namespace {

constexpr const char* kPieces =
    "SELECT piece_id, first, length(entries) / 48 FROM apiary.manifest_piece "
    "WHERE sensor_id = $1 AND day = '1970-01-01'::date + $2::int ORDER BY first, flaw IS NOT NULL, piece_id";

// The day is said besides the ids, so that one partition is looked into; OFFSET 0 keeps the planner from reading all
// of it.
constexpr const char* kCompare = R"(
WITH e AS MATERIALIZED (
  SELECT encode(substr($1::bytea, i * 48 + 1, 16), 'hex')::uuid AS id, substr($1::bytea, i * 48 + 17, 32) AS digest, i
    FROM generate_series(0, length($1::bytea) / 48 - 1) i
), d AS MATERIALIZED (
  SELECT ('1970-01-01'::date + $3::int)::timestamp AT TIME ZONE 'UTC' AS first,
    ('1970-01-01'::date + $3::int + 1)::timestamp AT TIME ZONE 'UTC' AS last
), f AS MATERIALIZED (
  SELECT x.* FROM d CROSS JOIN LATERAL (SELECT min(apiary.uuid_time(id)) AS first, max(apiary.uuid_time(id)) AS last FROM e
      WHERE apiary.uuid_time(id) >= d.first AND apiary.uuid_time(id) < d.last) b
    CROSS JOIN LATERAL apiary.folded_digests(b.first, b.last + interval '1 ms') x
), r AS MATERIALIZED (
  SELECT e.i, e.id, e.digest, s.session_id IS NOT NULL OR f.session_id IS NOT NULL AS present,
    coalesce(s.sensor_id, f.sensor_id) = $2::int AND CASE WHEN s.session_id IS NULL THEN f.digest ELSE s.journal_sha256 END
      IS NOT DISTINCT FROM e.digest AS same, coalesce(s.sensor_id, f.sensor_id) = $2::int AS own,
    coalesce(s.outcome, f.outcome) AS outcome,
    CASE WHEN s.session_id IS NOT NULL THEN apiary.transcript_digest(e.id) ELSE f.digest END AS transcript
    FROM e LEFT JOIN f ON f.session_id = e.id LEFT JOIN LATERAL (SELECT * FROM apiary.session
      WHERE session_id = e.id AND started_at = apiary.uuid_time(e.id)
      AND started_at >= ('1970-01-01'::date + $3::int)::timestamp AT TIME ZONE 'UTC'
      AND started_at < ('1970-01-01'::date + $3::int + 1)::timestamp AT TIME ZONE 'UTC' OFFSET 0) s ON true)
SELECT id, present, same, coalesce(transcript = digest, false), transcript IS NULL,
  CASE WHEN NOT present THEN coalesce(
      (SELECT 'its end has not come' FROM apiary.session_open o WHERE o.session_id = id),
      (SELECT 'a record of it is in quarantine: ' || min(q.reason) FROM apiary.quarantine q
        WHERE q.sensor_id = $2::int AND position(uuid_send(id) IN q.record) > 0), '')
    WHEN outcome = 'unfinished' THEN 'the collector closed it, its end never came'
    WHEN NOT own THEN 'it is another sensor''s now'
    WHEN transcript IS NULL THEN (SELECT string_agg(encode(bytes, 'escape'), ', ') FROM apiary.event v
      WHERE v.session_id = id AND v.started_at = apiary.uuid_time(id) AND v.kind = 5)
  END
FROM r WHERE NOT present OR NOT same OR transcript IS DISTINCT FROM digest ORDER BY i)";

constexpr const char* kRowsBefore =
    "SELECT session_id FROM apiary.session WHERE sensor_id = $1 "
    "AND started_at >= ('1970-01-01'::date + $2::int)::timestamp AT TIME ZONE 'UTC' "
    "AND started_at < ('1970-01-01'::date + $2::int + 1)::timestamp AT TIME ZONE 'UTC' AND session_id > $3::uuid "
    "AND ended_at < $4::timestamptz - interval '1 min' AND received_at < $5::timestamptz AND outcome <> 'unfinished' "
    "UNION ALL SELECT session_id FROM apiary.folded_sessions(greatest(apiary.uuid_time($3::uuid), "
    "('1970-01-01'::date + $2::int)::timestamp AT TIME ZONE 'UTC'), "
    "('1970-01-01'::date + $2::int + 1)::timestamp AT TIME ZONE 'UTC', false) WHERE sensor_id = $1 AND session_id > "
    "$3::uuid "
    "AND ended_at < $4::timestamptz - interval '1 min' AND received_at < $5::timestamptz "
    "ORDER BY session_id LIMIT 10000";

int numberOf(std::chrono::sys_days day) {
    return static_cast<int>(day.time_since_epoch().count());
}

Uuid idOf(const pqxx::field& field) {
    return Uuid::parse(field.c_str()).value_or(Uuid{});
}

}  // namespace

ManifestRepository::ManifestRepository(Connection& connection) : connection_(connection) {
    pqxx::connection_base& session = connection_.session();
    session.prepare("pieces", kPieces);
    session.prepare("piece",
                    "SELECT first, entries, chain, signature, certificate, made_at, received_at "
                    "FROM apiary.manifest_piece WHERE piece_id = $1");
    session.prepare("compare", kCompare);
    session.prepare("rows_before", kRowsBefore);
}

std::optional<ManifestRepository::Sensor> ManifestRepository::sensor(const std::string& name) {
    pqxx::nontransaction work(connection_.session());
    const pqxx::result rows =
        work.exec_params("SELECT sensor_id, sensor_uuid FROM apiary.sensor WHERE name = $1", name);
    if (rows.empty()) {
        return std::nullopt;
    }
    return Sensor{.id = rows[0][0].as<std::int32_t>(), .uuid = idOf(rows[0][1])};
}

bool ManifestRepository::hasRows(std::chrono::sys_days day) {
    pqxx::nontransaction work(connection_.session());
    return work
        .exec_params1(
            // to_regclass() would ask for a right on the schema of the partitions.
            "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = 'apiary_part' AND c.relname = "
            "'session_' || to_char('1970-01-01'::date + $1::int, 'YYYYMMDD'))",
            numberOf(day))[0]
        .as<bool>();
}

bool ManifestRepository::rowsRemoved(std::chrono::sys_days day) {
    pqxx::nontransaction work(connection_.session());
    return work
        .exec_params1("SELECT coalesce('1970-01-01'::date + $1::int < rows_from, false) FROM apiary.retained",
                      numberOf(day))[0]
        .as<bool>();
}

bool ManifestRepository::manifestsRemoved(std::chrono::sys_days day) {
    pqxx::nontransaction work(connection_.session());
    return work
        .exec_params1("SELECT coalesce('1970-01-01'::date + $1::int < manifests_from, false) FROM apiary.retained",
                      numberOf(day))[0]
        .as<bool>();
}

std::vector<PieceHead> ManifestRepository::pieces(std::int32_t sensorId, std::chrono::sys_days day) {
    pqxx::nontransaction work(connection_.session());
    std::vector<PieceHead> heads;
    for (const auto& row : work.exec_prepared("pieces", sensorId, numberOf(day))) {
        heads.push_back({.pieceId = row[0].as<std::int64_t>(),
                         .first = row[1].as<std::int64_t>(),
                         .count = row[2].as<std::int64_t>()});
    }
    return heads;
}

StoredPiece ManifestRepository::piece(std::int64_t pieceId) {
    pqxx::nontransaction work(connection_.session());
    const pqxx::row row = work.exec_prepared1("piece", pieceId);
    const auto bytes = [&](int column) { return pqxx::binarystring(row[column]).str(); };
    return {.first = row[0].as<std::int64_t>(),
            .entries = bytes(1),
            .chain = bytes(2),
            .signature = bytes(3),
            .certificate = bytes(4),
            .madeAt = row[5].c_str(),
            .receivedAt = row[6].c_str()};
}

std::vector<EntryFinding> ManifestRepository::compare(std::int32_t sensorId, std::chrono::sys_days day,
                                                      std::string_view entries) {
    pqxx::nontransaction work(connection_.session());
    std::vector<EntryFinding> findings;
    for (const auto& row :
         work.exec_prepared("compare", pqxx::binarystring(std::string(entries)), sensorId, numberOf(day))) {
        EntryFinding finding{.session = idOf(row[0]), .reason = row[5].c_str()};
        if (!row[1].as<bool>()) {
            finding.row = EntryFinding::Row::Missing;
        } else {
            finding.row = row[2].as<bool>(false) ? EntryFinding::Row::AsClosed : EntryFinding::Row::Altered;
            finding.transcript = row[3].as<bool>()   ? EntryFinding::Transcript::Same
                                 : row[4].as<bool>() ? EntryFinding::Transcript::Dropped
                                                     : EntryFinding::Transcript::Differs;
        }
        findings.push_back(std::move(finding));
    }
    return findings;
}

std::vector<Uuid> ManifestRepository::rowsBefore(std::int32_t sensorId, std::chrono::sys_days day,
                                                 const StoredPiece& last, const Uuid& after) {
    pqxx::nontransaction work(connection_.session());
    std::vector<Uuid> sessions;
    for (const auto& row :
         work.exec_prepared("rows_before", sensorId, numberOf(day), after.text(), last.madeAt, last.receivedAt)) {
        sessions.push_back(idOf(row[0]));
    }
    return sessions;
}

}  // namespace apiary::collector
