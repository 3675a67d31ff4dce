#include "collector/store/report_leaders.hpp"

#include "collector/store/report_sql.hpp"

#include <map>
#include <utility>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kMostLimit = 50;      // of more, all may as well be added up
constexpr std::uint32_t kListedFirst = 3;     // times as many as are wanted
constexpr std::size_t kMostCandidates = 500;  // each is looked up in every hour

// ---------------------------------------------------------------- who may lead
const std::string kFewTimes = "3";  // who came oftener in an hour is called frequent there

// The hours that the range touches, each for every kind of traffic, and whether all of it is in the range.
const std::string kHours = R"(
    WITH h AS MATERIALIZED (SELECT a.at, t.traffic, a.at >= $7::timestamptz AND a.at < $8::timestamptz AS whole
      FROM generate_series(date_bin('1 hour', $1::timestamptz, '1970-01-01 00:00+00'),
        $2::timestamptz - interval '1 us', interval '1 hour') a(at)
        CROSS JOIN (SELECT DISTINCT traffic FROM unnest($5::text[]) x(traffic)) t),
    )";
const std::string kTouched =
    " bucket_at >= date_bin('1 hour', $1::timestamptz, '1970-01-01 00:00+00') AND bucket_at < $2::timestamptz";
// The beginning of the list of each hour, which the index gives in this order, and the most that who is not on it has.
const std::string kListedSources = R"(l AS MATERIALIZED (SELECT h.at, h.traffic, h.whole, r.* FROM h CROSS JOIN LATERAL
      (SELECT key, n, CASE WHEN count(*) OVER () = $14::int THEN min(n) OVER () ELSE 0 END AS least
         FROM (SELECT source AS key, sessions AS n FROM apiary.rollup_hour_source
           WHERE bucket_at = h.at AND traffic = h.traffic ORDER BY sessions DESC LIMIT $14::int) x) r),)";
// Of these only who came more than a few times is found. Nobody leads who did not, or all are few.
const std::string kFrequentCredentials =
    "l AS MATERIALIZED (SELECT digest AS key, uses AS n, bucket_at >= $7::timestamptz AND bucket_at < "
    "$8::timestamptz AS whole, " +
    kFewTimes + " AS least FROM apiary.rollup_hour_credential WHERE" + kTouched + kTrafficFilter + " AND frequent),";
const std::string kLeastListed = "SELECT DISTINCT at, traffic, least FROM l";
const std::string kLeastFrequent = "SELECT " + kFewTimes + " AS least FROM h";
// A key has a row for each collector, and each may be missing from a list, being `least` or less.
std::string bounds(const std::string& least) {
    return R"(
    u AS MATERIALIZED (SELECT coalesce(sum(least), 0) * (SELECT count(DISTINCT collector_id)
        FROM apiary.rollup_hour_protocol WHERE)" +
           kTouched + kTrafficFilter + ") AS unseen FROM (" + least + R"() x),
    k AS MATERIALIZED (SELECT key, coalesce(sum(n) FILTER (WHERE whole), 0) AS low,
        sum(n - least) + (SELECT unseen FROM u) AS high FROM l GROUP BY key),)";
}
// As it is in all that is asked here; it names the parameters that nothing else does.
const std::string kUnfiltered =
    " cardinality($3::int[]) + cardinality($4::text[]) = 0 AND $6::inet IS NULL AND num_nonnulls($9::uuid, $10::uuid, "
    "$11::uuid, $12::uuid) = 4";
const std::string kChosen = R"(
    m AS MATERIALIZED (SELECT coalesce((SELECT low FROM k ORDER BY low DESC OFFSET $13::int - 1 LIMIT 1), 0) AS low)
    SELECT k.key::text, m.low > u.unseen OR u.unseen = 0, k.low::bigint FROM k CROSS JOIN m CROSS JOIN u
      WHERE k.high >= m.low AND $14::int > 0 AND)" +
                            kUnfiltered;
// Commands are so few that the whole lists are read: nothing is missing from them.
const std::string kCandidateCommands =
    "WITH u AS (SELECT 0 AS unseen), k AS MATERIALIZED (SELECT normalized AS key, coalesce(sum(uses) FILTER (WHERE" +
    kWholeBuckets + "), 0) AS low, sum(uses) AS high FROM apiary.rollup_hour_command WHERE" + kTouched +
    kTrafficFilter + " GROUP BY normalized)," + kChosen;
const std::string kCandidateSources = kHours + kListedSources + bounds(kLeastListed) + kChosen;
const std::string kCandidateCredentials = kHours + kFrequentCredentials + bounds(kLeastFrequent) + kChosen;

// ---------------------------------------------------------------- how often a key comes
// Every bucket by name, so that the primary key leads to each row; a range would go through all keys of its buckets.
const std::string kEachHour =
    " bucket_at = ANY (ARRAY(SELECT generate_series($7::timestamptz, $8::timestamptz - interval '1 us', interval '1 "
    "hour')))";
