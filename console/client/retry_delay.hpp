#pragma once

#include <algorithm>
#include <chrono>

namespace apiary::console {

/// Pause before attempt `attempt` (from 1): 1, 2, 4 .. 30 s, each less up to a quarter of itself by `chance` in [0, 1),
/// so that many consoles do not come back in one instant.
inline std::chrono::milliseconds retryDelay(int attempt, double chance) {
    const int doublings = std::clamp(attempt - 1, 0, 5);
    const double full = std::min(30'000.0, 1'000.0 * static_cast<double>(1 << doublings));
    return std::chrono::milliseconds(static_cast<std::int64_t>(full * (1.0 - 0.25 * chance)));
}

}  // namespace apiary::console
