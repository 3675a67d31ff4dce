#pragma once

#include "collector/watch/trouble.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace apiary::collector {

/// `2026-11-25T10:19:59Z`.
std::string stamp(Trouble::Time at);

/// `30 s`, `45 min`, `3 h`, cut to the whole one.
std::string lengthText(std::chrono::microseconds length);

/// How much of `limit`, which is not 0, `used` is: `93 %`.
std::string shareText(std::uint64_t used, std::uint64_t limit);

/// What can be done about a bound of a sensor (Bound.name in ingest.proto).
std::string remedy(const std::string& bound);

}  // namespace apiary::collector