std::string summed(const std::string& label, const std::string& rows) {
    return "SELECT key::text, " + label + ", n FROM (SELECT key, sum(n)::bigint AS n FROM (" + rows +
           ") x(key, n) GROUP BY key ORDER BY n DESC, key LIMIT $13::int) t WHERE" + kUnfiltered +
           " ORDER BY n DESC, 2";
}
// What the sessions of the two ends hold of the keys, which are few: from there to the sessions.
std::string heldAtEnds(const std::string& column, const std::string& type, const std::string& table,
                       const std::string& counter) {
    const auto end = [&](const std::string& range) {
        return "SELECT c." + column + ", 1 FROM (SELECT * FROM apiary." + table + " WHERE" + range + " AND " + column +
               " = ANY ($14::" + type + "[])) c JOIN (SELECT session_id, started_at FROM apiary.session WHERE " +
               counter + " > 0 AND" + range + kFilter +
               ") s ON s.session_id = c.session_id AND s.started_at = c.started_at";
    };
    return end(kFirstEnd) + " UNION ALL " + end(kLastEnd);
}
// Sources are looked up one by one: their sessions are fewer than all that lie in the ends.
std::string ofSourcesAtEnd(const std::string& from, const std::string& to, const std::string& folded) {
    return "SELECT k.key, r.n FROM unnest($14::inet[]) k(key) CROSS JOIN LATERAL (SELECT count(*) AS n FROM "
           "apiary.session WHERE source = k.key AND started_at >= " +
           from + "::timestamptz AND started_at < " + to + "::timestamptz" + kTrafficFilter +
           ") r WHERE r.n > 0 UNION ALL SELECT source, 1" + folded + " WHERE source = ANY ($14::inet[])" +
           kTrafficFilter;
}
const std::string kSourceEnds =
    ofSourcesAtEnd("$1", "$7", kFoldedAtFirstEnd) + " UNION ALL " + ofSourcesAtEnd("$8", "$2", kFoldedAtLastEnd);
const std::string kCountSources =
    summed("host(key)", "SELECT source, sessions FROM apiary.rollup_hour_source WHERE" + kEachHour + kTrafficFilter +
                            " AND source = ANY ($14::inet[]) UNION ALL " + kSourceEnds);
const std::string kCountSourcesByDay =
    summed("host(key)", "SELECT source, sessions FROM apiary.source_day WHERE" + kWholeDays + kTrafficFilter +
                            " AND source = ANY ($14::inet[]) UNION ALL " + kSourceEnds);
const std::string kCountCredentials = summed(
    "(SELECT username_text || E'\\x1f' || secret_text FROM apiary.credential_seen k WHERE k.digest = t.key LIMIT 1)",
    "SELECT digest, uses FROM apiary.rollup_hour_credential WHERE" + kEachHour + kTrafficFilter +
        " AND digest = ANY ($14::bytea[]) UNION ALL " + heldAtEnds("digest", "bytea", "credential", "credentials"));
const std::string kCountCommands =
    summed("key", "SELECT normalized, uses FROM apiary.rollup_hour_command WHERE" + kEachHour + kTrafficFilter +
                      " AND normalized = ANY ($14::text[]) UNION ALL " +
                      heldAtEnds("normalized", "text", "command", "commands"));

// The whole hours have been counted when the candidates were.
const std::string kCountCommandsAtEnds =
    summed("key", "SELECT key, n FROM unnest($14::text[], $15::bigint[]) w(key, n) WHERE n > 0 UNION ALL " +
                      heldAtEnds("normalized", "text", "command", "commands"));

// As a source was when it came last, as whatever traffic.
const std::string kPlaces =
    "SELECT host(s.address), s.country, n.name FROM (SELECT DISTINCT ON (address) address, country, asn FROM "
    "apiary.source WHERE address = ANY ($1::inet[]) AND num_nonnulls(country, asn) > 0 ORDER BY address, last_seen_at "
    "DESC) s LEFT JOIN apiary.network_name n USING (asn)";

std::vector<Leader> leadersOf(const pqxx::result& rows) {
    std::vector<Leader> leaders;
    for (const auto& row : rows) {
        leaders.push_back({.key = textOf(row[0]), .label = textOf(row[1]), .count = countOf(row[2])});
    }
    return leaders;
}

