#pragma once

#include <cstdint>
#include <string>

namespace apiary::agent {

/// Has as many descriptors as this process may have: each connection is one. Says so in the log if it cannot.
void raiseDescriptors();

/// The sensor's seed, made at the first start and kept in `file`: what differs between sensors stays the same on each.
/// Throws std::runtime_error, which says what to do, if it cannot be kept.
std::uint64_t keptSeed(const std::string& file);

}  // namespace apiary::agent
