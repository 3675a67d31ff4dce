#pragma once

#include "agent/journal/journal.hpp"
#include "agent/record/manifest.hpp"
#include "agent/spool/spool.hpp"
#include "common/concurrent/guarded.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <vector>

namespace apiary::agent {

/// Keeps spool and text logs in step: every few seconds, or when it is woken, syncs the logs, tells the spool how far
/// they are, and lets it free what is acknowledged. run() is the body of one thread; the rest may be called from any.
class Upkeep {
public:
    /// All must outlive it; `manifest` may be null.
    Upkeep(Spool& spool, JournalWriter& journal, Manifest* manifest, std::chrono::milliseconds between);

    /// All that is in the spool was handed to the logs, but for these sessions of the run before, for whose logs there
    /// was no room: each round tries again, and until they are whole, or the spool is at its bound, it settles nothing.
    /// From now on the spool waits for the logs.
    void begin(std::vector<Uuid> unfinished = {});

    /// The log text of these records, with those numbers, was handed to the journal.
    void handed(std::span<const NewRecord> records, std::span<const std::uint64_t> numbers);

    /// One round each time, until stop(), and once behind it.
    void run();
    void wake();
    void stop();

private:
    using Marks = std::map<std::uint32_t, std::uint64_t>;

    void settle();
    void finishLogs();

    Spool& spool_;
    JournalWriter& journal_;
    Manifest* const manifest_;
    const std::chrono::milliseconds between_;
    Guarded<Marks> handed_;         // per lane
    std::vector<Uuid> unfinished_;  // of begin(), which is over when run() begins
    std::mutex mutex_;
    std::condition_variable due_;  // before its time: for what follows, guarded by mutex_
    bool isStopped_ = false;
    bool isWanted_ = false;
};

}  // namespace apiary::agent
