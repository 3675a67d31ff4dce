#include "collector/store/report_sources.hpp"

#include "collector/store/report_leaders.hpp"
#include "collector/store/report_sql.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

// What a source's own bits say of its hours. They begin with the hour of its last session; once they begin with an hour
// of the range, those of the range are the first ones, and any of them is 1 if they are no less than a 1 at their end.
//   $13 and $14 the whole days, as $7 and $8 are the whole hours; numbers of hours since 1970:
//   $15 of the range's begin  $16 of its end  $17 the last that the range touches  $18 the last whole one
//   $19 a 1 behind as many 0 as hours are touched, less one  $20 the same for whole ones; null: there are none
const std::string kHoursTell =
    "CASE WHEN (hours << (last_hour - $18::int)) >= $20::bit(192) THEN true WHEN $15::int < greatest(last_hour - 191, "
    "hours_from) OR (hours << (last_hour - $17::int)) >= $19::bit(192) THEN NULL ELSE false END";

// Few are left who may have come in an end of the range, or earlier than bits tell. They are looked for in days, which
// outlive the rows, and then in the rows. An ORDER BY keeps PostgreSQL from reading all partitions for the first row
// that fits.
const std::string kReturned = R"(
    SELECT c.seen + (SELECT count(*) FROM later l WHERE l.came IS NULL AND coalesce(
        (SELECT true FROM apiary.source_day d WHERE d.source = l.address AND d.day_at >= $13::timestamptz
           AND d.day_at < $14::timestamptz AND d.traffic = ANY ($5::text[]) ORDER BY d.day_at LIMIT 1),
        (SELECT true FROM apiary.session s WHERE s.source = l.address AND s.started_at >= $1::timestamptz
           AND s.started_at < $2::timestamptz AND s.traffic = ANY ($5::text[]) ORDER BY s.started_at LIMIT 1),
        (SELECT true FROM apiary.folded_sessions($1::timestamptz, least($2::timestamptz, $13::timestamptz), false) s
          WHERE s.source = l.address AND s.traffic = ANY ($5::text[]) LIMIT 1),
        (SELECT true FROM apiary.folded_sessions(greatest($1::timestamptz, $14::timestamptz), $2::timestamptz, false) s
          WHERE s.source = l.address AND s.traffic = ANY ($5::text[]) LIMIT 1), false)),
      c.fresh FROM c WHERE cardinality($3::int[]) + cardinality($4::text[]) = 0 AND $6::inet IS NULL
        AND $7::timestamptz <= $8::timestamptz AND num_nonnulls($9::uuid, $10::uuid, $11::uuid, $12::uuid) = 4)";

// Alone in the table every source has one row, and hours tell how many rows begin or end in them.
const std::string kHour = "date_bin('1 hour', $1::timestamptz, '1970-01-01 00:00+00')";
std::string nextHour(const std::string& at) {
    return "date_bin('1 hour', " + at + " + interval '1 hour' - interval '1 us', '1970-01-01 00:00+00')";
}
std::string countedSince(const std::string& hour, const std::string& counted) {
    return "(SELECT coalesce(sum(" + counted + "), 0) FROM apiary.source_hour WHERE bucket_at >= " + hour +
           kTrafficFilter + ")";
}
// The hours that begin at or after $1, and what of the hour before is behind it; or all of that hour without what of it
// is before the moment, whichever is less to look at.
std::string lastSince() {
    const auto within = [](const std::string& from, const std::string& to) {
        return "(SELECT count(*) FROM apiary.source WHERE last_hour = $15::int AND last_seen_at >= " + from +
               " AND last_seen_at < " + to + kTrafficFilter + ")";
    };
    const std::string at = "$1::timestamptz";
    return "(CASE WHEN " + at + " - " + kHour + " < interval '30 min' THEN " + countedSince(kHour, "last") + " - " +
           within(kHour, at) + " ELSE " + countedSince(nextHour(at), "last") + " + " + within(at, nextHour(at)) +
           " END)::bigint";
}
std::string freshSince(const std::string& at) {
    return "(" + countedSince(nextHour(at), "fresh") + " + (SELECT coalesce(sum(n), 0) FROM (" +
           freshWithin(at, nextHour(at)) + ") x(at, n)))::bigint";
}
const std::string kCountAlone = R"(
    WITH later AS MATERIALIZED (SELECT address, )" +
                                kHoursTell + R"( AS came FROM apiary.source WHERE traffic = ANY ($5::text[])
      AND last_hour >= $16::int AND last_seen_at >= $2::timestamptz AND first_seen_at < $1::timestamptz),
    n AS MATERIALIZED (SELECT )" +
                                lastSince() + " AS last, " + freshSince("$1::timestamptz") + " AS first, " +
                                freshSince("$2::timestamptz") + R"( AS after),
    c AS (SELECT last - after - (SELECT count(*) FROM later WHERE came IS NOT TRUE) AS seen, first - after AS fresh FROM n))" +
                                kReturned;
