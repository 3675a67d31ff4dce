#include "collector/store/report_leaders.hpp"
#include "collector/store/report_sources.hpp"
#include "collector/store/report_sql.hpp"

#include <string>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

const std::string kMicros = "(extract(epoch FROM at) * 1000000)::bigint";
std::string binned(const std::string& at) {
    return "date_bin($13::interval, " + at + ", '1970-01-01 00:00+00')";
}

// ---------------------------------------------------------------- different ones in each bucket
// With a whole hour among them, each end is of one hour. The traffic stands far behind in a row: it is dearer to read
// than the source, and of most sessions an index without them says what it is.
std::string seenAtEnd(const std::string& at, const std::string& end, const std::string& folded) {
    return "SELECT " + at + ", count(*) FROM (SELECT source FROM apiary.session WHERE" + end + kSensorFilter +
           kProtocolFilter + kSourceFilter +
           " AND ('attack' = ANY ($5::text[]) OR traffic <> 'attack') AND session_id "
           "NOT IN (SELECT session_id FROM apiary.session WHERE" +
           end + " AND traffic <> 'attack' AND traffic <> ALL ($5::text[])) UNION SELECT source" + folded + " WHERE" +
           end + kFilter + ") e HAVING count(*) > 0";
}
const std::string kSeenInHours = "SELECT " + kMicros +
                                 ", sum(n)::bigint FROM (SELECT bucket_at, seen FROM apiary.source_hour WHERE" +
                                 kWholeBuckets + kTrafficFilter + " UNION ALL " +
                                 seenAtEnd(binned("$1::timestamptz"), kFirstEnd, kFoldedAtFirstEnd) + " UNION ALL " +
                                 seenAtEnd("$8::timestamptz", kLastEnd, kFoldedAtLastEnd) + ") x(at, n) GROUP BY at";
std::string seenOf(const std::string& rollup) {
    return "SELECT " + kMicros + ", count(*) FROM (SELECT DISTINCT " + binned("at") + ", source FROM (" + rollup +
           fromEnds("started_at, source") + ") r(at, source)) x(at, source) GROUP BY at";
}
const std::string kSeenInHourSources = seenOf("SELECT bucket_at, source FROM apiary.rollup_hour_source WHERE" +
                                              kWholeBuckets + kTrafficFilter + " UNION ALL ");
const std::string kSeenInRows = seenOf("");

// ---------------------------------------------------------------- new ones, where they came first
const std::string kOthers =
    " cardinality($3::int[]) + cardinality($4::text[]) = 0 AND $6::inet IS NULL AND num_nonnulls($9::uuid, "
    "$10::uuid, $11::uuid, $12::uuid) = 4";
const std::string kFreshInHours = "SELECT " + kMicros + ", sum(n)::bigint FROM (SELECT " + binned("f") +
                                  ", n FROM (SELECT bucket_at, fresh FROM apiary.source_hour WHERE" + kWholeBuckets +
                                  kTrafficFilter + " UNION ALL " + freshWithin("$1::timestamptz", "$7::timestamptz") +
                                  " UNION ALL " + freshWithin("$8::timestamptz", "$2::timestamptz") +
                                  ") r(f, n) WHERE" + kOthers + ") x(at, n) GROUP BY at HAVING sum(n) > 0";
// In rows, as nothing else says where the first of some sensors was.
const std::string kFreshInRows =
    "SELECT " + kMicros + ", count(*) FROM (SELECT " + binned("min(started_at)") + ", source FROM (" +
    fromEnds("started_at, source") +
    ") r GROUP BY source) x(at, source) WHERE NOT EXISTS (SELECT FROM apiary.source o WHERE o.address = x.source AND "
    "o.traffic = ANY ($5::text[]) AND o.first_seen_at < $1::timestamptz) GROUP BY at";
// A source with several rows: the first counts.
const std::string kFreshOfSeveral =
    "SELECT " + kMicros + ", count(*) FROM (SELECT " + binned("min(first_seen_at)") +
    ", address FROM apiary.source WHERE first_seen_at >= $1::timestamptz AND first_seen_at < $2::timestamptz" +
    kTrafficFilter + " AND" + kOthers +
    " AND $7::timestamptz <= $8::timestamptz GROUP BY address) x(at, source) WHERE NOT EXISTS (SELECT FROM "
    "apiary.source o WHERE o.address = x.source AND o.traffic = ANY ($5::text[]) AND o.first_seen_at < "
    "$1::timestamptz) GROUP BY at";

struct SeriesPlan {
    const std::string& statement;
    RangeCut cut;
};

SeriesPlan planSeen(pqxx::transaction_base& transaction, const ReportScope& scope, std::chrono::seconds step) {
    if (!scope.unfiltered() || step % 1h != 0s) {
        return {kSeenInRows, rowsOnly(scope)};
    }
    const auto hours = cutRange(scope, 1h);
    if (step == 1h && hours.wholeFrom < hours.wholeTo && aloneInTable(transaction, scope)) {
        return {kSeenInHours, hours};
    }
    return scope.from >= hourSourcesFrom(transaction) ? SeriesPlan{kSeenInHourSources, hours}
                                                      : SeriesPlan{kSeenInRows, rowsOnly(scope)};
}

SeriesPlan planFresh(pqxx::transaction_base& transaction, const ReportScope& scope, std::chrono::seconds step) {
    if (!scope.unfiltered()) {
        return {kFreshInRows, rowsOnly(scope)};
    }
    return step % 1h == 0s && aloneInTable(transaction, scope) ? SeriesPlan{kFreshInHours, cutRange(scope, 1h)}
                                                               : SeriesPlan{kFreshOfSeveral, noBuckets(scope)};
}

}  // namespace

void chartSources(pqxx::transaction_base& transaction, const ReportScope& scope, std::chrono::seconds step, bool fresh,
                  v1::SeriesReply& reply) {
    if (reply.bucket_us_size() == 0) {
        return;
    }
    const auto plan = fresh ? planFresh(transaction, scope, step) : planSeen(transaction, scope, step);
    auto& series = *reply.add_series();
    series.mutable_sessions()->Resize(reply.bucket_us_size(), 0);
    for (const auto& row :
         ask(transaction, plan.statement, scope, plan.cut, std::to_string(step.count()) + " seconds")) {
        const auto place = static_cast<int>((countOf(row[0]) - reply.bucket_us(0)) / reply.step_us());
        series.set_sessions(place, countOf(row[1]));
        series.set_total(series.total() + countOf(row[1]));
    }
}

}  // namespace apiary::collector
