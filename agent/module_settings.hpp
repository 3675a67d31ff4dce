#pragma once

#include "agent/protocol/session.hpp"
#include "common/config/toml.hpp"

#include <cstdint>
#include <memory>

namespace apiary::agent {

/// Reads `[service.settings]` of a `[[service]]` with the files that it names, and lets the module prepare. Blocks on
/// the disk. What is wrong becomes an error at the line of the setting, and the result is null.
std::shared_ptr<const Prepared> prepareModule(const Module& module, const TomlTable& service, std::uint64_t seed);

}  // namespace apiary::agent
