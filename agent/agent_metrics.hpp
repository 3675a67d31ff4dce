#pragma once

#include "agent/engine/engine.hpp"
#include "agent/journal/journal.hpp"
#include "agent/probe_inlet.hpp"
#include "agent/record/recording.hpp"
#include "agent/spool/spool.hpp"
#include "agent/uplink/bound_report.hpp"
#include "agent/uplink/egress_report.hpp"
#include "agent/uplink/service_control.hpp"
#include "agent/uplink/uplink.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace apiary::agent {

/// What the agent's `/metrics` tells of, as its parts show it at one moment.
struct AgentSample {
    std::chrono::system_clock::time_point now;
    std::vector<ServiceReport> services;  // those of the configuration
    std::vector<ServiceView> played;      // those that the engine has played
    RecordingView recording;
    Spool::Backlog backlog;
    std::uint64_t lost = 0;  // records
    Spool::Usage spool;
    JournalView journal;
    std::uint64_t journalBytesLimit = 0;
    std::uint64_t journalFilesLimit = 0;
    std::vector<BoundReport> bounds;
    std::optional<ProbeInletView> probes;  // nothing if none are captured
    std::optional<UplinkView> uplink;      // nothing without a collector
    EgressReport egress = {};
};

/// The page in Prometheus' text format: `apiary_agent_…` and the process's own figures. The values of labels are names
/// of services, protocols and bounds, outcomes, and classes of refusals: nothing that a peer wrote.
std::string agentMetrics(const AgentSample& sample);

}  // namespace apiary::agent
