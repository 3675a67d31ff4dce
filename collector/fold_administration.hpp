#pragma once

#include "collector/config.hpp"
#include "common/result.hpp"

#include <string>

namespace apiary::collector {

/// `apiary-collector fold on|off`: whether sessions of a service that are equal but for addresses and times are kept
/// once. What was folded before stays so.
Status nameFolded(const CollectorConfig& config, const std::string& sensor, const std::string& service, bool on);

/// `apiary-collector fold list`.
Status listFolded(const CollectorConfig& config);

/// `apiary-collector fold now`: folds what began since that day (UTC), which is `YYYY-MM-DD`, or yesterday if empty.
Status foldNow(const CollectorConfig& config, const std::string& since);

}  // namespace apiary::collector
