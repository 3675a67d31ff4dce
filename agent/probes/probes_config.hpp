#pragma once

#include "agent/hosts/host_plan.hpp"
#include "agent/hosts/surroundings.hpp"
#include "agent/probes/probe_watch.hpp"
#include "agent/probes/probes_setting.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// What apiary-probes takes from agent.toml.
struct ProbesConfig {
    ProbesSetting probes;
    WatchedHosts hosts;
    std::uint32_t user = 0;  // the agent's, and the program's own once it has its sockets
    std::uint32_t group = 0;
};

/// A file as read, and everything that is wrong with it: use `config` only if `errors` is empty.
struct ProbesReading {
    ProbesConfig config;
    std::vector<std::string> errors;  // "agent.toml:12: …"
};

/// Reads the parts of the file that are about hosts and probes, hosts against what this machine has, and looks the
/// user up.
ProbesReading readProbesConfig(const std::string& path);

/// The same of a text that stands for a file called `name`, on a machine where `taken` is. The user must be a number.
ProbesReading parseProbesConfig(std::string_view text, const std::string& name, const std::vector<Taken>& taken);

/// The ports from which the kernel of this machine chooses, in the text of ip_local_port_range: data channels of hosts
/// come up there if nothing else is configured. Those of a Linux that nobody changed if the text makes no sense.
PortRange channelPortsIn(std::string_view text);

}  // namespace apiary::agent
