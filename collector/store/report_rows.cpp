#include "collector/store/column_values.hpp"
#include "collector/store/report_reader.hpp"
#include "collector/store/report_row.hpp"
#include "collector/store/report_sql.hpp"
#include "common/crypto/digest.hpp"

#include <pqxx/nontransaction>

#include <algorithm>
#include <map>

namespace apiary::collector {
namespace {

constexpr std::int64_t kMostEvents = 10'000;
constexpr std::int64_t kMostEventBytes = std::int64_t{4} << 20U;
constexpr std::size_t kMostTranscriptBytes = std::size_t{6} << 20U;  // with the events it stays below the wire's 16 MiB

std::string oneEnded(const std::string& from) {
    return kEndedRow + " FROM " + from + endedJoins("c.started_at = apiary.uuid_time($1::uuid)") +
           "WHERE s.session_id = $1::uuid AND s.started_at = apiary.uuid_time($1::uuid)";
}
const std::string kOneEnded = oneEnded("apiary.session");
const std::string kOneFolded = oneEnded("(SELECT * FROM apiary.folded_session($1::uuid))");
const std::string kOneOpen = kOpenRow + " FROM apiary.session_open" + kOpenJoins + "WHERE s.session_id = $1::uuid";
const std::string kOpenFilter =
    "(cardinality($1::int[]) = 0 OR sensor_id = ANY ($1::int[])) AND (cardinality($2::text[]) = 0 OR protocol = ANY "
    "($2::text[])) AND traffic = ANY ($3::text[])";
const std::string kAllOpen = kOpenRow + " FROM (SELECT * FROM apiary.session_open WHERE " + kOpenFilter +
                             " ORDER BY session_id DESC LIMIT $4::int)" + kOpenJoins + "ORDER BY s.session_id DESC";
const std::string kCountOpen = "SELECT count(*) FROM apiary.session_open WHERE " + kOpenFilter;

constexpr const char* kEvents = R"(
    SELECT seq, (extract(epoch FROM at) * 1000000)::bigint, kind, channel, bytes, total FROM (
      SELECT seq, at, kind, channel, bytes, count(*) OVER () AS total, sum(length(bytes)) OVER (ORDER BY seq) AS size
        FROM (SELECT * FROM apiary.event WHERE session_id = $1::uuid AND started_at = apiary.uuid_time($1::uuid)
              UNION ALL SELECT * FROM apiary.events_of_folded($1::uuid)) o) e
     WHERE size <= $2::bigint ORDER BY seq LIMIT $3::bigint)";
constexpr const char* kPacketsDropped =
    "SELECT EXISTS (SELECT FROM apiary.event WHERE session_id = $1::uuid AND started_at = apiary.uuid_time($1::uuid) "
    "AND "
    "kind = 5)";
constexpr const char* kTranscript =
    "SELECT line FROM apiary.transcript($1::uuid) WITH ORDINALITY t(line, n) ORDER BY n";
constexpr const char* kCredentials =
    "SELECT username, secret, accepted FROM apiary.credential WHERE session_id = $1::uuid AND started_at = "
    "apiary.uuid_time($1::uuid) ORDER BY seq LIMIT 1000";
// Days are counted, the rest of its own day is not.
constexpr const char* kSessionsBefore = R"(
    SELECT (SELECT coalesce(sum(sessions), 0) FROM apiary.source_day WHERE source = $1::inet
        AND day_at < date_bin('1 day', apiary.uuid_time($2::uuid), '2000-01-01 00:00+00'))
      + (SELECT count(*) FROM apiary.session WHERE source = $1::inet AND started_at >= date_bin('1 day',
        apiary.uuid_time($2::uuid), '2000-01-01 00:00+00') AND started_at <= apiary.uuid_time($2::uuid)
        AND session_id < $2::uuid)
      + (SELECT count(*) FROM apiary.folded_sessions(date_bin('1 day', apiary.uuid_time($2::uuid), '2000-01-01 00:00+00'),
        apiary.uuid_time($2::uuid) + interval '1 ms', false) WHERE source = $1::inet AND session_id < $2::uuid))";
constexpr const char* kArtifacts = R"(
    SELECT g.sha256, a.size, g.offered_name FROM apiary.artifact_sighting g LEFT JOIN apiary.artifact a USING (sha256)
     WHERE g.session_id = $1::uuid AND g.started_at = apiary.uuid_time($1::uuid) AND g.sha256 IS NOT NULL
     ORDER BY g.seq LIMIT 1000)";

void readEvents(pqxx::transaction_base& transaction, const std::string& id, v1::SessionDetail& detail) {
    std::int64_t total = 0;
    for (const auto& row : transaction.exec_params(kEvents, id, kMostEventBytes, kMostEvents)) {
        auto& event = *detail.add_events();
        event.set_seq(row[0].as<std::uint32_t>());
        event.set_at_us(countOf(row[1]));
        event.set_kind(row[2].as<std::uint32_t>());
        event.set_channel(row[3].as<std::uint32_t>());
        event.set_bytes(bytesOf(row[4]));
        total = row[5].as<std::int64_t>();
    }
    detail.set_events_cut(detail.events_size() < total);
}

