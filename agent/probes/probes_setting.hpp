#pragma once

#include "agent/hosts/host_plan.hpp"
#include "common/config/toml.hpp"
#include "common/net/endpoint.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace apiary::agent {

/// `[probes]` of agent.toml.
struct ProbesSetting {
    bool present = false;
    std::vector<std::string> interfaces;
    std::chrono::milliseconds every = std::chrono::seconds(10);  // what one row adds up
    std::uint64_t ring = 0;                                      // bytes, of each interface
    std::uint64_t rows = 0;                                      // that one `every` may have
    std::uint64_t waiting = 0;                                   // SYNs that wait for the end of their handshake
    std::vector<Endpoint> listeners;  // of services at the machine's own addresses, if these are to be watched
};

/// Reads it. What is wrong is noted in the file, at its line.
ProbesSetting readProbes(const TomlTable& root, const HostPlan& plan);

}  // namespace apiary::agent
