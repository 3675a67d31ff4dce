#pragma once

#include "agent/engine/engine.hpp"
#include "agent/engine/recent_map.hpp"

#include <chrono>
#include <cstddef>
#include <unordered_map>

namespace apiary::agent {

enum class Verdict { Welcome, WaitingTime, PerSource };

/// What a refusal's record says.
constexpr const char* reasonOf(Verdict verdict) {
    return verdict == Verdict::WaitingTime ? "waiting time between connections of this source"
           : verdict == Verdict::PerSource ? "connections of this source"
                                           : "";
}

/// The paper's two defences for one service: a waiting time between a source's connections, with a burst, and a bound
/// on its connections at once. A source is an IPv4 address or an IPv6 /64.
///
/// Invariant: `open_` holds exactly the sources that have connections, so its size is bounded by the connections in
/// all; waiting times are kept for `most` sources, and the one seen longest ago is forgotten first. Knows no clock.
/// Not thread-safe.
class AdmissionControl {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit AdmissionControl(std::size_t most = 16'384) : seen_(most) {}

    /// Decides about one more connection of `source`. Each Welcome must be paid back by one leave().
    Verdict admit(const Endpoint& source, const Admission& rules, Time now);

    void leave(const Endpoint& source);

    /// Sources whose waiting time is kept.
    std::size_t remembered() const { return seen_.size(); }

private:
    /// When the burst will be whole again: "generic cell rate", one time instead of a counter and a time.
    struct Seen {
        Time whole{};
    };

    RecentMap<Seen> seen_;
    std::unordered_map<SourceKey, std::size_t, SourceKeyHash> open_;
};

}  // namespace apiary::agent
