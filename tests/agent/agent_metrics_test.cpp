#include "agent/agent_metrics.hpp"

#include <gtest/gtest.h>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;

AgentSample sampleOf(ServiceView played) {
    AgentSample sample;
    sample.now = std::chrono::system_clock::time_point(1'000'000s);
    sample.played.push_back(std::move(played));
    return sample;
}

void expectLine(const std::string& text, const std::string& line) {
    EXPECT_NE(('\n' + text).find('\n' + line + '\n'), std::string::npos) << "no line " << line << " in\n" << text;
}

TEST(AgentMetricsTest, TellsOfEachServiceByOutcomeAndReason) {
    ServiceView ftp;
    ftp.name = "front";
    ftp.protocol = "ftp";
    ftp.openSessions = 2;
    ftp.sessions = 7;
    ftp.outcomes[static_cast<std::size_t>(Outcome::PeerClosed)] = 4;
    ftp.outcomes[static_cast<std::size_t>(Outcome::Interrupted)] = 1;
    ftp.refusals[static_cast<std::size_t>(RefusalClass::PerSource)] = 9;
    ftp.bytesIn = 100;
    const std::string text = agentMetrics(sampleOf(ftp));
    expectLine(text, R"(apiary_agent_sessions_opened_total{service="front",protocol="ftp"} 7)");
    expectLine(text, R"(apiary_agent_sessions_open{service="front",protocol="ftp"} 2)");
    expectLine(text, R"(apiary_agent_sessions_ended_total{service="front",protocol="ftp",outcome="peer_closed"} 4)");
    expectLine(text, R"(apiary_agent_sessions_ended_total{service="front",protocol="ftp",outcome="interrupted"} 1)");
    expectLine(text, R"(apiary_agent_refused_total{service="front",protocol="ftp",reason="connections_of_source"} 9)");
    expectLine(text, R"(apiary_agent_received_bytes_total{service="front",protocol="ftp"} 100)");
}

TEST(AgentMetricsTest, TheOldestRecordAgesUntilItIsAcknowledged) {
    AgentSample sample = sampleOf({});
    expectLine(agentMetrics(sample), "apiary_agent_spool_oldest_seconds 0");
    sample.backlog = {.records = 5, .oldest = sample.now - 90s};
    const std::string text = agentMetrics(sample);
    expectLine(text, "apiary_agent_spool_oldest_seconds 90");
    expectLine(text, "apiary_agent_spool_records 5");
}

TEST(AgentMetricsTest, AnAgentWithoutACollectorHasNoUplink) {
    EXPECT_EQ(agentMetrics(sampleOf({})).find("apiary_agent_uplink"), std::string::npos);
}

TEST(AgentMetricsTest, TellsWhatWasCapturedAndWhatFoundNoRoom) {
    AgentSample sample = sampleOf({});
    EXPECT_EQ(agentMetrics(sample).find("apiary_agent_captured"), std::string::npos);
    sample.probes =
        ProbeInletView{.connected = true,
                       .rows = 4,
                       .figures = {.probes = 9, .answers = 2, .beyond = 3, .kernelDropped = 5, .interfaces = 1}};
    const std::string text = agentMetrics(sample);
    expectLine(text, "apiary_agent_probes_captured 1");
    expectLine(text, "apiary_agent_probe_rows_total 4");
    expectLine(text, R"(apiary_agent_captured_packets_total{what="probe"} 9)");
    expectLine(text, R"(apiary_agent_captured_packets_total{what="answer"} 2)");
    expectLine(text, R"(apiary_agent_probe_packets_lost_total{where="ring"} 5)");
    expectLine(text, R"(apiary_agent_probe_packets_lost_total{where="table"} 3)");
}

TEST(AgentMetricsTest, TellsWhenABoundIsReachedAndOfNoneThatIsNot) {
    AgentSample sample = sampleOf({});
    sample.bounds.push_back(
        {.name = "spool_bytes", .used = 1, .limit = 9, .fullAt = sample.now + 12 * 24h, .keptSince = {}});
    sample.bounds.push_back({.name = "connections", .used = 1, .limit = 9, .fullAt = {}, .keptSince = {}});
    const std::string text = agentMetrics(sample);
    expectLine(text, R"(apiary_agent_bound_full_timestamp_seconds{bound="spool_bytes"} 2036800)");
    EXPECT_EQ(text.find(R"(bound="connections")"), std::string::npos);
}

TEST(AgentMetricsTest, TellsHowTheUplinkIs) {
    AgentSample sample = sampleOf({});
    sample.uplink.emplace();
    sample.uplink->state = UplinkView::State::Connected;
    sample.uplink->batches = 3;
    sample.uplink->connects = 2;
    sample.uplink->clockOffset = -1500ms;
    std::string text = agentMetrics(sample);
    expectLine(text, "apiary_agent_uplink_connected 1");
    expectLine(text, "apiary_agent_uplink_batches_total 3");
    expectLine(text, "apiary_agent_uplink_connects_total 2");
    expectLine(text, "apiary_agent_uplink_clock_offset_seconds -1.5");
    expectLine(text, "apiary_agent_spool_unreadable 0");
    sample.uplink->state = UplinkView::State::Away;
    sample.uplink->failedReads = 4;
    sample.uplink->unreadable = "an I/O error";
    expectLine(agentMetrics(sample), "apiary_agent_spool_unreadable 1");
    expectLine(agentMetrics(sample), "apiary_agent_spool_failed_reads_total 4");
    expectLine(agentMetrics(sample), "apiary_agent_uplink_connected 0");
}

TEST(AgentMetricsTest, AServiceThatFailedIsDesiredAndNotOn) {
    AgentSample sample = sampleOf({});
    sample.services.push_back({.name = "mail",
                               .protocol = "smtp",
                               .listens = {},
                               .desired = true,
                               .actual = ServiceReport::Actual::Failed,
                               .reason = "the port is taken"});
    const std::string text = agentMetrics(sample);
    expectLine(text, R"(apiary_agent_service_desired{service="mail",protocol="smtp"} 1)");
    expectLine(text, R"(apiary_agent_service_on{service="mail",protocol="smtp"} 0)");
}

}  // namespace
}  // namespace apiary::agent
