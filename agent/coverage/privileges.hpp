#pragma once

#include "common/result.hpp"

namespace apiary::agent {

/// Gives up every capability but CAP_NET_ADMIN and, if it is there, CAP_NET_BIND_SERVICE, which ports below 1024 take,
/// for good. Programs that this one runs get the first only. An Error if this process lacks that one.
Status keepNetworkOnly();

}  // namespace apiary::agent
