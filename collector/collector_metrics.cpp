#include "collector/collector_metrics.hpp"

#include "common/metrics/metrics_page.hpp"
#include "common/metrics/process_figures.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string_view>

namespace apiary::collector {
namespace {

// In the order of AsideClass.
constexpr std::array<std::string_view, kAsideClasses> kAside{"database", "bounds", "session", "content", "other"};

template <typename Number>
double real(Number number) {
    return static_cast<double>(number);
}

void addSensors(MetricsPage& page, const CollectorSample& sample) {
    double streams = 0;
    double connected = 0;
    for (const auto& [id, presence] : sample.presences) {
        streams += presence.streams;
        connected += presence.connected() ? 1 : 0;
    }
    page.gauge("apiary_collector_streams", "Streams of sensors that are admitted now.", streams);
    page.gauge("apiary_collector_sensors_connected", "Sensors that have a stream here now.", connected);
    page.gauge("apiary_collector_sensors", "Sensors that are enrolled and not revoked.", real(sample.sensors.size()));
    for (const DatabaseWatch::Sensor& sensor : sample.sensors) {
        const MetricsPage::Labels labels{{"sensor", sensor.name}};
        const auto presence = sample.presences.find(sensor.id);
        const bool here = presence != sample.presences.end();
        page.gauge("apiary_collector_sensor_connected", "1 if the sensor has a stream here now.",
                   here && presence->second.connected() ? 1 : 0, labels);
        page.counter("apiary_collector_sensor_records_total",
                     "Position of the ledger: records of the sensor that are committed, or told to be missing.",
                     real(sensor.records), labels);
        if (here && presence->second.report) {
            page.gauge("apiary_collector_sensor_clock_offset_seconds", "The sensor's clock minus the collector's.",
                       presence->second.report->clockOffsetMs / 1000.0, labels);
        }
    }
}

void addIngest(MetricsPage& page, const CollectorSample& sample) {
    const IngestCounters::View& ingest = sample.ingest;
    page.counter("apiary_collector_records_committed_total", "Records written to the database.", real(ingest.records));
    page.counter("apiary_collector_batches_committed_total", "Batches written to the database.", real(ingest.batches));
    page.counter("apiary_collector_batches_duplicate_total", "Batches that had been written before.",
                 real(ingest.duplicates));
    page.counter("apiary_collector_batches_out_of_order_total",
                 "Batches refused as they do not follow what is written.", real(ingest.holes));
    for (std::size_t i = 0; i < kAside.size(); ++i) {
        page.counter("apiary_collector_records_quarantined_total", "Records put aside, by why.", real(ingest.aside[i]),
                     {{"reason", std::string(kAside[i])}});
    }
    page.histogram("apiary_collector_transaction_seconds", "Time to write one transaction of ingest.",
                   ingest.transactions);
    page.gauge("apiary_collector_queue_bytes", "Bytes of batches that wait to be written.", real(sample.queuedBytes));
    page.gauge("apiary_collector_queue_limit_bytes", "Bytes from which on sensors are not read any further.",
               real(sample.queueLimit));
}

/// Every kind has its line, also while nothing is wrong: what is not there alarms nobody.
void addTroubles(MetricsPage& page, const CollectorSample& sample) {
    std::map<TroubleKind, std::size_t> byKind;
    for (const auto& [sensor, troubles] : sample.troubles) {
        for (const Trouble& trouble : troubles) {
            ++byKind[trouble.key.kind];
        }
    }
    for (const TroubleKind kind : kTroubleKinds) {
        page.gauge("apiary_collector_troubles", "Troubles that last, by kind; of sensors, services and the collector.",
                   real(byKind[kind]), {{"kind", std::string(kindText(kind))}});
    }
    for (const DatabaseWatch::Sensor& sensor : sample.sensors) {
        const auto found = sample.troubles.find(sensor.id);
        page.gauge("apiary_collector_sensor_troubles", "Troubles of the sensor and its services that last.",
                   found == sample.troubles.end() ? 0 : real(found->second.size()), {{"sensor", sensor.name}});
    }
    for (const auto& [channel, counts] : sample.notices) {
        const auto add = [&](const char* outcome, std::uint64_t count) {
            page.counter("apiary_collector_notices_total",
                         "Notices by the way they leave: sent, dropped for good, and tries that failed.", real(count),
                         {{"channel", channel}, {"outcome", outcome}});
        };
        add("sent", counts.sent);
        add("failed", counts.failed);
        add("dropped", counts.dropped);
    }
    const auto unsent = [&](const char* reason, std::uint64_t count) {
        page.counter("apiary_collector_notices_unsent_total", "Notices that no way was asked to take, by why.",
                     real(count), {{"reason", reason}});
    };
    unsent("too_many_an_hour", sample.noticesHeld);
    unsent("too_many_waiting", sample.noticesOverflowed);
}

void addCalls(MetricsPage& page, const std::vector<RpcMeter::View>& calls) {
    for (const RpcMeter::View& call : calls) {
        const MetricsPage::Labels labels{{"service", call.service}, {"method", call.method}};
        for (std::size_t code = 0; code < call.ended.size(); ++code) {
            if (call.ended[code] > 0) {
                MetricsPage::Labels more = labels;
                more.emplace_back("outcome", codeText(code));
                page.counter("apiary_collector_calls_total", "Questions answered, by method and status.",
                             real(call.ended[code]), more);
            }
        }
        page.histogram("apiary_collector_call_seconds", "Time from a question to its answer.", call.seconds, labels);
    }
}

}  // namespace

std::string collectorMetrics(const CollectorSample& sample) {
    MetricsPage page;
    page.gauge("apiary_collector_build_info", "1, with the version of the program.", 1, {{"version", sample.version}});
    page.gauge("apiary_collector_database_up", "1 while the database answers.", sample.databaseUp ? 1 : 0);
    addSensors(page, sample);
    addIngest(page, sample);
    addTroubles(page, sample);
    addCalls(page, sample.calls);
    addProcessFigures(page);
    return page.text();
}

}  // namespace apiary::collector
