#pragma once

#include "collector/store/connection.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// How many rows of a rollup were not what the sessions give: missing, too many, or other counts.
struct RollupDifference {
    std::string rollup;
    std::uint64_t rows = 0;
};

/// A day whose rollups were computed anew.
struct RebuiltDay {
    std::uint64_t sessions = 0;
    std::vector<RollupDifference> differences;  // none, unless there is a bug or somebody wrote by hand
};

/// Computes rollups anew from their rows, as the database's owner. Uses the connection of its thread; blocks; throws
/// what libpqxx throws.
class RollupRepository {
public:
    explicit RollupRepository(Connection& owner) : connection_(owner) {}

    /// Days (UTC) whose rows are there, oldest first.
    std::vector<std::chrono::sys_days> days();

    /// Rebuilds the rollups of a day in one transaction, for which ingest waits, and leaves an audit row if anything
    /// differed. Nothing, and nothing is changed, if the rows of the day are gone.
    std::optional<RebuiltDay> rebuild(std::chrono::sys_days day, const std::string& by);

private:
    Connection& connection_;
};

}  // namespace apiary::collector
