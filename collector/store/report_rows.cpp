#include "collector/store/column_values.hpp"
#include "collector/store/report_reader.hpp"
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

// One order of columns for ended and open sessions, which rowOf() reads.
const std::string kEnded = R"(
    SELECT s.session_id, (extract(epoch FROM s.started_at) * 1000000)::bigint,
      (extract(epoch FROM s.ended_at) * 1000000)::bigint, s.sensor_id, n.name, host(s.source), s.source_port, host(s.target),
      s.target_port, s.transport, s.protocol, s.detected, s.outcome, s.bytes_in, s.bytes_out, s.packets, s.credentials,
      s.commands, s.artifacts, s.login_accepted, s.country, s.tags, s.traffic, s.journal_path, s.journal_sha256,
      s.asn, a.name )";
const std::string kOpen = R"(
    SELECT s.session_id, (extract(epoch FROM s.started_at) * 1000000)::bigint, 0::bigint, s.sensor_id, n.name, host(s.source),
      s.source_port, host(s.target), s.target_port, s.transport, s.protocol, NULL, 'open', 0, 0, 0, 0, 0, 0, false, s.country,
      s.tags, s.traffic, NULL, NULL, s.asn, a.name )";
const std::string kJoined =
    " s LEFT JOIN apiary.sensor n USING (sensor_id) LEFT JOIN apiary.network_name a ON a.asn = s.asn ";

// The id begins with the start, so the primary key is the index of time: one range of it, walked backwards.
const std::string kListed =
    " FROM apiary.session s WHERE started_at >= $1::timestamptz AND started_at < $2::timestamptz AND session_id >= "
    "$7::uuid AND session_id < $8::uuid" +
    kFilter;
const std::string kPageBegin = kEnded + " FROM (SELECT s.*" + kListed;
const std::string kPageEnd = " ORDER BY session_id DESC LIMIT $9::int)" + kJoined + "ORDER BY s.session_id DESC";

const std::string kOneEnded = kEnded + " FROM apiary.session" + kJoined +
                              "WHERE s.session_id = $1::uuid AND s.started_at = apiary.uuid_time($1::uuid)";
const std::string kOneOpen = kOpen + " FROM apiary.session_open" + kJoined + "WHERE s.session_id = $1::uuid";
const std::string kOpenFilter =
    "(cardinality($1::int[]) = 0 OR sensor_id = ANY ($1::int[])) AND (cardinality($2::text[]) = 0 OR protocol = ANY "
    "($2::text[])) AND traffic = ANY ($3::text[])";
const std::string kAllOpen = kOpen + " FROM (SELECT * FROM apiary.session_open WHERE " + kOpenFilter +
                             " ORDER BY session_id DESC LIMIT $4::int)" + kJoined + "ORDER BY s.session_id DESC";
const std::string kCountOpen = "SELECT count(*) FROM apiary.session_open WHERE " + kOpenFilter;

constexpr const char* kEvents = R"(
    SELECT seq, (extract(epoch FROM at) * 1000000)::bigint, kind, channel, bytes, total FROM (
      SELECT seq, at, kind, channel, bytes, count(*) OVER () AS total, sum(length(bytes)) OVER (ORDER BY seq) AS size
        FROM apiary.event WHERE session_id = $1::uuid AND started_at = apiary.uuid_time($1::uuid)) e
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
constexpr const char* kArtifacts = R"(
    SELECT g.sha256, a.size, g.offered_name FROM apiary.artifact_sighting g LEFT JOIN apiary.artifact a USING (sha256)
     WHERE g.session_id = $1::uuid AND g.started_at = apiary.uuid_time($1::uuid) AND g.sha256 IS NOT NULL
     ORDER BY g.seq LIMIT 1000)";

// Each part is a question of its own.
constexpr std::size_t kMostParts = 50;
const std::string kPortHours =
    "SELECT DISTINCT (extract(epoch FROM bucket_at) * 1000000)::bigint FROM apiary.rollup_hour_port WHERE bucket_at >= "
    "date_bin('1 hour', $1::timestamptz, '1970-01-01 00:00+00') AND bucket_at < $2::timestamptz AND traffic = ANY "
    "($3::text[]) AND target_port = ANY ($4::int[]) ORDER BY 1 DESC";

constexpr std::int64_t kMostCounted = 100'000;

const char* orNull(const std::string& text) {
    return text.empty() ? nullptr : text.c_str();
}

// PostgreSQL's text of an array of tags, which hold no quote, comma or backslash.
void addTags(v1::SessionRow& row, const std::string& tags) {
    for (std::size_t at = 1; at + 1 < tags.size();) {
        const auto end = std::min(tags.find(',', at), tags.size() - 1);
        auto tag = tags.substr(at, end - at);
        if (tag.size() > 1 && tag.front() == '"') {
            tag = tag.substr(1, tag.size() - 2);
        }
        row.add_tags(tag);
        at = end + 1;
    }
}

