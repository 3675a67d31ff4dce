#pragma once

#include "agent/record/probe_fold.hpp"
#include "agent/spool/spool.hpp"
#include "common/concurrent/guarded.hpp"

#include <chrono>
#include <span>
#include <vector>

namespace apiary::agent {

/// Probes on their way to the spool: folded in memory for a quarter of a second. In a full spool they take no room from
/// sessions: then they wait here, folded together, and once a second what has come is written into the spool's file
/// without a number, so that a kill loses the last second of them at most. What is more than is kept there is counted.
///
/// add() and lose() may be called from any thread and never block; the rest belongs to the thread that commits.
class PendingProbes {
public:
    /// `spool` must outlive it.
    explicit PendingProbes(Spool& spool);

    void add(const Refusal& refusal);
    void add(const SeenProbe& probe);
    void lose(std::uint64_t packets, WallTime from, WallTime to);

    /// Takes over what an earlier run left in the spool's file. Call it once, before due().
    void recover();

    /// The records that are to be committed now; with `last` all, unless they are safe in the file of a full spool.
    std::vector<NewRecord> due(bool last);

    /// These were committed, in the order in which due() gave them: other records may stand among them.
    void committed(std::span<const NewRecord> records);

    /// While records wait for room: writes down what waits here, if it is time or `atOnce`; what due() gave and is not
    /// committed yet too.
    void keep(bool atOnce = false);

private:
    using Steady = std::chrono::steady_clock;

    std::vector<NewRecord> waiting() const;

    Spool& spool_;
    Guarded<ProbeFold> fold_;
    std::vector<NewRecord> earlier_;  // of an earlier run
    std::vector<NewRecord> given_;    // by due(), and not committed yet
    ProbeFold held_;
    bool changed_ = false;  // what waits is not what was kept last
    Steady::time_point nextKeep_;
};

}  // namespace apiary::agent
