#pragma once

#include "agent/journal/journal.hpp"
#include "agent/protocol/recorder.hpp"
#include "agent/record/manifest.hpp"
#include "agent/record/probe_fold.hpp"
#include "agent/spool/spool.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// Which sessions of a service get a text log. All are recorded in the spool.
struct JournalRule {
    enum class Which { All, FirstOfHour, Spoken };
    Which which = Which::All;
    std::size_t first = 10;  // with FirstOfHour: so many of each source and hour
};

struct RecordingSettings {
    std::size_t queued = std::size_t{32} << 20U;                     // bytes that may wait for the disk
    std::map<std::string, JournalRule, std::less<>> rules;           // by service; All for those not named
    std::chrono::milliseconds upkeep = std::chrono::seconds(5);      // between two rounds of upkeep()
    std::chrono::milliseconds lastTries = std::chrono::seconds(10);  // of a disk that refuses, after close()
    std::chrono::milliseconds removals = std::chrono::minutes(1);    // between two records of removed logs
    std::chrono::milliseconds late = std::chrono::seconds(10);       // a session may be opened so long after its begin
    std::function<void(std::string_view)> follow = {};               // shown each text once it is recorded; on run()
    std::optional<ManifestSettings> manifest = {};                   // none: no manifest is kept
};

/// Figures since the agent started.
struct RecordingView {
    std::uint64_t records = 0;    // committed to the spool
    std::uint64_t sessions = 0;   // closings committed
    std::uint64_t unlogged = 0;   // sessions that their service's rule gave no log
    std::uint64_t probes = 0;     // refusals recorded, folded ones counted each
    std::uint64_t seen = 0;       // packets of probes that were captured, those that were lost included
    std::uint64_t recovered = 0;  // sessions of an earlier run closed as interrupted
};

/// Fills in what the spool asks of its owner: the bodies of gap records. Give the result to Spool::open().
SpoolSettings withRecordBodies(SpoolSettings settings);

/// Turns what happens in sessions into numbered records and text logs, in that order: a record is committed to the
/// spool, then its line goes to the journal, then whoever waits for the session's closing record is called. What has
/// ended is entered in the day's manifest, whose pieces are records too.
///
/// Makes no threads: run() and upkeep() are the bodies of one thread each, JournalWriter::run() of a third. open(),
/// refused(), full() and the recorders may be used from any thread and never block; each recorder stays on its
/// connection's. Start: recover(), then the threads, then the engine. Stop: the engine, close(), join run() and
/// upkeep(), then JournalWriter::close() and join its thread. Recorders must not outlive it.
class Recording final : public RecorderSource {
public:
    /// `spool` and `journal` must outlive it.
    Recording(RecordingSettings settings, Spool& spool, JournalWriter& journal);
    ~Recording() override;

    std::unique_ptr<Recorder> open(const SessionStart& start) override;
    void refused(const Refusal& refusal) override;

    /// Contact that the agent took no part in. From any thread; never blocks.
    void probed(const SeenProbe& probe);

    /// So many packets of such contacts are known of by their number only: recorded as a gap.
    void probesLost(std::uint64_t packets, WallTime from, WallTime to);

    /// The spool is full, or has refused to be written for a second or more.
    bool full() const override;

    /// Completes the logs of sessions that an earlier run left, and closes those still open as interrupted. Call it
    /// once, before run() and open(). Returns how many sessions it closed. Throws if spool or journal cannot be
    /// written.
    std::size_t recover();

    /// Commits, hands on and calls back until close() was called and all is written. Throws std::runtime_error if the
    /// spool turns out damaged (the next start moves it aside), or if the disk still refuses when the time for last
    /// tries after close() is over.
    void run();

    /// Every few seconds, and once at the end: syncs the journal, then lets the spool free what is acknowledged.
    void upkeep();

    /// Takes nothing more; both loops end when they are done. Recorders still open are recorded as interrupted if they
    /// are destroyed before.
    void close();

    /// Replaces the rules for sessions that start from now on.
    void setRules(std::map<std::string, JournalRule, std::less<>> rules);

    RecordingView view() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace apiary::agent
