#pragma once

#include "agent/engine/engine.hpp"
#include "agent/hosts/host_plan.hpp"
#include "agent/hosts/surroundings.hpp"
#include "agent/probes/probes_setting.hpp"
#include "agent/record/recording.hpp"
#include "common/metrics/metrics_setting.hpp"
#include "common/rpc/credentials.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

struct CollectorConfig {
    std::string address;  // host:port
    TlsIdentity identity;
};

/// A service of the file, ready for the engine. The file's table is keyed by (address, transport, port).
struct ServiceConfig {
    ServiceSpec spec;
    bool enabled = true;  // until somebody starts or stops it
    JournalRule rule;
    std::size_t line = 0;
};

/// What agent.toml says. Every path is absolute or relative to the file's folder, already joined with it.
struct AgentConfig {
    std::string name;
    std::string state;  // folder
    std::size_t threads = 1;
    std::optional<std::uint64_t> seed;
    MetricsSetting metrics;
    std::chrono::minutes selfTest{60};         // between visits to each of its own services; 0: none
    std::optional<CollectorConfig> collector;  // without it the agent works alone
    std::string journalDirectory;
    std::uint64_t journalBytes = 0;
    std::uint64_t journalFiles = 0;
    std::chrono::hours journalAge{0};  // 0: no bound
    std::uint64_t spoolBytes = 0;
    std::size_t connections = 0;
    std::uint64_t memory = 0;  // bytes
    std::vector<ServiceConfig> services;
    ProbesSetting probes;                   // taken from apiary-probes
    std::shared_ptr<const HostPlan> hosts;  // shared with the services that are played there, which a reload outlives
};

/// A file as read, and everything that is wrong with it: use `config` only if `errors` is empty.
struct ConfigReading {
    AgentConfig config;
    std::vector<std::string> errors;  // "agent.toml:12: …", by line
};

/// Reads and checks the whole file, hosts against what this machine has; modules prepare their settings with the file's
/// seed, or with `seed` if it has none.
ConfigReading readConfig(const std::string& path, std::uint64_t seed = 0);

/// The same of a text that stands for a file called `name`, on a machine where `taken` is.
ConfigReading parseConfig(std::string_view text, const std::string& name, std::uint64_t seed = 0,
                          const std::vector<Taken>& taken = {});

/// The rules of all services, for Recording.
std::map<std::string, JournalRule, std::less<>> journalRules(const AgentConfig& config);

}  // namespace apiary::agent