std::vector<Leader> count(pqxx::transaction_base& transaction, const ReportScope& scope, v1::TopField field,
                          const std::vector<std::string>& keys, std::optional<std::uint32_t> limit) {
    const bool byDay = field == v1::TOP_FIELD_SOURCE && scope.from < hourSourcesFrom(transaction);
    const auto& statement = byDay                               ? kCountSourcesByDay
                            : field == v1::TOP_FIELD_SOURCE     ? kCountSources
                            : field == v1::TOP_FIELD_CREDENTIAL ? kCountCredentials
                                                                : kCountCommands;
    const std::string most = limit ? std::to_string(*limit) : std::string();
    return leadersOf(ask(transaction, statement, scope, cutRange(scope, byDay ? 24h : 1h),
                         limit ? most.c_str() : nullptr, arrayText(keys)));
}

const std::string& candidatesOf(v1::TopField field) {
    return field == v1::TOP_FIELD_SOURCE       ? kCandidateSources
           : field == v1::TOP_FIELD_CREDENTIAL ? kCandidateCredentials
                                               : kCandidateCommands;
}

/// Nothing if they are too many, or that many of each hour do not tell who they are.
std::optional<pqxx::result> askCandidates(pqxx::transaction_base& transaction, const ReportScope& scope,
                                          v1::TopField field, std::uint32_t limit, std::uint32_t listed) {
    auto rows = ask(transaction, candidatesOf(field), scope, cutRange(scope, 1h), limit, listed);
    const bool decided = rows.size() <= kMostCandidates && (rows.empty() || rows[0][1].as<bool>());
    return decided ? std::optional(std::move(rows)) : std::nullopt;
}

// The statements name a login by user and secret with this between them, which no escaped text has.
constexpr char kBetween = '\x1f';

}  // namespace

void setKey(v1::TopEntry& entry, v1::TopField field, const std::string& column) {
    const auto between = field == v1::TOP_FIELD_CREDENTIAL ? column.find(kBetween) : std::string::npos;
    if (between == std::string::npos) {
        entry.set_key(column);
        return;
    }
    entry.set_username(column.substr(0, between));
    entry.set_secret(column.substr(between + 1));
    entry.set_key(entry.username() + " / " + entry.secret());
}

std::string columnOf(const v1::TopEntry& entry, v1::TopField field) {
    return field == v1::TOP_FIELD_CREDENTIAL ? entry.username() + kBetween + entry.secret() : entry.key();
}

void placeSources(pqxx::transaction_base& transaction, v1::TopNReply& reply) {
    std::map<std::string, v1::TopEntry*> entries;
    std::vector<std::string> addresses;
    for (auto& entry : *reply.mutable_entries()) {
        entries.emplace(entry.key(), &entry);
        addresses.push_back(entry.key());
    }
    for (const auto& row : transaction.exec_params(kPlaces, arrayText(addresses))) {
        auto& entry = *entries.at(textOf(row[0]));
        entry.set_country(textOf(row[1]));
        entry.set_network_name(textOf(row[2]));
    }
}

ReportMoment hourSourcesFrom(pqxx::transaction_base& transaction) {
    const auto row = transaction.exec1(
        "SELECT (extract(epoch FROM date_trunc('day', now(), 'UTC') - (hour_source_days - 1) * interval '24 h') * "
        "1000000)::bigint FROM apiary.policy");
    return ReportMoment(std::chrono::microseconds(row[0].as<std::int64_t>()));
}

std::optional<std::vector<Leader>> findLeaders(pqxx::transaction_base& transaction, const ReportScope& scope,
                                               v1::TopField field, std::uint32_t limit, std::uint32_t listed) {
    const bool many =
        field == v1::TOP_FIELD_SOURCE || field == v1::TOP_FIELD_CREDENTIAL || field == v1::TOP_FIELD_COMMAND;
    if (!many || !scope.unfiltered() || limit == 0 || limit > kMostLimit ||
        (field == v1::TOP_FIELD_SOURCE && scope.from < hourSourcesFrom(transaction))) {
        return std::nullopt;
    }
    // Short lists of sources mostly decide.
    auto rows = field == v1::TOP_FIELD_SOURCE && listed > kListedFirst * limit
                    ? askCandidates(transaction, scope, field, limit, kListedFirst * limit)
                    : std::nullopt;
    if (!rows) {
        rows = askCandidates(transaction, scope, field, limit, listed);
    }
    if (!rows) {
        return std::nullopt;
    }
    std::vector<std::string> keys;
    std::vector<std::string> whole;
    for (const auto& row : *rows) {
        keys.push_back(textOf(row[0]));
        whole.push_back(textOf(row[2]));
    }
    if (field == v1::TOP_FIELD_COMMAND) {
        return leadersOf(ask(transaction, kCountCommandsAtEnds, scope, cutRange(scope, 1h), limit, arrayText(keys),
                             arrayText(whole)));
    }
    return count(transaction, scope, field, keys, limit);
}

std::vector<Leader> countKeys(pqxx::transaction_base& transaction, const ReportScope& scope, v1::TopField field,
                              const std::vector<std::string>& keys) {
    return count(transaction, scope, field, keys, std::nullopt);
}

}  // namespace apiary::collector
