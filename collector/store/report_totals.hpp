#pragma once

#include "collector/store/report_scope.hpp"
#include "proto/apiary/v1/report.pb.h"

#include <pqxx/transaction>

namespace apiary::collector {

/// What ReportReader::totals() says of one range. Blocks; throws what libpqxx throws.
v1::TotalsReply countTotals(pqxx::transaction_base& transaction, const ReportScope& scope);

}  // namespace apiary::collector
