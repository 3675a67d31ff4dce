#pragma once

#include "agent/spool/spool.hpp"
#include "common/result.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace apiary::agent {

struct UplinkLimits {
    std::size_t window = 16;             // batches on their way
    std::size_t entries = 1000;          // of a batch
    std::size_t bytes = 1U << 20U;       // of a batch, but for a single record that is larger
    std::uint64_t newLaneFrom = 10'000;  // unacknowledged records of a lane that make a new one worth while
    std::size_t lanes = 500;             // that are behind: no further one then. A collector takes a sensor with 1000
    std::uint32_t highestLane = 32'767;  // that a collector takes
};

/// Rows of one lane that follow each other without a hole.
struct OutgoingBatch {
    /// A row, or a hole: records that are gone here and that the collector does not have.
    struct Item {
        std::uint64_t seq = 0;
        std::uint64_t seqEnd = 0;
        std::optional<SpoolRow> row;
    };
    std::uint32_t lane = 0;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::vector<Item> items;
};

/// How far the collector is in a lane.
struct LanePosition {
    std::uint32_t lane = 0;
    std::uint64_t last = 0;
};

/// Decides what goes up next, for one stream from its welcome on; knows no wire. Belongs to one thread.
///
/// Invariants: per lane batches leave in order and cover every number once; at most `window` of them are neither
/// acknowledged nor given up; a number is acknowledged to the spool only after it left. The newest lane goes first, so
/// that what happens now is seen while older records drain.
class UplinkCursor {
public:
    UplinkCursor(Spool& spool, UplinkLimits limits) : spool_(spool), limits_(limits) {}

    /// Records that the collector had confirmed and has no more (its database was restored), per lane.
    struct Lost {
        std::uint32_t lane = 0;
        std::uint64_t first = 0;
        std::uint64_t last = 0;
    };

    /// Takes up the collector's word on where to go on; what it has is acknowledged. Lanes it does not name begin at
    /// their first number. An Error: it has numbers that this spool never gave out, so the spool is an old copy, and
    /// nothing may be sent under its present id.
    Result<std::vector<Lost>> resume(const std::vector<LanePosition>& positions);

    /// The next batch, or nothing: all is on its way, or the window is full.
    std::optional<OutgoingBatch> next();

    /// The collector has committed that lane up to `seq`. An Error: that was never sent.
    Status acknowledge(std::uint32_t number, std::uint64_t seq);

    /// True if all that the spool holds has been sent and acknowledged.
    bool drained();

private:
    struct Lane {
        std::uint64_t acknowledged = 0;  // by this collector
        std::uint64_t sent = 0;
        std::uint64_t confirmed = 0;              // by the spool's memory: rows up to here may be gone
        std::deque<std::uint64_t> underWay = {};  // last numbers of the batches sent
    };

    OutgoingBatch fill(std::uint32_t number, const Lane& lane, std::uint64_t last) const;

    Spool& spool_;
    UplinkLimits limits_;
    std::map<std::uint32_t, Lane, std::greater<>> lanes_;  // newest first
    std::size_t underWay_ = 0;
};

/// True if the lane that new sessions go to is so far behind that they should get one of their own, and the collector
/// would take that.
bool wantsNewLane(const Spool& spool, const UplinkLimits& limits);

}  // namespace apiary::agent
