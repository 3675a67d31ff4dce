#pragma once

#include "collector/config.hpp"
#include "common/result.hpp"

#include <string>

namespace apiary::collector {

/// `apiary-collector rollup rebuild`: computes the rollups of every day whose rows are there anew, from `since` to
/// `until` (YYYY-MM-DD, both included; empty: all), a transaction a day, and prints what differed.
Status rebuildRollups(const CollectorConfig& config, const std::string& since, const std::string& until);

}  // namespace apiary::collector
