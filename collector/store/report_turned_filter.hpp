#pragma once

#include "collector/store/report_filter.hpp"
#include "collector/store/report_scope.hpp"

#include <pqxx/transaction_base>

#include <optional>

namespace apiary::collector {

/// The same filter that names what is left in place of what is left out, where the values that there are in the scope
/// are few: what is left may be rare, and is looked for then. Nothing if nothing is left.
std::optional<SessionFilter> turnedRound(pqxx::transaction_base& transaction, const ReportScope& scope,
                                         SessionFilter filter);

}  // namespace apiary::collector
