#pragma once

#include "agent/uplink/retry_delay.hpp"
#include "agent/uplink/uplink_cursor.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace apiary::agent {

/// Asks a cursor for what goes up next, and has patience with a spool whose disk cannot be read: it says so once in the
/// log, counts it, and asks again after a while, longer each time. The cursor stays where it was, so that once reads
/// work again all goes on behind what was sent, nothing left out and nothing twice. Belongs to the cursor's thread.
class BatchFeed {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// `cursor` must outlive it.
    BatchFeed(UplinkCursor& cursor, RetryDelay delay) : cursor_(cursor), delay_(delay) {}

    /// As UplinkCursor::next(); nothing while it waits to read again.
    std::optional<OutgoingBatch> next(Time now);

    /// When to call next() again if nothing else happens; Time::max() unless it waits to read again.
    Time tryAgainAt() const { return tryAgainAt_; }

    /// Why the spool cannot be read; empty while it can.
    const std::string& reason() const { return reason_; }

    /// Reads that failed, since it was made.
    std::uint64_t failedReads() const { return failed_; }

private:
    UplinkCursor& cursor_;
    RetryDelay delay_;
    std::string reason_;
    Time notBefore_ = Time::min();
    Time tryAgainAt_ = Time::max();
    std::uint64_t failed_ = 0;
    std::uint64_t failedBefore_ = 0;  // this trouble
};

}  // namespace apiary::agent
