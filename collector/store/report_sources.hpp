#pragma once

#include "collector/store/report_scope.hpp"

#include <pqxx/transaction>

#include <cstdint>

namespace apiary::collector {

struct SourceCounts {
    std::uint64_t seen = 0;
    std::uint64_t fresh = 0;  // for the first time ever, of those
};

/// The unique sources of a scope that names no sensor, protocol or source, exactly. Reads when each was first and last
/// seen instead of what it did: only who was here before the range and came back after it is looked for in the range.
/// Blocks; throws what libpqxx throws.
SourceCounts countSources(pqxx::transaction_base& transaction, const ReportScope& scope);

}  // namespace apiary::collector
