#include "agent/spool/spool_upkeep.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace apiary::agent {
namespace {

/// Lets go of sessions that are over, and writes down those that are not, so that the next start finds them.
void settleHeld(SpoolFile& file, SpoolLedger& ledger, std::uint32_t lane, LaneState& state) {
    const std::uint64_t journalled = state.journalled.value_or(kHighestSeq);
    for (auto at = ledger.held.begin(); at != ledger.held.end();) {
        auto& [session, held] = *at;
        if (held.lane != lane) {
            ++at;
        } else if (held.closing != 0 && held.closing <= journalled) {
            if (held.stored) {
                file.forgetHeld(session);
            }
            state.again = state.again || held.leftBehind;
            at = ledger.held.erase(at);
        } else {
            if (!std::exchange(held.stored, true)) {
                file.saveHeld(session, held);
            }
            ++at;
        }
    }
    state.scanned = state.last;
}

}  // namespace

bool atRest(const LaneState& state) {
    return !state.again && state.cleanTo == state.last && state.scanned == state.last &&
           state.acknowledged == state.last && state.journalled.value_or(state.last) == state.last;
}

bool freeStep(SpoolFile& file, SpoolLedger& ledger, std::uint32_t lane) {
    LaneState& state = ledger.lanes.at(lane);
    settleHeld(file, ledger, lane, state);
    if (std::exchange(state.again, false)) {
        state.cleanTo = 0;
    }
    const std::uint64_t upTo = std::min(state.acknowledged, state.journalled.value_or(kHighestSeq));
    std::vector<std::pair<std::int64_t, std::int64_t>> runs;
    std::map<std::int64_t, std::int64_t> released;  // references to shared bytes
    std::size_t seen = 0;
    if (state.cleanTo < upTo) {
        Statement rows(file.database(),
                       "SELECT key, span, session, blob FROM record WHERE key > ? AND key <= ? ORDER BY key LIMIT ?");
        rows.bind(1, rowKey(lane, state.cleanTo)).bind(2, rowKey(lane, upTo));
        rows.bind(3, static_cast<std::int64_t>(kFreedPerStep));
        std::int64_t before = -1;  // key of the row before, if it goes
        for (; rows.step(); ++seen) {
            const std::int64_t key = rows.integer(0);
            const bool reachesOut = seqOf(key) + static_cast<std::uint64_t>(rows.integer(1)) > upTo;
            const auto held = rows.null(2) ? ledger.held.end() : ledger.held.find(*Uuid::ofBytes(rows.blob(2)));
            state.cleanTo = seqOf(key);
            if (reachesOut) {
                state.again = true;
                before = -1;
            } else if (held != ledger.held.end()) {
                held->second.leftBehind = true;
                before = -1;
            } else {
                if (before >= 0) {
                    runs.back().second = key;
                } else {
                    runs.emplace_back(key, key);
                }
                before = key;
                if (!rows.null(3)) {
                    ++released[rows.integer(3)];
                }
            }
        }
    }
    for (const auto& [first, last] : runs) {
        file.erase(first, last);
    }
    for (const auto& [blob, count] : released) {
        file.countReferences(blob, -count);
    }
    file.saveLane(lane, state);
    if (seen < kFreedPerStep) {
        state.cleanTo = std::max(state.cleanTo, upTo);
        return false;
    }
    return true;
}

}  // namespace apiary::agent
