#pragma once

#include "agent/journal/journal.hpp"
#include "agent/spool/spool.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
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

    std::size_t weight() const { return sizeof *this + record.body.size() + path.size() + text.size(); }
};

/// Records from the connections' threads to the one that commits them, bounded by their weight in bytes.
///
/// A BoundedQueue that is made for many small records: who pushes wakes the other thread at most twice a batch, for
/// the first record and for what makes it due; asking whether it is full takes no lock; and what held a batch is used
/// for the next. push() never blocks and never drops: full() tells producers to stop taking in more.
class RecordQueue {
public:
    /// A batch is due when `enough` records are there.
    RecordQueue(std::size_t capacity, std::size_t enough) : capacity_(capacity), enough_(enough) {}

    /// An urgent record makes the batch due. Returns false, leaving the record with the caller, after close().
    bool push(PendingRecord&& record, bool urgent);

    bool full() const { return weight_.load(std::memory_order_relaxed) >= capacity_; }

    /// Puts all that is there into `batch`, in order, in place of what it held: waits until it is due or the oldest has
    /// waited for `patience`. With nothing there it waits for `idle` at most. Does not wait when closed.
    void takeAll(std::vector<PendingRecord>& batch, std::chrono::milliseconds patience, std::chrono::milliseconds idle);

    void close();
    bool closed() const;

private:
    bool due() const { return urgent_ || closed_ || records_.size() >= enough_; }

    const std::size_t capacity_;
    const std::size_t enough_;
    std::atomic<std::size_t> weight_{0};
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<PendingRecord> records_;
    std::chrono::steady_clock::time_point first_;
    bool urgent_ = false;
    bool closed_ = false;
};

}  // namespace apiary::agent