void readRow(const pqxx::row& from, v1::SessionRow& row) {
    const auto uuid = uuidOf(from[0]);
    row.set_session_id(uuid.bytes.data(), uuid.bytes.size());
    row.set_started_at_us(countOf(from[1]));
    row.set_ended_at_us(countOf(from[2]));
    row.set_sensor_id(from[3].as<std::int32_t>());
    row.set_sensor(textOf(from[4]));
    setEndpoint(*row.mutable_source(), textOf(from[5]), from[6].as<std::uint32_t>());
    setEndpoint(*row.mutable_target(), textOf(from[7]), from[8].as<std::uint32_t>());
    row.set_transport(textOf(from[9]) == "udp" ? v1::TRANSPORT_UDP : v1::TRANSPORT_TCP);
    row.set_protocol(textOf(from[10]));
    row.set_identified(textOf(from[11]));
    row.set_outcome(textOf(from[12]));
    row.set_bytes_in(countOf(from[13]));
    row.set_bytes_out(countOf(from[14]));
    row.set_packets(static_cast<std::uint32_t>(countOf(from[15])));
    row.set_credentials(static_cast<std::uint32_t>(countOf(from[16])));
    row.set_commands(static_cast<std::uint32_t>(countOf(from[17])));
    row.set_artifacts(static_cast<std::uint32_t>(countOf(from[18])));
    row.set_login_accepted(from[19].as<bool>());
    row.set_country(textOf(from[20]));
    addTags(row, textOf(from[21]));
    row.set_traffic(textOf(from[22]));
    row.set_network(static_cast<std::uint32_t>(countOf(from[25])));
    row.set_network_name(textOf(from[26]));
}

/// At most `most` of them; true if there are more.
bool addRows(const pqxx::result& rows, std::int64_t most, v1::ListSessionsReply& reply) {
    for (const auto& row : rows) {
        if (most-- == 0) {
            return true;
        }
        readRow(row, *reply.add_rows());
    }
    return false;
}

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

const char* orNull(std::optional<bool> value) {
    return !value ? nullptr : *value ? "true" : "false";
}

/// Executes a statement about the rows of the list that come before `before`.
pqxx::result askListed(pqxx::transaction_base& transaction, const std::string& statement, const ReportScope& scope,
                       const Uuid& before, std::int64_t limit, const SessionFilter& filter) {
    return transaction.exec_params(
        statement, momentText(scope.from), momentText(scope.to), arrayText(scope.sensors), arrayText(scope.protocols),
        arrayText(scope.traffic), scope.everySource() ? nullptr : scope.source.c_str(), firstIdFrom(scope.from).text(),
        before.text(), limit, orNull(filter.sourceNetwork), arrayText(filter.ports),
        filter.username ? filter.username->c_str() : nullptr, filter.secret ? filter.secret->c_str() : nullptr,
        arrayText(filter.outcomes), orNull(filter.commandText), orNull(filter.command), orNull(filter.artifact),
        arrayText(filter.weekHours), arrayText(filter.transports), orNull(filter.loginAccepted),
        arrayText(filter.countries), arrayText(filter.networks));
}

constexpr std::uint64_t kManyLogins = 2000;
const std::string kLogins =
    "SELECT count(*) FROM (SELECT FROM apiary.credential WHERE username_text = $1::text AND secret_text = $2::text AND "
    "started_at >= $3::timestamptz AND started_at < $4::timestamptz LIMIT " +
    std::to_string(kManyLogins) + ") x";

bool manyLogins(pqxx::transaction_base& transaction, const SessionFilter& filter, ReportMoment from, ReportMoment to) {
    return countOf(transaction.exec_params1(kLogins, *filter.username, *filter.secret, momentText(from),
                                            momentText(to))[0]) == kManyLogins;
}

/// How to find the sessions that began before `end` with the login that the filter names, if it names user and secret.
/// The list is walked for what is popular at its beginning: who was so long ago would be looked for in all since then.
LoginSearch chooseSearch(pqxx::transaction_base& transaction, const ReportScope& scope, const SessionFilter& filter,
                         ReportMoment end) {
    if (!filter.username || !filter.secret) {
        return LoginSearch::Planned;
    }
    if (manyLogins(transaction, filter, std::max(scope.from, end - std::chrono::hours(24)), end)) {
        return LoginSearch::BySession;
    }
    return manyLogins(transaction, filter, scope.from, scope.to) ? LoginSearch::Planned : LoginSearch::ByLogin;
}

