#pragma once

#include "collector/config.hpp"
#include "collector/notify/carrier.hpp"
#include "common/result.hpp"

#include <memory>
#include <string>
#include <vector>

namespace apiary::collector {

/// A way by which notices leave.
struct NamedCarrier {
    std::string name;  // command or webhook
    std::unique_ptr<Carrier> carrier;
};

/// Those that the configuration names.
std::vector<NamedCarrier> carriersOf(const NotifySettings& settings);

/// Sends a notice that says nothing by each of them, and prints what became of it. An Error if one failed, or there are
/// none.
Status testNotices(const CollectorConfig& config);

}  // namespace apiary::collector
