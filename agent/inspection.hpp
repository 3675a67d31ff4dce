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
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace apiary::agent {

/// What `apiary-agent status` tells of.
struct AgentFigures {
    std::string name;
    std::chrono::system_clock::time_point startedAt;
    std::string collector;             // its address; empty without one
    std::optional<UplinkView> uplink;  // nothing without a collector
    Spool::Backlog backlog;
    std::uint64_t lost = 0;
    RecordingView recording;
    JournalView journal;
    std::string journalDirectory;
    std::vector<ServiceReport> services;
    std::optional<ProbeInletView> probes;  // nothing if none are captured
    std::vector<BoundReport> bounds;
    EgressReport egress = {};
};

/// The agent as text for a person at its terminal, one fact a line, printable ASCII only.
std::string statusText(const AgentFigures& figures, std::chrono::system_clock::time_point now);

/// How full a bound is, when it will be at this rate, and what it has cost: "98 MiB of 1.0 GiB (10 %), full in about 12
/// days at this rate, nothing lost". Of what is kept by letting the oldest go: since how long it has logs.
std::string boundText(const BoundReport& bound, BoundReport::Time now);

/// What apiary-probes told, in a line.
std::string probesText(const ProbeInletView& probes);

/// One row a service.
/// A line for each service that was visited: passed, or the step that failed and why.
std::string selfTestsText(const std::map<std::string, SelfTestReport>& results);

std::string servicesText(const std::vector<ServiceReport>& services);

/// One row a session, newest first; `now` gives their age.
std::string sessionsText(const std::vector<SessionView>& sessions, std::chrono::system_clock::time_point now);

}  // namespace apiary::agent
