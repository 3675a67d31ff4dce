#pragma once

#include "agent/protocol/session.hpp"

#include <cstdint>
#include <string_view>

namespace apiary::agent {

/// What modules read from their settings. Each setting must be one that the module declares; an Error names it, its
/// value and what it may be.

/// yes or no.
Result<bool> flagOf(const Settings& settings, std::string_view name);

/// A whole number from `least` to `most`, both included.
Result<std::uint64_t> numberOf(const Settings& settings, std::string_view name, std::uint64_t least,
                               std::uint64_t most);

/// A duration with its unit ("500ms", "3s", "2m"), of at most `most`.
Result<Millis> durationOf(const Settings& settings, std::string_view name, Millis most);

}  // namespace apiary::agent
