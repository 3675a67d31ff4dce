#pragma once

#include "collector/notify/carrier.hpp"
#include "collector/watch/notice_queue.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

namespace apiary::collector {

/// Takes notices from a queue and has them carried, one after the other. What fails is tried again after 1 s, then
/// twice that and so on up to 15 min, each time a little more or less so that many do not come at once; after a day it
/// is given up.
///
/// run() belongs to one thread; wake(), stop() and counts() are for any.
class Courier {
public:
    using Time = NoticeQueue::Time;

    /// What it needs to know of the world.
    struct Settings {
        std::string name;  // of the channel, for the log
        std::function<Time()> clock;
        std::function<double()> chance;  // from 0 to 1, for the jitter
    };

    /// Queue and carrier must outlive it.
    Courier(NoticeQueue& queue, Carrier& carrier, Settings settings);

    void run();
    void stop();

    /// There is something new in the queue.
    void wake();

    /// What became of notices and of tries since the start.
    struct Counts {
        std::uint64_t sent = 0;
        std::uint64_t failed = 0;   // tries, of notices that are tried again
        std::uint64_t dropped = 0;  // notices that were refused, or given up after a day
    };
    Counts counts() const { return {.sent = sent_, .failed = failed_, .dropped = dropped_}; }

    /// Delivers what is due, until nothing is. Tests call it instead of run().
    void work();

private:
    /// False if nothing is due.
    bool deliverNext();
    void note(const std::string& problem);

    NoticeQueue& queue_;
    Carrier& carrier_;
    const Settings settings_;
    bool troubled_ = false;  // of run()'s thread
    std::atomic<bool> stopping_ = false;
    std::atomic<std::uint64_t> sent_ = 0;
    std::atomic<std::uint64_t> failed_ = 0;
    std::atomic<std::uint64_t> dropped_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;  // guarded by mutex_
};

}  // namespace apiary::collector
