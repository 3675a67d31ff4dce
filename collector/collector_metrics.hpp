#pragma once

#include "collector/ingest/ingest_counters.hpp"
#include "collector/notify/courier.hpp"
#include "collector/rpc/fleet_hub.hpp"
#include "collector/rpc/rpc_meter.hpp"
#include "collector/store/database_watch.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace apiary::collector {

/// What the collector's `/metrics` tells of, as its parts show it at one moment.
struct CollectorSample {
    bool databaseUp = false;
    std::vector<DatabaseWatch::Sensor> sensors;            // that are known
    std::map<std::int32_t, FleetHub::Presence> presences;  // that have, or had, a stream here
    IngestCounters::View ingest;
    std::size_t queuedBytes = 0;
    std::size_t queueLimit = 0;
    std::vector<RpcMeter::View> calls;
    std::map<std::int32_t, std::vector<Trouble>> troubles;  // that last, as of FleetHub
    std::map<std::string, Courier::Counts> notices;         // by the way they leave
    std::uint64_t noticesHeld = 0;                          // back, too many in their hour
    std::uint64_t noticesOverflowed = 0;                    // too many waited
    std::string version;                                    // of this program
};

/// The page in Prometheus' text format: `apiary_collector_…` and the process's own figures. The values of labels are
/// names that operators gave to sensors, kinds of trouble, methods, outcomes and classes: nothing that a peer wrote.
std::string collectorMetrics(const CollectorSample& sample);

}  // namespace apiary::collector
