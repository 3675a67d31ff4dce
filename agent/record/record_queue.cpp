#include "agent/record/record_queue.hpp"

#include <algorithm>
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
        const bool wasWhole = whole();
        const bool first = records_.empty();
        const bool hurries = urgent && !std::exchange(urgent_, true);
        if (first || hurries) {
            const Time now = std::chrono::steady_clock::now();
            dueAt_ = first ? now + due_.patience : dueAt_;
            dueAt_ = hurries ? std::min<Time>(dueAt_, now + due_.hurry) : dueAt_;
        }
        records_.push_back(std::move(record));
        wakes = first || hurries || whole() != wasWhole;
        weight_.fetch_add(weight, std::memory_order_relaxed);
    }
    if (wakes) {
        changed_.notify_one();
    }
    return true;
}

void RecordQueue::takeAll(std::vector<PendingRecord>& batch, std::chrono::milliseconds idle) {
    batch.clear();
    if (batch.capacity() > kKeptPlaces) {
        batch.shrink_to_fit();
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, idle, [this] { return !records_.empty() || closed_; });
    while (!records_.empty() && !whole() && std::chrono::steady_clock::now() < dueAt_) {
        changed_.wait_until(lock, dueAt_);  // which an urgent record brings nearer
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
