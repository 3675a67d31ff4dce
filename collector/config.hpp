#pragma once

#include "collector/enrich/source_table.hpp"
#include "collector/store/retention_plan.hpp"
#include "common/metrics/metrics_setting.hpp"
#include "common/net/endpoint.hpp"
#include "common/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// Who is told of troubles, and how often: [notify].
struct NotifySettings {
    std::vector<std::string> command;                            // an absolute path and arguments; empty: none
    std::string webhook;                                         // empty: none
    std::chrono::milliseconds every = std::chrono::minutes(30);  // at most one more notice of a trouble that lasts
    std::uint32_t mostPerHour = 60;                              // of all troubles
};

/// What collector.toml says. Every path is absolute or relative to the file's folder, already joined with it.
struct CollectorConfig {
    std::int16_t id = 1;  // keys the rollups: no two collectors of a database share it
    std::string name;
    std::vector<Endpoint> listens;
    MetricsSetting metrics;
    std::string file;                    // collector.toml itself, as it was named
    std::string metricsPlace;            // `collector.toml:5`, where that is said
    std::vector<std::string> hostNames;  // under which agents and consoles reach it, besides the addresses
    std::string owner;                   // connection of apiary_owner: migrations
    std::string writer;                  // connection of apiary_writer: everything else
    std::vector<std::string> watch;      // folders on the disks of the database; none: found, if it is on this machine
    std::optional<std::uint64_t> floor;  // bytes that these disks keep free; none: FreeSpace::defaultFloor()
    std::string pki;                     // folder of the certificate authority
    SourcePaths sources;                 // databases of countries and networks
    std::string sourcesPlace;            // `collector.toml:12`, where they are named
    std::optional<RetentionWish> retention;  // none: the collector drops nothing by itself
    NotifySettings notify;
};

/// Reads and checks the whole file. The Error has a line for each thing that is wrong, `file:line: what to do`.
Result<CollectorConfig> readConfig(const std::string& path);

}  // namespace apiary::collector
