#pragma once

#include "agent/protocol/session.hpp"
#include "agent/spool/spool.hpp"
#include "common/concurrent/guarded.hpp"
#include "common/uuid.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

namespace apiary::agent {

/// What the collector is told when records turn out damaged in the spool: without their closings it would hold sessions
/// open for ever. A closing that is still known goes up again as it was. Of the rest the collector is told, once it has
/// all that the spool held, that what began before a moment and is open there is over; that moment is never behind the
/// begin of a session that is open here, so with a long session it is told in turns, once a minute at most.
///
/// opened() may be called from any thread, the rest belongs to the one that commits.
class DamageNotice {
public:
    using Steady = std::chrono::steady_clock::time_point;

    /// `spool` must outlive it. What began before `startedAt` was closed by recovery. `late`: so long after its begin a
    /// session may still be unknown here.
    DamageNotice(Spool& spool, WallTime startedAt, std::chrono::milliseconds late)
        : spool_(spool), startedAt_(startedAt), late_(late) {}

    void opened(const Uuid& session);

    /// These were committed under those numbers, one each.
    void committed(std::span<const NewRecord> records, std::span<const std::uint64_t> numbers);

    struct Due {
        std::vector<NewRecord> closings;  // told before, and damaged
        std::optional<NewRecord> over;    // what began before is over
    };
    /// What is to be committed now. `last`: no session is open, and none will be.
    Due due(WallTime now, Steady clock, bool last);

private:
    struct Closing {
        std::uint64_t seq = 0;
        NewRecord record;
    };
    struct Telling {
        WallTime before;
        std::vector<LaneView> until;  // what the collector must have first
    };

    WallTime overUntil(WallTime now, bool last) const;
    bool arrived(bool last) const;

    Spool& spool_;
    const WallTime startedAt_;
    const std::chrono::milliseconds late_;
    Guarded<std::unordered_set<Uuid>> open_;  // whose closing is not committed
    std::deque<Closing> closings_;            // the newest ones
    std::size_t held_ = 0;                    // bytes of these
    std::optional<WallTime> foundAt_;         // damage that is not wholly told
    WallTime told_ = WallTime::min();         // the collector was told of what began before
    std::optional<Telling> telling_;
    Steady nextTelling_ = Steady::min();
};

}  // namespace apiary::agent
