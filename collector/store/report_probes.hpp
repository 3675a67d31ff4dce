#pragma once

#include "collector/store/report_scope.hpp"
#include "proto/apiary/v1/report.pb.h"

#include <pqxx/transaction>

#include <cstdint>

namespace apiary::collector {

/// The scan tools whose marks most probes of the scope bear, at most `limit`; with `compare` also how many did in the
/// range of equal length before, unless rows of it are gone. Probes have no rollups, so an index of those with a tool
/// answers. Throws RowsGone if rows of the scope's range are gone. Blocks; throws what libpqxx throws.
v1::TopNReply topTools(pqxx::transaction_base& transaction, const ReportScope& scope, std::uint32_t limit,
                       bool compare);

}  // namespace apiary::collector
