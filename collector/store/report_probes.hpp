#pragma once

#include "collector/store/report_scope.hpp"
#include "proto/apiary/v1/report.pb.h"

#include <pqxx/transaction>

#include <cstdint>

namespace apiary::collector {

/// How many probes began in the scope, as far as they were ever counted. Throws RowsGone if it names a source and rows
/// of its range are gone. Blocks; throws what libpqxx throws.
std::uint64_t countProbes(pqxx::transaction_base& transaction, const ReportScope& scope);

/// The scan tools whose marks most probes of the scope bear, at most `limit`; with `compare` also how many did in the
/// range of equal length before, if that is known. Throws RowsGone as countProbes(), and if the range begins before
/// probes were counted. Blocks; throws what libpqxx throws.
v1::TopNReply topTools(pqxx::transaction_base& transaction, const ReportScope& scope, std::uint32_t limit,
                       bool compare);

}  // namespace apiary::collector
