#pragma once

#include "agent/journal/journal.hpp"
#include "agent/spool/spool.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace apiary::agent {

/// A record on its way to the disk, with what follows once it is there.
struct PendingRecord {
    NewRecord record;
    std::string path;               // of the session's log, with its first text
    std::string text;               // for the log
    bool last = false;              // closes the log
    std::function<void()> durable;  // with the closing record; may be empty
    /// Text that stands in `text` at `sharedAt`, if the record has shared bytes: they weigh nothing here.
    std::shared_ptr<const std::string> shared = {};
    std::size_t sharedAt = 0;

    std::size_t weight() const { return sizeof *this + record.body.size() + path.size() + text.size(); }
};

/// Records from the connections' threads to the one that commits them, bounded by their weight in bytes.
///
/// A BoundedQueue that is made for many small records: who pushes wakes the other thread at most three times a
/// batch, for the first record, the first urgent one, and the last of a full one; asking whether it is full takes no
/// lock; and what held a batch is used for the next. push() never blocks and never drops: full() tells producers to
/// stop taking in more.
class RecordQueue {
public:
    /// When a batch is due.
    struct Due {
        std::size_t enough;                  // so many records are there
        std::chrono::milliseconds patience;  // or the oldest has waited that long
        std::chrono::microseconds hurry;     // or the oldest urgent one, whose session's peer waits for it
    };

    RecordQueue(std::size_t capacity, const Due& due) : capacity_(capacity), due_(due) {}

    /// Returns false, leaving the record with the caller, after close().
    bool push(PendingRecord&& record, bool urgent);

    /// Holds `times` its capacity or more.
    bool full(std::size_t times = 1) const { return weight_.load(std::memory_order_relaxed) >= times * capacity_; }

    /// Waits until a batch is due and puts it into `batch`, in order, in place of what that held. With nothing there it
    /// waits for `idle` at most. Does not wait when closed.
    void takeAll(std::vector<PendingRecord>& batch, std::chrono::milliseconds idle);

    void close();
    bool closed() const;

private:
    using Time = std::chrono::steady_clock::time_point;

    bool whole() const { return closed_ || records_.size() >= due_.enough; }

    const std::size_t capacity_;
    const Due due_;
    std::atomic<std::size_t> weight_{0};
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<PendingRecord> records_;
    Time dueAt_ = Time::max();
    bool urgent_ = false;
    bool closed_ = false;
};

}  // namespace apiary::agent
