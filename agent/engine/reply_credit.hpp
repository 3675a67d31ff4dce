#pragma once

#include "agent/engine/engine.hpp"
#include "agent/engine/recent_map.hpp"

#include <chrono>
#include <cstddef>
#include <vector>

namespace apiary::agent {

/// What a datagram service may still send: so that nobody can use it to flood a third party under a forged address.
///
/// A source earns `factor` bytes for each that it sent; its network (IPv4 /24, IPv6 /64) is answered at most `replies`
/// times and with `bytes` in any 60 seconds. Forgetting a source, which happens when too many are known, takes its
/// credit away, never adds to it; forgetting a network could let it start afresh, so a new network is not answered
/// while `most` of them were answered within the minute. Knows no clock. Not thread-safe.
class ReplyCredit {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit ReplyCredit(std::size_t most = 16'384) : most_(most), earned_(most) {}

    void received(const Endpoint& source, std::size_t bytes, const DatagramCredit& rules);

    /// True if a reply of `bytes` may go to `source` now; it is then counted as sent.
    bool spend(const Endpoint& source, std::size_t bytes, const DatagramCredit& rules, Time now);

private:
    struct Reply {
        Time at;
        std::size_t bytes = 0;
    };
    struct Replies {
        std::vector<Reply> recent;  // oldest first, none older than a minute once looked at
        std::size_t bytes = 0;      // of them together
    };

    void forgetOld(Time now);

    std::size_t most_;
    RecentMap<std::size_t> earned_;
    std::unordered_map<SourceKey, Replies, SourceKeyHash> answered_;
    Time swept_{};
};

/// False for what can be no honest peer: no address or port, multicast, broadcast.
bool answerable(const Endpoint& source);

/// True if what sits at `source` may itself answer whatever comes: the port is the target's own, which another decoy
/// has too, or that of a service which answers everybody (echo, chargen, time, DNS, NTP, SNMP …). Under such a source's
/// forged address two would talk for ever.
bool answersByItself(const Endpoint& source, const Endpoint& target);

}  // namespace apiary::agent
