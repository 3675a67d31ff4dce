#include "agent/agent_metrics.hpp"

#include "common/metrics/metrics_page.hpp"
#include "common/metrics/process_figures.hpp"

#include <array>
#include <string_view>
#include <tuple>

namespace apiary::agent {
namespace {

using Labels = MetricsPage::Labels;

// In the order of Outcome and of RefusalClass.
constexpr std::array<std::string_view, std::tuple_size_v<OutcomeCounts>> kOutcomes{
    "finished", "peer_closed", "reset", "timed_out", "limit", "tls_failed", "agent_stopped", "interrupted"};
constexpr std::array<std::string_view, std::tuple_size_v<RefusalCounts>> kRefusals{
    "waiting_time", "connections_of_source", "connections", "descriptors", "memory", "other"};

double real(std::uint64_t number) {
    return static_cast<double>(number);
}

double seconds(std::chrono::system_clock::duration length) {
    return std::chrono::duration<double>(length).count();
}

void addServices(MetricsPage& page, const std::vector<ServiceReport>& services) {
    for (const ServiceReport& service : services) {
        const Labels labels{{"service", service.name}, {"protocol", service.protocol}};
        page.gauge("apiary_agent_service_desired", "1 if the service is to be on.", service.desired ? 1 : 0, labels);
        page.gauge("apiary_agent_service_on", "1 if the service listens.",
                   service.actual == ServiceReport::Actual::On ? 1 : 0, labels);
    }
}

void addSessions(MetricsPage& page, const std::vector<ServiceView>& services) {
    for (const ServiceView& service : services) {
        const Labels labels{{"service", service.name}, {"protocol", service.protocol}};
        const auto with = [&](const char* name, std::string_view value) {
            Labels more = labels;
            more.emplace_back(name, value);
            return more;
        };
        page.counter("apiary_agent_sessions_opened_total", "Sessions that began.", real(service.sessions), labels);
        page.gauge("apiary_agent_sessions_open", "Sessions that are open now.",
                   static_cast<double>(service.openSessions), labels);
        for (std::size_t i = 0; i < kOutcomes.size(); ++i) {
            page.counter("apiary_agent_sessions_ended_total", "Sessions that ended, by how.", real(service.outcomes[i]),
                         with("outcome", kOutcomes[i]));
        }
        for (std::size_t i = 0; i < kRefusals.size(); ++i) {
            page.counter("apiary_agent_refused_total", "Contacts that admission refused, by why.",
                         real(service.refusals[i]), with("reason", kRefusals[i]));
        }
        page.counter("apiary_agent_received_bytes_total", "Bytes that peers sent.", real(service.bytesIn), labels);
        page.counter("apiary_agent_withheld_replies_total",
                     "Replies of datagrams that the source had not paid for, or must not be given.",
                     real(service.withheld), labels);
        page.counter("apiary_agent_sent_bytes_total", "Bytes that went to peers.", real(service.bytesOut), labels);
    }
}

void addRecords(MetricsPage& page, const AgentSample& sample) {
    const RecordingView& recording = sample.recording;
    page.counter("apiary_agent_records_total", "Records committed to the spool.", real(recording.records));
    page.counter("apiary_agent_sessions_recorded_total", "Sessions whose end is committed.", real(recording.sessions));
    page.counter("apiary_agent_sessions_unlogged_total", "Sessions that their service's rule gave no text log.",
                 real(recording.unlogged));
    page.counter("apiary_agent_sessions_recovered_total", "Sessions of the run before closed as interrupted.",
                 real(recording.recovered));
    page.gauge("apiary_agent_spool_records", "Records that the collector has not acknowledged.",
               real(sample.backlog.records));
    page.gauge("apiary_agent_spool_oldest_seconds", "Age of the oldest record not acknowledged; 0 if there is none.",
               sample.backlog.oldest ? seconds(sample.now - *sample.backlog.oldest) : 0);
    page.gauge("apiary_agent_spool_bytes", "Bytes that the records of the spool take.", real(sample.spool.used));
    page.gauge("apiary_agent_spool_limit_bytes", "Bytes that the spool may take.", real(sample.spool.bound));
    page.counter("apiary_agent_lost_records_total", "Records dropped or damaged; each is a gap record's.",
                 real(sample.lost));
}

void addJournal(MetricsPage& page, const AgentSample& sample) {
    const JournalView& journal = sample.journal;
    page.gauge("apiary_agent_journal_files", "Text logs on disk.", real(journal.files));
    page.gauge("apiary_agent_journal_bytes", "Bytes of the text logs on disk.", real(journal.bytes));
    page.gauge("apiary_agent_journal_limit_files", "Text logs that there may be.", real(sample.journalFilesLimit));
    page.gauge("apiary_agent_journal_limit_bytes", "Bytes that the text logs may take.",
               real(sample.journalBytesLimit));
    page.gauge("apiary_agent_journal_counted", "1 once the logs of earlier runs are in these figures.",
               journal.counted ? 1 : 0);
    page.counter("apiary_agent_journal_removed_total", "Text logs that the budget removed.", real(journal.removed));
    page.counter("apiary_agent_journal_removed_early_total",
                 "Text logs removed before their records were acknowledged.", real(journal.removedEarly));
    page.counter("apiary_agent_journal_removed_bytes_total", "Bytes of the text logs that the budget removed.",
                 real(journal.removedBytes));
    page.counter("apiary_agent_journal_incomplete_total", "Text logs of which the disk refused a part.",
                 real(journal.incomplete));
}

void addBounds(MetricsPage& page, const std::vector<BoundReport>& bounds) {
    for (const BoundReport& bound : bounds) {
        if (bound.fullAt) {
            page.gauge("apiary_agent_bound_full_timestamp_seconds",
                       "Time at which a bound is reached at the rate of the last day; none if not within a year.",
                       seconds(bound.fullAt->time_since_epoch()), {{"bound", bound.name}});
        }
    }
}

void addProbes(MetricsPage& page, const AgentSample& sample) {
    if (!sample.probes) {
        return;
    }
    const CaptureFigures& figures = sample.probes->figures;
    page.gauge("apiary_agent_probes_captured", "1 while apiary-probes captures.", sample.probes->connected ? 1 : 0);
    page.gauge("apiary_agent_probe_interfaces", "Interfaces that are watched now.", real(figures.interfaces));
    page.counter("apiary_agent_probe_rows_total", "Rows of probes recorded.", real(sample.probes->rows));
    for (const auto& [what, packets] :
         {std::pair("probe", figures.probes), std::pair("connection", figures.connections),
          std::pair("answer", figures.answers), std::pair("foreign", figures.foreign)}) {
        page.counter("apiary_agent_captured_packets_total",
                     "Packets that the kernel's filter let through, by what they were.", real(packets),
                     {{"what", what}});
    }
    for (const auto& [where, packets] : {std::pair("ring", figures.kernelDropped), std::pair("table", figures.beyond),
                                         std::pair("socket", figures.unsent)}) {
        page.counter("apiary_agent_probe_packets_lost_total",
                     "Packets of probes without a record, by where there was no room.", real(packets),
                     {{"where", where}});
    }
    page.counter("apiary_agent_probe_rows_merged_total", "Rows that were told less finely.", real(figures.merged));
    page.counter("apiary_agent_interface_packets_total", "Packets that came in, by the interfaces' own count.",
                 real(figures.interfaceReceived));
    page.counter("apiary_agent_interface_dropped_total", "Packets that the interfaces dropped, likewise.",
                 real(figures.interfaceDropped));
}

void addUplink(MetricsPage& page, const AgentSample& sample) {
    if (!sample.uplink) {
        return;
    }
    const UplinkView& link = *sample.uplink;
    page.gauge("apiary_agent_uplink_connected", "1 while the collector takes records.",
               link.state == UplinkView::State::Connected ? 1 : 0);
    page.counter("apiary_agent_uplink_connects_total", "Streams that the collector welcomed.", real(link.connects));
    page.counter("apiary_agent_uplink_batches_total", "Batches sent to the collector.", real(link.batches));
    page.counter("apiary_agent_uplink_records_total", "Records sent to the collector, repeated ones each time.",
                 real(link.sent));
    page.counter("apiary_agent_uplink_acknowledgements_total", "Acknowledgements of the collector.",
                 real(link.acknowledged));
    page.counter("apiary_agent_spool_failed_reads_total", "Reads of the spool for the collector that the disk refused.",
                 real(link.failedReads));
    page.gauge("apiary_agent_spool_unreadable", "1 while the disk does not let the spool be read for the collector.",
               link.unreadable.empty() ? 0 : 1);
    if (link.acknowledgedAt) {
        page.gauge("apiary_agent_uplink_acknowledged_timestamp_seconds", "Time of the last acknowledgement.",
                   seconds(link.acknowledgedAt->time_since_epoch()));
    }
    if (link.clockOffset) {
        page.gauge("apiary_agent_uplink_clock_offset_seconds",
                   "This machine's clock minus the collector's, at the last welcome.", seconds(*link.clockOffset));
    }
}

void addEgress(MetricsPage& page, const EgressReport& egress) {
    page.gauge("apiary_agent_egress_guarded", "1 while the kernel refuses what the agent sends to others.",
               egress.guarded ? 1 : 0);
    page.counter("apiary_agent_egress_refused_total", "Packets of the agent to others, which the kernel refused.",
                 real(egress.refused));
}

}  // namespace

std::string agentMetrics(const AgentSample& sample) {
    MetricsPage page;
    page.gauge("apiary_agent_build_info", "1, with the version of the program.", 1, {{"version", APIARY_VERSION}});
    addServices(page, sample.services);
    addSessions(page, sample.played);
    addRecords(page, sample);
    addJournal(page, sample);
    addBounds(page, sample.bounds);
    addProbes(page, sample);
    addUplink(page, sample);
    addEgress(page, sample.egress);
    addProcessFigures(page);
    return page.text();
}

}  // namespace apiary::agent
