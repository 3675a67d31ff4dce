#include "collector/store/report_sources.hpp"

#include "collector/store/report_leaders.hpp"
#include "collector/store/report_sql.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

// $7 and $8 are the whole hours, $13 and $14 the whole days.
const std::string kMet =
    " FROM apiary.source WHERE traffic = ANY ($5::text[]) AND last_seen_at >= $1::timestamptz AND first_seen_at < "
    "$2::timestamptz";
// Such a row is of the range if it begins or ends in it.
const std::string kSeen = "first_seen_at >= $1::timestamptz OR last_seen_at < $2::timestamptz";

// Most who came back were here in the last whole hour; the others are looked for in days, which outlive the rows, and
// then in the rows. An ORDER BY keeps PostgreSQL from reading all partitions for the first row that fits.
const std::string kReturned = R"(
    SELECT c.seen + (SELECT count(*) FROM later l WHERE coalesce(
        (SELECT true FROM apiary.rollup_hour_source h WHERE $7::timestamptz < $8::timestamptz
           AND h.bucket_at = $8::timestamptz - interval '1 hour' AND h.traffic = ANY ($5::text[])
           AND h.source = l.address LIMIT 1),
        (SELECT true FROM apiary.source_day d WHERE d.source = l.address AND d.day_at >= $13::timestamptz
           AND d.day_at < $14::timestamptz AND d.traffic = ANY ($5::text[]) ORDER BY d.day_at LIMIT 1),
        (SELECT true FROM apiary.session s WHERE s.source = l.address AND s.started_at >= $1::timestamptz
           AND s.started_at < $2::timestamptz AND s.traffic = ANY ($5::text[]) ORDER BY s.started_at LIMIT 1), false)),
      c.fresh FROM c WHERE cardinality($3::int[]) + cardinality($4::text[]) = 0 AND $6::inet IS NULL
        AND num_nonnulls($9::uuid, $10::uuid, $11::uuid, $12::uuid) = 4)";

// Alone in the table every source has one row, and hours tell how many rows begin or end in them. The hours that begin
// at or after a moment, and what of the hour before is behind it:
std::string since(const std::string& moment, const std::string& column, const std::string& counted) {
    const std::string next =
        "date_bin('1 hour', " + moment + "::timestamptz + interval '1 hour' - interval '1 us', '1970-01-01 00:00+00')";
    return "((SELECT coalesce(sum(" + counted + "), 0) FROM apiary.source_hour WHERE bucket_at >= " + next +
           kTrafficFilter + ") + (SELECT count(*) FROM apiary.source WHERE " + column + " >= " + moment +
           "::timestamptz AND " + column + " < " + next + kTrafficFilter + "))::bigint";
}
const std::string kCountAlone = R"(
    WITH later AS MATERIALIZED (SELECT address FROM apiary.source WHERE traffic = ANY ($5::text[])
      AND last_seen_at >= $2::timestamptz AND first_seen_at < $1::timestamptz),
    n AS MATERIALIZED (SELECT )" +
                                since("$1", "last_seen_at", "last") + " AS last, " +
                                since("$1", "first_seen_at", "fresh") + " AS first, " +
                                since("$2", "first_seen_at", "fresh") + R"( AS after),
    c AS (SELECT last - after - (SELECT count(*) FROM later) AS seen, first - after AS fresh FROM n))" +
                                kReturned;
// A source with several rows, which need not all meet the range.
const std::string kCountSeveral = "WITH k AS MATERIALIZED (SELECT address, min(first_seen_at) AS first, bool_or(" +
                                  kSeen + ") AS seen" + kMet + R"( GROUP BY address),
    c AS (SELECT count(*) FILTER (WHERE seen) AS seen, (SELECT count(*) FROM k WHERE first >= $1::timestamptz
        AND NOT EXISTS (SELECT FROM apiary.source o WHERE o.address = k.address AND o.traffic = ANY ($5::text[])
          AND o.first_seen_at < $1::timestamptz)) AS fresh FROM k),
    later AS MATERIALIZED (SELECT address FROM k WHERE NOT seen))" +
                                  kReturned;

// ---------------------------------------------------------------- of some sensors, protocols or one source
std::string sourcesOf(const std::string& rollup) {
    return "WITH s AS MATERIALIZED (SELECT source, sum(n)::bigint AS n FROM (" + rollup + fromEnds("source, 1") +
           ") x(source, n) GROUP BY source) ";
}
const std::string kCountSources = R"(
    SELECT (SELECT count(*) FROM s),
      (SELECT count(*) FROM s JOIN (SELECT DISTINCT address FROM apiary.source WHERE traffic = ANY ($5::text[])
         AND first_seen_at >= $1::timestamptz) k ON k.address = s.source
        WHERE NOT EXISTS (SELECT FROM apiary.source o WHERE o.address = s.source AND o.traffic = ANY ($5::text[])
          AND o.first_seen_at < $1::timestamptz)))";

const std::string kFromHourSource =
    "SELECT source, sessions FROM apiary.rollup_hour_source WHERE" + kWholeBuckets + kTrafficFilter + " UNION ALL ";
const std::string kFromSourceDay = "SELECT source, sessions FROM apiary.source_day WHERE" + kWholeDays + kSensorFilter +
                                   kTrafficFilter + " UNION ALL ";

const std::string kSourcesHour = sourcesOf(kFromHourSource);
const std::string kSourcesDay = sourcesOf(kFromSourceDay);
const std::string kSourcesRows = sourcesOf("");

}  // namespace

bool aloneInTable(pqxx::transaction_base& transaction, const ReportScope& scope) {
    const std::set<std::string> traffic(scope.traffic.begin(), scope.traffic.end());
    return traffic.size() == 1 && transaction.exec1("SELECT count(*) < 2 FROM apiary.counted_collector")[0].as<bool>();
}

SourcePlan planSources(pqxx::transaction_base& transaction, const ReportScope& scope) {
    if (!scope.everySource() || !scope.protocols.empty()) {
        return {kSourcesRows, rowsOnly(scope)};
    }
    if (scope.sensors.empty() && scope.from >= hourSourcesFrom(transaction)) {
        return {kSourcesHour, cutRange(scope, 1h)};
    }
    return {kSourcesDay, cutRange(scope, 24h)};
}

SourceCounts countSources(pqxx::transaction_base& transaction, const ReportScope& scope) {
    if (!scope.unfiltered()) {
        const auto plan = planSources(transaction, scope);
        const auto row = ask(transaction, plan.with + kCountSources, scope, plan.cut)[0];
        return {.seen = countOf(row[0]), .fresh = countOf(row[1])};
    }
    const auto& statement = aloneInTable(transaction, scope) ? kCountAlone : kCountSeveral;
    const auto days = cutRange(scope, 24h);
    const auto row = ask(transaction, statement, scope, cutRange(scope, 1h), momentText(days.wholeFrom),
                         momentText(days.wholeTo))[0];
    return {.seen = countOf(row[0]), .fresh = countOf(row[1])};
}

}  // namespace apiary::collector
