#include "agent/record/record_queue.hpp"

#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kKeptPlaces = 4096;  // what a flood needed beyond is given back

}  // namespace

bool RecordQueue::push(PendingRecord&& record, bool urgent) {
    const std::size_t weight = record.weight();
    bool wakes = false;
    {
        const std::lock_guard lock(mutex_);
        if (closed_) {
            return false;
        }
        const bool wasDue = due();
        if (records_.empty()) {
            first_ = std::chrono::steady_clock::now();
        }
        records_.push_back(std::move(record));
        urgent_ = urgent_ || urgent;
        wakes = records_.size() == 1 || due() != wasDue;
        weight_.fetch_add(weight, std::memory_order_relaxed);
    }
    if (wakes) {
        changed_.notify_one();
    }
    return true;
}

void RecordQueue::takeAll(std::vector<PendingRecord>& batch, std::chrono::milliseconds patience,
                          std::chrono::milliseconds idle) {
    batch.clear();
    if (batch.capacity() > kKeptPlaces) {
        batch.shrink_to_fit();
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, idle, [this] { return !records_.empty() || closed_; });
    if (!records_.empty()) {
        changed_.wait_until(lock, first_ + patience, [this] { return due(); });
    }
    weight_.store(0, std::memory_order_relaxed);
    urgent_ = false;
    batch.swap(records_);
}

void RecordQueue::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    changed_.notify_all();
}

bool RecordQueue::closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
}

}  // namespace apiary::agent
