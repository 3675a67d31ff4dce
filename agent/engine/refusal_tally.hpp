#pragma once

#include "agent/engine/source_key.hpp"
#include "agent/protocol/recorder.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace apiary::agent {

/// Makes of a flood of refusals one record a source, service, reason and second, with a count; none goes uncounted.
/// The first is told at once. With more than `most` sources to count at a time, each is told as it comes.
/// Knows no clock. Not thread-safe.
class RefusalTally {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit RefusalTally(std::size_t most = 1024) : most_(most) {}

    /// Returns what is to be told now.
    std::vector<Refusal> add(const Refusal& refusal, Time now);

    /// Returns what was held back for a second or more; with `all`, whatever was held back.
    std::vector<Refusal> takeDue(Time now, bool all = false);

    bool empty() const { return held_.empty(); }

private:
    using Key = std::tuple<std::string, std::string, SourceKey>;  // service, reason, source
    struct Held {
        Time since;
        Refusal latest;  // its count is what was not told yet, and may be 0
    };

    std::size_t most_;
    std::map<Key, Held> held_;
};

}  // namespace apiary::agent
