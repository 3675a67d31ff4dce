#pragma once

#include "common/result.hpp"

#include <string>

namespace apiary::agent {

/// Runs an agent by its configuration until SIGTERM or SIGINT, in the foreground: the body of `apiary-agent run`.
/// SIGHUP reads the configuration again. Blocks all signals it handles, so call it before any thread is made. Prints
/// each service's addresses on stdout, once they listen. An Error says why it could not start.
Status runAgent(const std::string& configFile);

/// Where an agent that keeps its state in `state` has the manifests of its days.
std::string manifestFolder(const std::string& state);

/// The path of the control socket of an agent that keeps its state in `folder`.
std::string controlSocket(const std::string& folder);

}  // namespace apiary::agent
