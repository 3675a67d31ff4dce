#pragma once

#include "common/result.hpp"

#include <string>

namespace apiary::agent {

/// The verbs of apiary-probes.

/// Captures by the configuration until SIGTERM or SIGINT. Needs CAP_NET_RAW to begin, and gives up all privileges
/// before it looks at the first packet. Changes of the file take a restart.
Status runProbes(const std::string& configFile);

/// Writes to stdout what would be captured, and how long the kernel's filter is. Needs no privilege.
Status checkProbes(const std::string& configFile);

}  // namespace apiary::agent
