#pragma once

#include "collector/config.hpp"
#include "collector/store/retention_plan.hpp"
#include "collector/store/retention_repository.hpp"
#include "common/result.hpp"

#include <cstdint>
#include <string>

namespace apiary::collector {

/// `apiary-collector retention`: drops old rows now, or with `dryRun` prints what would go and changes nothing. What
/// `asked` leaves open is as collector.toml says. Waits up to a minute for each partition that is in use; an Error
/// names those that still are.
Status dropOldRows(const CollectorConfig& config, const RetentionWish& asked, bool dryRun);

/// `apiary-collector policy`: changes what may be dropped, as the database's owner, and prints what holds.
Status setPolicy(const CollectorConfig& config, const PolicyChange& change);

/// `3 days, 1234 sessions, 12.5 MiB`: what goes.
std::string goingText(const RetentionPlan& plan);

/// What was dropped, and what is still in use.
std::string retainedText(const Retained& done);

/// For people: `512 B`, `12.5 MiB`.
std::string roughSize(std::uint64_t bytes);

/// `2026-11-26`.
std::string dayText(std::chrono::sys_days day);

}  // namespace apiary::collector
