#include "collector/enrich_administration.hpp"

#include "collector/administration.hpp"
#include "collector/enrich/source_table.hpp"
#include "collector/store/connection.hpp"
#include "collector/store/enrich_repository.hpp"

#include <iostream>
#include <optional>

namespace apiary::collector {
namespace {

Status readSources(SourceTable& table, const CollectorConfig& config) {
    std::string all;
    for (const std::string& problem : table.refresh(true).problems) {
        all += (all.empty() ? "" : "\n") + config.sourcesPlace + ": " + problem;
    }
    return all.empty() ? Status(Done{}) : Status(Error{all});
}

}  // namespace

Status checkSources(const CollectorConfig& config) {
    SourceTable table(config.sources);
    return readSources(table, config);
}

std::string sourceAges(const CollectorConfig& config) {
    SourceTable table(config.sources);
    table.refresh(true);
    std::string all;
    for (const std::string& age : table.ages()) {
        all += (all.empty() ? "" : ", ") + age;
    }
    return all;
}

Status enrichStored(const CollectorConfig& config, const std::string& since) {
    if (config.sources.country.empty() && config.sources.network.empty()) {
        return Error{config.sourcesPlace + ": no file is named: set [enrich] country_database or network_database"};
    }
    std::optional<std::chrono::sys_days> day;
    if (!since.empty()) {
        const auto parsed = parseDay(since);
        if (!parsed) {
            return Error{parsed.error()};
        }
        day = *parsed;
    }
    SourceTable table(config.sources);
    if (Status read = readSources(table, config); !read) {
        return read;
    }
    Connection connection(config.owner);
    const Enriched done = EnrichRepository(connection).fill(day, *table.current(), account());
    std::cout << done.changed << " of " << done.seen << " sessions and probes have a country or a network that they "
              << "had not\n";
    return Done{};
}

}  // namespace apiary::collector
