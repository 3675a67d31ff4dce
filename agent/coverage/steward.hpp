#pragma once

#include "common/result.hpp"

#include <string>

namespace apiary::agent {

/// The verbs of apiary-coverage. Each needs CAP_NET_ADMIN but check, which tells more with it.

/// Makes rules and routes of the configuration and hands out sockets until SIGTERM or SIGINT, then takes all away
/// again. SIGHUP reads the configuration again; a bad one changes nothing.
Status applyCoverage(const std::string& configFile);

/// Takes away what an apply left behind that was killed. An Error if one is running.
Status removeCoverage();

/// Writes what is there to stdout.
Status showCoverage();

/// Writes to stdout what apply would do now, as input of `nft -f` and of `ip -batch`.
Status checkCoverage(const std::string& configFile);

}  // namespace apiary::agent
