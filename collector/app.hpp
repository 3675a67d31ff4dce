#pragma once

#include "collector/config.hpp"
#include "common/result.hpp"

namespace apiary::collector {

/// Serves until SIGTERM or SIGINT, in the foreground: the body of `apiary-collector run`. Blocks all signals that it
/// handles, so call it before any thread is made. Starts without a database, says so, and works as soon as there is
/// one. An Error says why it could not start: a port, a certificate, a schema that is not this program's.
Status runCollector(const CollectorConfig& config);

}  // namespace apiary::collector