/// The parts of the scope that may hold what the filter lets through, newest first: hours in which its ports were not
/// met are left out.
std::vector<ReportScope> partsOf(pqxx::transaction_base& transaction, const ReportScope& scope,
                                 const SessionFilter& filter) {
    if (filter.ports.empty()) {
        return {scope};
    }
    std::vector<ReportScope> parts;
    for (const auto& row : transaction.exec_params(kPortHours, momentText(scope.from), momentText(scope.to),
                                                   arrayText(scope.traffic), arrayText(filter.ports))) {
        const ReportMoment hour{std::chrono::microseconds(row[0].as<std::int64_t>())};
        const auto from = std::max(scope.from, hour);
        const auto to = std::min(scope.to, hour + std::chrono::hours(1));
        if (!parts.empty() && (parts.back().from == to || parts.size() == kMostParts)) {
            parts.back().from = from;
            continue;
        }
        auto& part = parts.emplace_back(scope);
        part.from = from;
        part.to = to;
    }
    return parts;
}

}  // namespace

ReportReader::ReportReader(Connection& connection) : connection_(connection) {}

v1::ListSessionsReply ReportReader::listSessions(const ReportScope& scope, const PageKey& page, std::uint32_t limit,
                                                 const SessionFilter& filter) {
    ReportTransaction transaction(connection_.session());
    v1::ListSessionsReply reply;
    const auto last = firstIdFrom(scope.to);
    const auto before = page.before ? std::min(*page.before, last) : last;
    const auto search =
        chooseSearch(transaction, scope, filter, std::chrono::floor<std::chrono::microseconds>(before.time()));
    const auto statement = kPageBegin + conditionsOf(filter, search) + kPageEnd;
    for (const auto& part : partsOf(transaction, scope, filter)) {
        const auto missing = static_cast<std::int64_t>(limit) - reply.rows_size();
        const auto rows =
            askListed(transaction, statement, part, std::min(before, firstIdFrom(part.to)), missing + 1, filter);
        if (addRows(rows, missing, reply)) {
            reply.set_more(true);
            break;
        }
    }
    return reply;
}

v1::CountSessionsReply ReportReader::count(const ReportScope& scope, const SessionFilter& filter) {
    v1::CountSessionsReply reply;
    if (filter.empty()) {
        constexpr std::uint32_t kAllProtocols = 10'000;
        const auto protocols = top(scope, v1::TOP_FIELD_PROTOCOL, kAllProtocols);
        for (const auto& entry : protocols.entries()) {
            reply.set_sessions(reply.sessions() + entry.count());
        }
        return reply;
    }
    ReportTransaction transaction(connection_.session());
    const auto deeds = deedsOf(filter);
    const auto times = deeds.empty() ? "0" : "(SELECT count(*) " + deeds + ")";
    // All are wanted, so those with a popular login are not looked for one by one.
    const bool byLogin = chooseSearch(transaction, scope, filter, scope.to) == LoginSearch::ByLogin;
    const auto search = byLogin ? LoginSearch::ByLogin : LoginSearch::Planned;
    const auto statement = "SELECT count(*), coalesce(sum(n), 0)::bigint FROM (SELECT " + times + " AS n" + kListed +
                           conditionsOf(filter, search) + " ORDER BY session_id DESC LIMIT $9::bigint) x";
    for (const auto& part : partsOf(transaction, scope, filter)) {
        const auto left = kMostCounted - static_cast<std::int64_t>(reply.sessions());
        const auto row = askListed(transaction, statement, part, firstIdFrom(part.to), left, filter)[0];
        reply.set_sessions(reply.sessions() + countOf(row[0]));
        reply.set_times(reply.times() + countOf(row[1]));
    }
    reply.set_more(reply.sessions() == static_cast<std::uint64_t>(kMostCounted));
    return reply;
}

std::optional<v1::SessionDetail> ReportReader::session(const Uuid& id) {
    ReportTransaction transaction(connection_.session());
    const auto text = id.text();
    auto rows = transaction.exec_params(kOneEnded, text);
    if (rows.empty()) {
        rows = transaction.exec_params(kOneOpen, text);
    }
    if (rows.empty()) {
        return std::nullopt;
    }
    v1::SessionDetail detail;
    readRow(rows[0], *detail.mutable_row());
    detail.set_journal_path(textOf(rows[0][23]));
    detail.set_journal_sha256(bytesOf(rows[0][24]));
    readEvents(transaction, text, detail);
    readTranscript(transaction, text, detail);
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
    settings.exec("SET jit = off");          // compiling costs more than these statements take
    settings.exec("SET work_mem = '64MB'");  // a hash of a hundred thousand sources stays off the disk
    settings.exec_params("SELECT set_config('statement_timeout', $1, false)", std::to_string(longest.count()));
    settings.commit();
    return connection;
}

}  // namespace apiary::collector
