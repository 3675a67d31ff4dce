#pragma once

#include "common/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// A table's partition of one day, with its indexes.
struct DayPartition {
    std::string name;
    std::uint64_t bytes = 0;
};

/// All partitions of one day (UTC).
struct PartitionDay {
    std::chrono::sys_days day;
    std::vector<DayPartition> partitions;  // in the order in which they are dropped
    std::uint64_t sessions = 0;            // as the rollups count them

    std::uint64_t bytes() const;
};

/// What retention needs to know of a database.
struct RetentionState {
    std::chrono::sys_days today;
    std::chrono::days keepDays{};                   // policy.retention_days
    std::chrono::sys_days sizeFloor;                // for want of space days before it may go, and no others
    std::optional<std::chrono::sys_days> rowsFrom;  // days before it were given up
    std::vector<PartitionDay> days;                 // oldest first
    std::uint64_t databaseBytes = 0;
    std::optional<std::uint64_t> walBytes;  // of the whole server; none: the database does not say
};

/// What is asked for: days to keep (none: as the policy says) and bytes that database and write-ahead log may take.
struct RetentionWish {
    std::optional<int> days;
    std::optional<std::uint64_t> bytes;
};

/// What goes and what stays.
struct RetentionPlan {
    std::optional<std::chrono::sys_days> before;  // days before it go; none: no day is to be given up
    bool forSize = false;                         // some of them are younger than the policy keeps by age
    std::vector<PartitionDay> going;              // oldest first
    std::uint64_t freed = 0;
    std::uint64_t left = 0;                // bytes of database and write-ahead log afterwards
    std::optional<std::uint64_t> tooMuch;  // bytes above the wish that the policy does not let go
};

/// Decides which days go: those older than the wish says, those given up before whose partitions are still there, and
/// then the oldest until the rest fits into the size. Never today or yesterday. An Error if the wish keeps fewer days
/// than the policy, which only the database's owner may shorten; it says how.
Result<RetentionPlan> planRetention(const RetentionState& state, const RetentionWish& wish);

}  // namespace apiary::collector
