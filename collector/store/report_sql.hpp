#pragma once

#include "collector/store/column_values.hpp"
#include "collector/store/report_scope.hpp"

#include <pqxx/result>
#include <pqxx/transaction>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <string>

namespace apiary::collector {

/// The statements of reports are put together from constants here and in the files of the report reader, never from
/// values. All that count share their parameters:
///   $1 from  $2 to  $3 sensors  $4 protocols  $5 traffic  $6 source  $7 and $8 the whole buckets, from and to
///   $9 to $12 the smallest ids of $1, $2, $7 and $8
/// A session's id begins with its start, so its primary key finds an end of the range at once. The BRIN on the start
/// alone does not know the newest pages until the next vacuum, and it is just these that charts ask for.
using ReportTransaction = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;

/// Conditions on rows that have the columns; a filter that names nothing is settled when the statement is planned.
inline const std::string kSensorFilter = " AND (cardinality($3::int[]) = 0 OR sensor_id = ANY ($3::int[]))";
inline const std::string kProtocolFilter = " AND (cardinality($4::text[]) = 0 OR protocol = ANY ($4::text[]))";
inline const std::string kTrafficFilter = " AND traffic = ANY ($5::text[])";
inline const std::string kSourceFilter = " AND ($6::inet IS NULL OR source = $6::inet)";
inline const std::string kFilter = kSensorFilter + kProtocolFilter + kTrafficFilter + kSourceFilter;

inline const std::string kWholeBuckets = " bucket_at >= $7::timestamptz AND bucket_at < $8::timestamptz";
inline const std::string kWholeDays = " day_at >= $7::timestamptz AND day_at < $8::timestamptz";
inline const std::string kFirstEnd =
    " started_at >= $1::timestamptz AND started_at < $7::timestamptz AND session_id >= $9::uuid AND session_id < "
    "$11::uuid";
inline const std::string kLastEnd =
    " started_at >= $8::timestamptz AND started_at < $2::timestamptz AND session_id >= $12::uuid AND session_id < "
    "$10::uuid";

/// What follows the columns of a rollup, with the rows that come with it behind.
inline const std::string kFromFive =
    " FROM apiary.rollup_5m_protocol WHERE" + kWholeBuckets + kProtocolFilter + kTrafficFilter + " UNION ALL ";
inline const std::string kFromHourSensor = " FROM apiary.rollup_hour_sensor WHERE" + kWholeBuckets + kSensorFilter +
                                           kProtocolFilter + kTrafficFilter + " UNION ALL ";

/// Of the five minutes of a range those that make up whole hours, and what is before and behind them.
inline const std::string kFirstHour =
    "date_bin('1 hour', $7::timestamptz + interval '1 hour' - interval '1 us', '2000-01-01 00:00+00')";
inline const std::string kLastHour = "date_bin('1 hour', $8::timestamptz, '2000-01-01 00:00+00')";
inline const std::string kUntilHours = "least(" + kFirstHour + ", $8::timestamptz)";

/// What follows `columns`, the key and the sessions, of a rollup by hours, and of `facet` in the five minutes around
/// them; with the rows that come with it behind.
inline std::string fromFacets(const std::string& columns, const std::string& rollup, const std::string& facet,
                              const std::string& value = "value") {
    const auto around = [&](const std::string& from, const std::string& to) {
        return " UNION ALL SELECT " + value + ", sessions FROM apiary.rollup_5m_facet WHERE bucket_at >= " + from +
               " AND bucket_at < " + to + kTrafficFilter + " AND facet = '" + facet + "'";
    };
    return "SELECT " + columns + " FROM apiary." + rollup + " WHERE bucket_at >= " + kFirstHour + " AND bucket_at < " +
           kLastHour + kTrafficFilter + around("$7::timestamptz", kUntilHours) +
           around("greatest(" + kLastHour + ", " + kUntilHours + ")", "$8::timestamptz") + " UNION ALL ";
}

/// Rows (at, n): n sources that first came at `at` or in the five minutes from there, of those of the moments from
/// `from` up to `to`. Right where aloneInTable().
inline std::string freshWithin(const std::string& from, const std::string& to) {
    const auto five = [](const std::string& at) { return "date_bin('5 min', " + at + ", '2000-01-01 00:00+00')"; };
    const std::string first = five(from + " + interval '5 min' - interval '1 us'");
    const std::string last = five(to);
    const auto rows = [](const std::string& begin, const std::string& end) {
        return " UNION ALL SELECT first_seen_at, 1 FROM apiary.source WHERE first_seen_at >= " + begin +
               " AND first_seen_at < " + end + kTrafficFilter;
    };
    const std::string begun = "least(" + first + ", " + to + ")";
    return "SELECT bucket_at, fresh FROM apiary.source_5m WHERE bucket_at >= " + first + " AND bucket_at < " + last +
           kTrafficFilter + rows(from, begun) + rows("greatest(" + last + ", " + begun + ")", to);
}

/// Sessions that are kept in folds, of which no row of another table is; with the columns of apiary.session.
inline const std::string kFoldedAtFirstEnd = " FROM apiary.folded_sessions($1::timestamptz, $7::timestamptz, false) s";
inline const std::string kFoldedAtLastEnd = " FROM apiary.folded_sessions($8::timestamptz, $2::timestamptz, false) s";

/// `columns` of the sessions at the two ends of the range.
inline std::string fromEnds(const std::string& columns) {
    return "SELECT " + columns + " FROM apiary.session WHERE" + kFirstEnd + kFilter + " UNION ALL SELECT " + columns +
           " FROM apiary.session WHERE" + kLastEnd + kFilter + " UNION ALL SELECT " + columns + kFoldedAtFirstEnd +
           " WHERE" + kFirstEnd + kFilter + " UNION ALL SELECT " + columns + kFoldedAtLastEnd + " WHERE" + kLastEnd +
           kFilter;
}

/// Executes a statement with the twelve parameters, and those given, which follow them.
template <typename... More>
pqxx::result ask(pqxx::transaction_base& transaction, const std::string& statement, const ReportScope& scope,
                 const RangeCut& cut, More&&... more) {
    return transaction.exec_params(
        statement, momentText(scope.from), momentText(scope.to), arrayText(scope.sensors), arrayText(scope.protocols),
        arrayText(scope.traffic), scope.everySource() ? nullptr : scope.source.c_str(), momentText(cut.wholeFrom),
        momentText(cut.wholeTo), firstIdFrom(scope.from).text(), firstIdFrom(scope.to).text(),
        firstIdFrom(cut.wholeFrom).text(), firstIdFrom(cut.wholeTo).text(), std::forward<More>(more)...);
}

/// The scope, and since when there are rows, and counts of probes.
inline ReportScope knowingRows(pqxx::transaction_base& transaction, ReportScope scope) {
    const auto day = [](const pqxx::field& from) {
        return ReportMoment(std::chrono::days(from.is_null() ? 0 : from.as<int>()));
    };
    const auto kept =
        transaction.exec1("SELECT rows_from - DATE '1970-01-01', probes_from - DATE '1970-01-01' FROM apiary.retained");
    scope.keptFrom = day(kept[0]);
    scope.probesFrom = day(kept[1]);
    return scope;
}

/// The range of equal length before.
inline ReportScope before(const ReportScope& scope) {
    ReportScope earlier = scope;
    earlier.to = scope.from;
    earlier.from = std::max(ReportMoment{}, scope.from - (scope.to - scope.from));
    return earlier;
}

/// For statements that read none of the sessions' rows: there is no bucket that they would take whole.
inline RangeCut noBuckets(const ReportScope& scope) {
    return {scope.to, scope.to};
}

}  // namespace apiary::collector
