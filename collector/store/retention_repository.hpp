#pragma once

#include "collector/store/connection.hpp"
#include "collector/store/retention_plan.hpp"
#include "common/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// What retention has done.
struct Retained {
    std::uint64_t partitions = 0;
    std::uint64_t bytes = 0;
    std::vector<std::string> inUse;  // partitions that somebody uses all the time: the next run drops them
    std::uint64_t openSessions = 0;  // of days given up, forgotten
    std::uint64_t artifacts = 0;     // without a sighting, removed
    std::uint64_t rollups = 0;       // rows older than the policy keeps
    std::uint64_t manifests = 0;     // pieces, of days whose rows are gone
    std::uint64_t quarantine = 0;    // records put aside so long ago

    bool any() const { return partitions + openSessions + artifacts + rollups + manifests + quarantine > 0; }
};

/// Drops old rows, as the collector's role: what may go is the policy's in the database, which that role cannot change.
/// Each partition is dropped in a transaction of its own that waits for others, and has others wait, for at most 300 ms
/// at a time. Uses the connection of its thread; blocks; throws what libpqxx throws.
class RetentionRepository {
public:
    /// Waits before something that was in use is tried again, the nth time; false ends the trying.
    using Pause = std::function<bool(int tries)>;

    explicit RetentionRepository(Connection& connection) : connection_(connection) {}

    RetentionState look();

    /// What of manifests, quarantine and the coverage of sensors would go with the plan.
    struct Going {
        std::uint64_t manifests = 0;  // pieces
        std::uint64_t manifestBytes = 0;
        std::chrono::sys_days manifestsFrom;  // those of days before go; 1970: none
        std::uint64_t quarantine = 0;         // records
        std::uint64_t coverage = 0;           // rows: in which minutes of an hour a service listened
        std::chrono::sys_days coverageFrom;   // those of days before go; 1970: none
    };
    Going goesWith(const RetentionPlan& plan);

    /// Does what the plan says, and removes what goes with it. `by` is for the audit log.
    Retained carryOut(const RetentionPlan& plan, const std::string& by, const Pause& pause);

    /// Hours of sources that are older than the policy keeps them become days. To be called daily.
    std::uint64_t foldHours();

private:
    std::optional<std::uint64_t> walBytes();
    template <typename Work>
    bool untilFree(const Work& work, const Pause& pause);

    Connection& connection_;
};

/// Changes the policy, as the database's owner. Members that are not set stay as they are.
struct PolicyChange {
    std::optional<int> retentionDays;
    std::optional<int> minimumDays;                  // 0: none, as retentionDays
    std::optional<int> rollupDays;                   // 0: for ever
    std::optional<int> manifestDays{};               // 0: as long as the rows
    std::optional<std::uint64_t> quarantineBytes{};  // of one sensor
    std::optional<int> coverageDays{};               // 0: as long as the rollups
};

/// Returns the policy in words, changed. An Error says which value cannot be.
Result<std::string> changePolicy(Connection& owner, const PolicyChange& change, const std::string& by);

}  // namespace apiary::collector
