#pragma once

#include "collector/store/report_scope.hpp"
#include "proto/apiary/v1/report.pb.h"

#include <pqxx/transaction>

#include <chrono>
#include <cstdint>
#include <string>

namespace apiary::collector {

struct SourceCounts {
    std::uint64_t seen = 0;
    std::uint64_t fresh = 0;  // for the first time ever, of those
};

/// The unique sources of a scope, exactly. If it names no sensor, protocol or source, reads when each was first and
/// last seen instead of what it did: only of who was here before the range and came back after it the hours between are
/// looked at, and only who came in an hour that is not all of the range, or longer ago than a source knows its hours, is
/// looked for in the rows. Blocks; throws what libpqxx throws, as all here.
SourceCounts countSources(pqxx::transaction_base& transaction, const ReportScope& scope);

/// `WITH s AS (...)`: a row (source, n) for each source of the scope and its sessions, with the parameters of ask().
struct SourcePlan {
    const std::string& with;
    RangeCut cut;
};
SourcePlan planSources(pqxx::transaction_base& transaction, const ReportScope& scope);

/// Whether each source of the scope's traffic has one row in apiary.source: one kind of traffic, one collector.
bool aloneInTable(pqxx::transaction_base& transaction, const ReportScope& scope);

/// SERIES_FIELD_SOURCES or SERIES_FIELD_NEW_SOURCES: one series in buckets of `step`, in `reply`, which has the
/// buckets.
void chartSources(pqxx::transaction_base& transaction, const ReportScope& scope, std::chrono::seconds step, bool fresh,
                  v1::SeriesReply& reply);

}  // namespace apiary::collector
