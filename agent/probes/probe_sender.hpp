#pragma once

#include "agent/probes/probe_message.hpp"
#include "common/net/descriptor.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {

/// Hands rows and figures to the agent, and keeps them while it is not there. Never blocks. Not thread-safe.
class ProbeSender {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// To whoever listens at `name`, if it is root's or that user's. Keeps no more than `most` bytes of rows: what is
    /// new goes then, and its packets are counted.
    explicit ProbeSender(std::uint32_t user, std::size_t most = std::size_t{8} << 20U,
                         std::string_view name = kProbesName);

    /// `figures` is what came since the last call.
    void give(std::span<const ProbeRow> rows, const CaptureFigures& figures);

    /// Sends what the agent takes now; looks for it once a second if it is not there.
    void pump(Time now);

    bool connected() const { return static_cast<bool>(socket_); }
    bool idle() const { return rows_.empty() && !figuresDue_; }

private:
    enum class Sent { Yes, Later, Lost };

    void connect(Time now);
    Sent send(std::string_view message);
    void disconnect(std::string_view why);

    const std::uint32_t user_;
    const std::size_t most_;
    const std::string name_;
    Descriptor socket_;
    Time nextTry_;
    bool told_ = false;                                       // that nobody is there
    std::deque<std::pair<std::string, std::uint64_t>> rows_;  // with the packets in it
    std::size_t bytes_ = 0;
    CaptureFigures figures_;  // not yet sent
    bool figuresDue_ = false;
};

}  // namespace apiary::agent
