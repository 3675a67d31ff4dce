#pragma once

#include "common/concurrent/guarded.hpp"
#include "common/net/endpoint.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <vector>

namespace apiary::agent {

/// Connections that the agent itself is about to make to its own services, known by the end that it has bound. Such a
/// session is marked as a self-test, and admission neither counts nor refuses it. Thread-safe.
class Visits {
public:
    void expect(const Endpoint& from) {
        from_.with([&](auto& all) { all.push_back(from); });
        ++count_;
    }

    /// Whether a connection from there is expected, which it is only once.
    bool take(const Endpoint& from) { return expects(from) && forget(from); }

    bool expects(const Endpoint& from) const {
        return count_ > 0 && from_.with([&](const auto& all) { return std::ranges::find(all, from) != all.end(); });
    }

    /// Expects it no longer; true if it did.
    bool forget(const Endpoint& from) {
        const std::size_t gone = from_.with([&](auto& all) { return std::erase(all, from); });
        count_ -= gone;
        return gone > 0;
    }

private:
    Guarded<std::vector<Endpoint>> from_;
    std::atomic<std::size_t> count_{0};  // spares those who accept the lock
};

}  // namespace apiary::agent
