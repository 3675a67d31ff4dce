#pragma once

#include "agent/engine/engine.hpp"
#include "agent/fill_estimate.hpp"
#include "agent/journal/journal.hpp"
#include "agent/spool/spool.hpp"
#include "agent/uplink/bound_report.hpp"
#include "common/concurrent/guarded.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace apiary::agent {

/// The budgets of the journal, as configured.
struct JournalBudget {
    std::uint64_t bytes = 0;
    std::uint64_t files = 0;
    std::chrono::hours age{0};  // 0: none
};

/// What each bound of the agent has used up, and when it is reached: for `status`, and for the collector.
///
/// Spool and journal grow until they are full, so they have an estimate. Descriptors, connections and memory come and
/// go with the day: no rate tells of them. A journal that lets its oldest logs go does not get fuller: it says since
/// when it has logs. Thread-safe.
class BoundsBoard {
public:
    using Time = BoundReport::Time;

    /// All of them must outlive it.
    BoundsBoard(const Spool& spool, const JournalWriter& journal, const Engine& engine, const JournalBudget& budget);

    /// Looks how full they are. Call it every some seconds.
    void sample(Time now);

    /// In an order of their own, always the same: spool_bytes, journal_bytes, journal_files, journal_days (if the
    /// journal has a budget of age), descriptors, connections, memory_bytes (if it is bounded).
    std::vector<BoundReport> reports(Time now) const;

private:
    struct Estimates {
        FillEstimate spool;
        FillEstimate journalBytes;
        FillEstimate journalFiles;
        std::uint64_t removed = 0;  // logs, at the last look
        bool counted = false;       // likewise: those of earlier runs too
    };

    const Spool& spool_;
    const JournalWriter& journal_;
    const Engine& engine_;
    const JournalBudget budget_;
    Guarded<Estimates> estimates_;
};

}  // namespace apiary::agent
