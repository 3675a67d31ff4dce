#pragma once

#include "common/result.hpp"
#include "common/uuid.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace apiary::agent {

struct JournalSettings {
    std::string directory;                          // made if it is not there; its parent must be
    std::uint64_t bytes = std::uint64_t{2} << 30U;  // budget of all logs, those of earlier runs included
    std::uint64_t files = 500'000;
    std::chrono::hours age{0};                   // of a log, by the hour in which its session began; 0: no bound
    std::size_t openFiles = 256;                 // kept open at once; others are opened again when they grow
    std::size_t queued = std::size_t{1} << 20U;  // bytes that may wait to be written
    std::chrono::system_clock::time_point agentStart;

    /// Logs last written before that moment are safe at the collector: they go first when the budget is used up.
    std::function<std::chrono::system_clock::time_point()> safeUntil = {};
};

/// Text to append to the log of one session.
struct JournalText {
    Uuid session;
    std::string path;  // below the directory; with the first text of a session, empty with the others
    std::string text;
    bool last = false;  // closes the log
    /// Text that other logs have too, and that stands in `text` at `sharedAt`. It weighs nothing in the queue. May be
    /// null.
    std::shared_ptr<const std::string> shared = {};
    std::size_t sharedAt = 0;
};

/// Figures since the agent started, for status and metrics.
struct JournalView {
    std::uint64_t files = 0;  // on disk, earlier runs included once they are counted
    std::uint64_t bytes = 0;
    bool counted = false;            // the logs of earlier runs are in these figures
    std::uint64_t incomplete = 0;    // logs that the disk refused part of
    std::uint64_t removed = 0;       // logs that the budget removed
    std::uint64_t removedEarly = 0;  // of these: before their records were acknowledged
    std::uint64_t removedBytes = 0;
    std::uint64_t removedForBytes = 0;  // of `removed`: by which budget they went
    std::uint64_t removedForFiles = 0;
    std::uint64_t removedForAge = 0;
    std::optional<std::chrono::system_clock::time_point> oldest;  // hour of the oldest log there is
};

/// Logs that the budget removed, for the record that says so.
struct RemovedLogs {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    std::uint64_t early = 0;  // before the collector had acknowledged their records
    std::uint64_t forBytes = 0;
    std::uint64_t forFiles = 0;
    std::uint64_t forAge = 0;
    std::chrono::system_clock::time_point from;  // the first and the last of the sessions that they were of began then
    std::chrono::system_clock::time_point to;
};

/// One text file per session, written by one thread, never by those that serve connections.
///
/// write() hands over and returns at once; run() writes. A log that the disk refuses is left as it is, renamed to
/// `….incomplete` when its session ends, counted, and the first refusal is logged: the records go on in the spool.
/// Past a budget the oldest closed logs are removed, counted and logged. Logs of earlier runs are counted by run() in
/// small steps, after the start. The constructor's thread makes only the run's folder.
class JournalWriter {
public:
    /// Makes the folder of this run. An Error says why it cannot.
    static Result<std::unique_ptr<JournalWriter>> open(JournalSettings settings);

    JournalWriter(const JournalWriter&) = delete;
    JournalWriter& operator=(const JournalWriter&) = delete;
    ~JournalWriter();

    const std::string& directory() const;

    /// The folder of this run below the directory: paths of its sessions begin with it.
    const std::string& folder() const;

    /// Queues texts, in order. Thread-safe. Returns false after close(): nothing was taken.
    bool write(std::vector<JournalText> texts);

    /// True while more is queued than should be, or `times` as much.
    bool full(std::size_t times = 1) const;

    /// Writes until close() was called and all is written. The body of one thread.
    void run();
    void close();

    /// Waits until all that was handed over before is written, then syncs the file system to disk. Blocks; throws
    /// std::runtime_error if the disk refuses or `deadline` passes.
    void sync(std::chrono::milliseconds deadline = std::chrono::seconds(30));

    JournalView view() const;

    /// What the budget removed since this was asked last. With `last` nothing is removed any more from now on, so that
    /// nothing goes that no record tells of.
    RemovedLogs takeRemoved(bool last);

private:
    class Impl;
    explicit JournalWriter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace apiary::agent
