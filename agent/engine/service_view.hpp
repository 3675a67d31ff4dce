#pragma once

#include "agent/engine/engine.hpp"
#include "agent/engine/service.hpp"

namespace apiary::agent {

/// Fills in what a service keeps from one configuration to the next: its sessions, refusals and bytes.
void showState(const ServiceState& state, ServiceView& view);

}  // namespace apiary::agent