// A source with several rows, which need not all meet the range. A row is of the range if it begins or ends in it.
const std::string kCountSeveral = R"(
    WITH k AS MATERIALIZED (SELECT address, min(first_seen_at) AS first, bool_or(came) AS came, bool_or(came IS NULL) AS may
      FROM (SELECT address, first_seen_at, first_seen_at >= $1::timestamptz OR last_seen_at < $2::timestamptz OR )" +
                                  kHoursTell + R"( AS came FROM apiary.source WHERE traffic = ANY ($5::text[])
        AND last_hour >= $15::int AND last_seen_at >= $1::timestamptz AND first_seen_at < $2::timestamptz) s
      WHERE $16::int >= $15::int GROUP BY address),
    c AS (SELECT count(*) FILTER (WHERE came) AS seen, (SELECT count(*) FROM k WHERE first >= $1::timestamptz
        AND NOT EXISTS (SELECT FROM apiary.source o WHERE o.address = k.address AND o.traffic = ANY ($5::text[])
          AND o.first_seen_at < $1::timestamptz)) AS fresh FROM k),
    later AS MATERIALIZED (SELECT address, NULL::boolean AS came FROM k WHERE came IS NOT TRUE AND may))" +
                                  kReturned;

// As hour_number() of the database.
std::int64_t hourNumber(ReportMoment at) {
    return std::chrono::floor<std::chrono::hours>(at).time_since_epoch().count();
}

// A 1 in the last of so many places. All that bits tell of is within those of a source.
std::optional<std::string> lastOf(std::int64_t hours) {
    constexpr std::int64_t kBits = 192;
    if (hours <= 0) {
        return std::nullopt;
    }
    return std::string(static_cast<std::size_t>(std::min(hours, kBits)) - 1, '0') + '1';
}

SourceCounts countByHours(pqxx::transaction_base& transaction, const ReportScope& scope) {
    const auto whole = cutRange(scope, 1h);
    const auto days = cutRange(scope, 24h);
    const auto lastTouched = hourNumber(scope.to - 1us);
    const auto touched = lastOf(lastTouched + 1 - hourNumber(scope.from));
    const auto inner = lastOf((whole.wholeTo - whole.wholeFrom) / 1h);
    const auto row = ask(transaction, aloneInTable(transaction, scope) ? kCountAlone : kCountSeveral, scope, whole,
                         momentText(days.wholeFrom), momentText(days.wholeTo), hourNumber(scope.from),
                         hourNumber(scope.to), lastTouched, hourNumber(whole.wholeTo) - 1,
                         touched ? touched->c_str() : nullptr, inner ? inner->c_str() : nullptr)[0];
    return {.seen = countOf(row[0]), .fresh = countOf(row[1])};
}

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
    return countByHours(transaction, scope);
}

}  // namespace apiary::collector
