#pragma once

#include "agent/spool/spool_file.hpp"

#include <cstddef>
#include <cstdint>
#include <map>

namespace apiary::agent {

/// Rows that one step of freeing looks at: some milliseconds of work.
inline constexpr std::size_t kFreedPerStep = 4096;

/// True if there is nothing to free in a lane, and what the file says of it is right: all is acknowledged, and all rows
/// are gone but those of sessions that are open.
bool atRest(const LaneState& state);

/// Frees rows of a lane that are acknowledged, journalled as far as that is asked for, and of no held session, in one
/// transaction. `ledger` carries the marks to save along. Returns true while there is more to do.
bool freeStep(SpoolFile& file, SpoolLedger& ledger, std::uint32_t lane);

/// Drops records of one kind that take some `bytes`: of payload and of observations those of the longest sessions, of
/// probes the oldest. What the collector has is simply removed; what it has not becomes gap rows that stand where the
/// rows stood. Sessions of which little would be freed are left alone: a gap takes room too. Traces of what was dropped
/// are observations that stay. Belongs into a transaction. Returns how many unacknowledged records were dropped;
/// `freed` says whether anything went, `awaitsLogs` that much was left alone since the text logs may not hold it.
enum class Drops : std::uint8_t { Journalled, Anything };
struct Shrunk {
    std::uint64_t records = 0;
    bool freed = false;
    bool awaitsLogs = false;
};
Shrunk shrink(SpoolFile& file, const SpoolLedger& ledger, const SpoolSettings& settings, RecordKind kind,
              std::uint64_t bytes, Drops drops);

}  // namespace apiary::agent