// The digest is over all lines, also those that are not sent; as transcript_digest() has it, there is none where
// packets were dropped on the way.
void readTranscript(pqxx::transaction_base& transaction, const std::string& id, v1::SessionDetail& detail) {
    Sha256 sha;
    std::size_t size = 0;
    const bool dropped = transaction.exec_params1(kPacketsDropped, id)[0].as<bool>();
    for (const auto& row : transaction.exec_params(kTranscript, id)) {
        const auto line = textOf(row[0]);
        sha.update(line);
        sha.update("\n");
        size += line.size() + 1;
        if (size <= kMostTranscriptBytes) {
            detail.add_transcript(line);
        } else {
            detail.set_transcript_cut(true);
        }
    }
    if (!dropped) {
        const auto digest = sha.finish();
        detail.set_transcript_sha256(digest.data(), digest.size());
    }
}

}  // namespace

ReportReader::ReportReader(Connection& connection, const SearchLimits& limits)
    : connection_(connection), limits_(limits) {}

std::optional<v1::SessionDetail> ReportReader::session(const Uuid& id) {
    ReportTransaction transaction(connection_.session());
    const auto text = id.text();
    auto rows = transaction.exec_params(kOneEnded, text);
    const bool isRow = !rows.empty();
    if (!isRow) {
        rows = transaction.exec_params(kOneFolded, text);
    }
    const bool folded = !isRow && !rows.empty();
    if (rows.empty()) {
        rows = transaction.exec_params(kOneOpen, text);
    }
    if (rows.empty()) {
        return std::nullopt;
    }
    v1::SessionDetail detail;
    readRow(rows[0], *detail.mutable_row());
    detail.set_journal_path(textOf(rows[0][kRowColumns]));
    detail.set_journal_sha256(bytesOf(rows[0][kRowColumns + 1]));
    detail.set_sessions_before(countOf(transaction.exec_params1(kSessionsBefore, textOf(rows[0][5]), text)[0]));
    readEvents(transaction, text, detail);
    readTranscript(transaction, text, detail);
    if (folded) {
        detail.set_journal_sha256(detail.transcript_sha256());  // only those are folded of which they are the same
    }
    for (const auto& row : transaction.exec_params(kCredentials, text)) {
        auto& credential = *detail.add_credentials();
        credential.set_username(bytesOf(row[0]));
        credential.set_secret(bytesOf(row[1]));
        credential.set_accepted(row[2].as<bool>());
    }
    for (const auto& row : transaction.exec_params(kArtifacts, text)) {
        auto& artifact = *detail.add_artifacts();
        artifact.set_sha256(bytesOf(row[0]));
        artifact.set_size(countOf(row[1]));
        artifact.set_name(bytesOf(row[2]));
    }
    return detail;
}

v1::ListOpenReply ReportReader::listOpen(const ReportScope& scope, std::uint32_t limit) {
    ReportTransaction transaction(connection_.session());
    v1::ListOpenReply reply;
    for (const auto& row : transaction.exec_params(kAllOpen, arrayText(scope.sensors), arrayText(scope.protocols),
                                                   arrayText(scope.traffic), limit)) {
        readRow(row, *reply.add_rows());
    }
    reply.set_total(countOf(transaction.exec_params1(kCountOpen, arrayText(scope.sensors), arrayText(scope.protocols),
                                                     arrayText(scope.traffic))[0]));
    return reply;
}

std::map<std::int32_t, std::string> ReportReader::sensorNames() {
    ReportTransaction transaction(connection_.session());
    std::map<std::int32_t, std::string> names;
    for (const auto& row : transaction.exec("SELECT sensor_id, name FROM apiary.sensor")) {
        names.emplace(row[0].as<std::int32_t>(), textOf(row[1]));
    }
    return names;
}

std::unique_ptr<Connection> openForReports(const std::string& dsn, std::chrono::milliseconds longest) {
    auto connection = std::make_unique<Connection>(dsn, "apiary-collector reports");
    pqxx::nontransaction settings(connection->session());
    settings.exec("SET default_transaction_read_only = on");
    settings.exec("SET jit = off");  // compiling costs more than these statements take
    // Starting other processes takes longer than most of these statements.
    settings.exec("SET parallel_setup_cost = 20000");
    settings.exec("SET work_mem = '64MB'");  // a hash of a hundred thousand sources stays off the disk
    settings.exec_params("SELECT set_config('statement_timeout', $1, false)", std::to_string(longest.count()));
    settings.commit();
    return connection;
}

}  // namespace apiary::collector
