#pragma once

#include "agent/protocol/session.hpp"
#include "common/config/toml.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace apiary::agent {

/// What a module prepares from, to do so once more for each host.
struct ModuleSettings {
    Settings values;
    Readings readings;
};

/// The settings of a host of that name: it stands for "{host}" in every value.
Settings withHostName(Settings settings, const std::string& name);

/// Reads `[service.settings]` of a `[[service]]` with the files that it names, and lets the module prepare. Blocks on
/// the disk. What is wrong becomes an error at the line of the setting, and the result is null.
std::shared_ptr<const Prepared> prepareModule(const Module& module, const TomlTable& service, std::uint64_t seed);

/// The same for a service of hosts, as a host called "localhost" has it; `kept` becomes what it is prepared from.
std::shared_ptr<const Prepared> prepareForHosts(const Module& module, const TomlTable& service, std::uint64_t seed,
                                                ModuleSettings& kept);

}  // namespace apiary::agent
