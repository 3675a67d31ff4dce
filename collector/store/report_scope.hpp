#pragma once

#include "common/result.hpp"
#include "common/uuid.hpp"
#include "proto/apiary/v1/report.pb.h"

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace apiary::collector {

using ReportMoment = std::chrono::sys_time<std::chrono::microseconds>;

/// Which sessions a question is about, checked: every value is one that may stand in a bound parameter.
struct ReportScope {
    ReportMoment from;
    ReportMoment to;
    std::vector<std::int32_t> sensors;   // none: all
    std::vector<std::string> protocols;  // none: all
    std::vector<std::string> traffic;    // never empty
    std::string source;                  // an address as text; empty: any
    ReportMoment keptFrom{};             // rows that began before it are gone
    ReportMoment probesFrom{};           // probes that began before it were never counted

    bool everySource() const { return source.empty(); }
    bool unfiltered() const { return everySource() && sensors.empty() && protocols.empty(); }
};

/// Reads the wire's scope. An Error says which value cannot be, in words for the caller.
Result<ReportScope> parseScope(const v1::Scope& scope);

/// The same without a range: for what is open, and for the live feed.
Result<ReportScope> parseFilter(const v1::Scope& scope);

/// A question that only rows can answer is about a time whose rows are gone. The text says since when there are rows.
class RowsGone : public std::runtime_error {
public:
    explicit RowsGone(ReportMoment keptFrom);
};

/// A range cut into whole buckets of a rollup, [wholeFrom, wholeTo), and what is left of it at its two ends, which is
/// to be counted from rows. Without a whole bucket both are `to`, so that the first end is everything. An end in a day
/// whose rows are gone is widened to its whole bucket.
struct RangeCut {
    ReportMoment wholeFrom;
    ReportMoment wholeTo;
};
RangeCut cutRange(const ReportScope& scope, std::chrono::seconds bucket);

/// A range of which nothing is a whole bucket: everything comes from rows. Throws RowsGone if they are not all there.
RangeCut rowsOnly(const ReportScope& scope);

/// The width of a chart's buckets: what was asked for, or, for 0, so that at most 300 come out and people can read them
/// (5, 10, 15, 20 or 30 minutes, whole hours). An Error if the width is no multiple of 5 minutes or makes more than
/// 10,000 buckets.
Result<std::chrono::seconds> chooseStep(const ReportScope& scope, std::uint64_t askedMicros);

/// The start of the bucket that holds `at`; buckets are counted from 1970.
ReportMoment bucketOf(ReportMoment at, std::chrono::seconds width);

/// The smallest id that a session can have that began then or later.
Uuid firstIdFrom(ReportMoment at);

}  // namespace apiary::collector
