#pragma once

#include "collector/enrich/source_lookup.hpp"
#include "collector/store/connection.hpp"
#include "collector/store/source_notes.hpp"
#include "collector/store/stored_rows.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace apiary::collector {

/// How much a filling went through and changed.
struct Enriched {
    std::uint64_t seen = 0;
    std::uint64_t changed = 0;
};

/// Gives what is stored the country and the network that it lacks. Uses the connection of its thread, which must be the
/// owner's: the writer cannot change what is written. Blocks, and throws what libpqxx throws.
class EnrichRepository {
public:
    explicit EnrichRepository(Connection& connection) : connection_(connection) {}

    /// Sessions, those that are open, and probes since the start of that day (UTC; none: all that is kept). What is
    /// known of a row already stays. One transaction for each few thousand rows, in which rollups move with the rows.
    /// May be repeated: it goes on where it was broken off. Leaves a row in audit_log.
    Enriched fill(std::optional<std::chrono::sys_days> since, const SourceLookup& sources, const std::string& by);

private:
    Connection& connection_;
};

}  // namespace apiary::collector
