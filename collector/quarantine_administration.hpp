#pragma once

#include "collector/config.hpp"
#include "common/result.hpp"

#include <string>

namespace apiary::collector {

/// `apiary-collector quarantine`: prints for each sensor, or for the one of that name, how much of the quarantine is
/// its, what was not kept, and the reasons with their numbers. An Error if no sensor has the name.
Status printQuarantine(const CollectorConfig& config, const std::string& sensor);

/// Removes what is in quarantine, of all or of one sensor, as the database's owner; the audit log says so.
Status clearQuarantine(const CollectorConfig& config, const std::string& sensor);

}  // namespace apiary::collector
