#pragma once

#include "agent/agent_metrics.hpp"
#include "agent/bounds_board.hpp"
#include "agent/check/uplink_state.hpp"
#include "agent/config.hpp"
#include "agent/egress_watch.hpp"
#include "agent/engine/engine.hpp"
#include "agent/journal/journal.hpp"
#include "agent/probe_inlet.hpp"
#include "agent/record/recording.hpp"
#include "agent/self_tests.hpp"
#include "agent/service_board.hpp"
#include "agent/spool/spool.hpp"
#include "agent/uplink/uplink.hpp"
#include "common/result.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// What a running agent tells of itself: the answers of its control socket, and the figures of its page. Gathers them
/// from the parts when it is asked; holds none. May be called from any thread.
class AgentAnswers {
public:
    /// All must outlive it.
    struct Parts {
        const AgentConfig& config;
        const Spool& spool;
        const JournalWriter& journal;
        const Recording& recording;
        const Engine& engine;
        ServiceBoard& board;
        const BoundsBoard& bounds;
        SelfTests& selfTests;
        const EgressWatch& egress;
        const ProbeInlet* probes;  // null if none are captured
        const Uplink* uplink;      // null without a collector
    };
    explicit AgentAnswers(const Parts& parts) : parts_(parts) {}

    /// Does what the verb asks and says what came of it. An Error: the verb is not known, or was refused.
    Result<std::string> answer(std::string_view verb, std::string_view argument) const;

    AgentSample sample() const;

    /// What is bounded, the way of probes included.
    std::vector<BoundReport> bounds() const;

private:
    std::string status() const;
    UplinkState uplinkState() const;
    Result<std::string> testNow(std::string_view name) const;

    Parts parts_;
    std::chrono::system_clock::time_point startedAt_ = std::chrono::system_clock::now();
};

}  // namespace apiary::agent
