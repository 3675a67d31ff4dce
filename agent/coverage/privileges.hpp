#pragma once

#include "common/result.hpp"

namespace apiary::agent {

/// Gives up every capability but CAP_NET_ADMIN, also for programs that this one runs, for good. An Error if this
/// process lacks that one.
Status keepNetworkOnly();

}  // namespace apiary::agent
