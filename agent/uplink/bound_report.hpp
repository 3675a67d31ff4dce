#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace apiary::agent {

/// Something of the agent that is bounded, and what its bound has cost since the agent started.
struct BoundReport {
    using Time = std::chrono::system_clock::time_point;

    std::string name;            // as on the wire: spool_bytes, journal_bytes, ...
    std::uint64_t used = 0;      // in the unit of the name; of "connections" and "descriptors" their number
    std::uint64_t limit = 0;     // 0: none
    std::uint64_t lost = 0;      // records, logs or connections
    std::optional<Time> fullAt;  // when it is reached if it goes on growing as it has; nothing if not within a year

    /// It is kept by letting the oldest go, and this is the oldest there is: it never gets fuller. Nothing for others,
    /// and as long as nothing had to go.
    std::optional<Time> keptSince;

    friend bool operator==(const BoundReport&, const BoundReport&) = default;
};

}  // namespace apiary::agent
