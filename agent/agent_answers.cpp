#include "agent/agent_answers.hpp"

#include "agent/inspection.hpp"

#include <algorithm>
#include <optional>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostSessions = 1000;  // in one answer

}  // namespace

Result<std::string> AgentAnswers::answer(std::string_view verb, std::string_view argument) const {
    if (verb == "status") {
        return status();
    }
    if (verb == "uplink") {
        return writeUplinkState(uplinkState());
    }
    if (verb == "services") {
        return servicesText(parts_.board.reports());
    }
    if (verb == "sessions") {
        return sessionsText(parts_.engine.sessions(kMostSessions), std::chrono::system_clock::now());
    }
    if (verb == "start" || verb == "stop") {
        if (const Status done = parts_.board.wish(argument, verb == "start"); !done) {
            return Error{done.error()};
        }
        return servicesText(parts_.board.reports());
    }
    if (verb == "test") {
        return testNow(argument);
    }
    return Error{
        "unknown request; there are: status, services, sessions, uplink, start NAME, stop NAME, test [NAME], tail"};
}

AgentSample AgentAnswers::sample() const {
    const AgentConfig& config = parts_.config;
    return {.now = std::chrono::system_clock::now(),
            .services = parts_.board.reports(),
            .played = parts_.engine.services(),
            .recording = parts_.recording.view(),
            .backlog = parts_.spool.backlog(),
            .lost = parts_.spool.lost(),
            .spool = parts_.spool.usage(),
            .journal = parts_.journal.view(),
            .journalBytesLimit = config.journalBytes,
            .journalFilesLimit = config.journalFiles,
            .bounds = bounds(),
            .probes = parts_.probes != nullptr ? std::optional(parts_.probes->view()) : std::nullopt,
            .uplink = parts_.uplink != nullptr ? std::optional(parts_.uplink->view()) : std::nullopt,
            .egress = parts_.egress.report()};
}

std::vector<BoundReport> AgentAnswers::bounds() const {
    auto reports = parts_.bounds.reports(std::chrono::system_clock::now());
    if (parts_.probes != nullptr) {
        reports.push_back(parts_.probes->bound());
    }
    return reports;
}

std::string AgentAnswers::status() const {
    const AgentConfig& config = parts_.config;
    const auto now = std::chrono::system_clock::now();
    return statusText({.name = config.name,
                       .startedAt = startedAt_,
                       .collector = config.collector ? config.collector->address : std::string(),
                       .uplink = parts_.uplink != nullptr ? std::optional(parts_.uplink->view()) : std::nullopt,
                       .backlog = parts_.spool.backlog(),
                       .lost = parts_.spool.lost(),
                       .recording = parts_.recording.view(),
                       .journal = parts_.journal.view(),
                       .journalDirectory = config.journalDirectory,
                       .services = parts_.board.reports(),
                       .probes = parts_.probes != nullptr ? std::optional(parts_.probes->view()) : std::nullopt,
                       .bounds = bounds(),
                       .egress = parts_.egress.report()},
                      now);
}

UplinkState AgentAnswers::uplinkState() const {
    const auto now = std::chrono::system_clock::now();
    const auto ageOf = [&](const auto& time) {
        return time ? std::optional(std::chrono::duration_cast<std::chrono::seconds>(now - *time)) : std::nullopt;
    };
    UplinkState state{.configured = parts_.uplink != nullptr,
                      .reason = {},
                      .oldest = ageOf(parts_.spool.backlog().oldest),
                      .acknowledged = {},
                      .lanes = {}};
    if (parts_.uplink != nullptr) {
        const UplinkView view = parts_.uplink->view();
        state.connected = view.state == UplinkView::State::Connected;
        state.reason = view.reason.empty() ? "it is connecting" : view.reason;
        state.acknowledged = ageOf(view.acknowledgedAt);
    }
    for (const LaneView& lane : parts_.spool.lanes()) {
        state.lanes.push_back({lane.lane, lane.acknowledged, lane.last});
    }
    return state;
}

/// An Error with all results if one is bad.
Result<std::string> AgentAnswers::testNow(std::string_view name) const {
    const auto results = parts_.selfTests.testNow(name);
    if (!results) {
        return Error{results.error()};
    }
    const std::string text = selfTestsText(*results);
    const bool passed = std::ranges::all_of(*results, [](const auto& result) { return result.second.passed; });
    return passed ? Result<std::string>(text) : Result<std::string>(Error{"a self-test failed\n" + text});
}

}  // namespace apiary::agent
