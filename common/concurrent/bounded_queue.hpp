#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace apiary {

/// A queue from many threads to one, bounded by the weight (bytes) of what it holds.
///
/// push() never blocks and never drops: it may go past the bound by what is already under way, and full() tells
/// producers to stop taking in more. After close() nothing is accepted, and takeAll() drains what is there.
template <typename T>
class BoundedQueue {
public:
    explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

    /// Returns false, leaving the item with the caller, after close().
    bool push(T&& item, std::size_t weight, bool urgent = false) {
        bool wakes = false;
        {
            const std::lock_guard lock(mutex_);
            if (closed_) {
                return false;
            }
            if (items_.empty()) {
                first_ = std::chrono::steady_clock::now();
            }
            items_.push_back(std::move(item));
            weight_ += weight;
            urgent_ = urgent_ || urgent;
            wakes = items_.size() >= wakesAt_ || urgent_;
        }
        if (wakes) {
            changed_.notify_one();
        }
        return true;
    }

    /// Holds `times` its capacity or more.
    bool full(std::size_t times = 1) const {
        const std::lock_guard lock(mutex_);
        return weight_ >= times * capacity_;
    }

    /// Waits until `enough` items are there, one is urgent, or the oldest has waited for `patience`; takes them all in
    /// order. With nothing there it waits for `idle` at most, and returns an empty list. Empty at once when closed.
    std::vector<T> takeAll(std::size_t enough, std::chrono::milliseconds patience, std::chrono::milliseconds idle) {
        std::unique_lock lock(mutex_);
        wakesAt_ = 1;
        changed_.wait_for(lock, idle, [&] { return !items_.empty() || closed_; });
        if (!items_.empty()) {
            wakesAt_ = enough;
            changed_.wait_until(lock, first_ + patience, [&] { return items_.size() >= enough || urgent_ || closed_; });
        }
        return taken();
    }

    /// Waits until `when`, unless `enough` items are there, one is urgent, or the queue is closed; takes them all in
    /// order.
    std::vector<T> takeAllAt(std::chrono::steady_clock::time_point when, std::size_t enough) {
        std::unique_lock lock(mutex_);
        wakesAt_ = enough;
        changed_.wait_until(lock, when, [&] { return items_.size() >= enough || urgent_ || closed_; });
        return taken();
    }

    void close() {
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
        }
        changed_.notify_all();
    }

    bool closed() const {
        const std::lock_guard lock(mutex_);
        return closed_;
    }

private:
    std::vector<T> taken() {
        weight_ = 0;
        urgent_ = false;
        return std::exchange(items_, {});
    }

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<T> items_;
    std::size_t weight_ = 0;
    std::size_t wakesAt_ = 1;  // items that whoever waits has use for; to wake him earlier is lost work
    const std::size_t capacity_;
    std::chrono::steady_clock::time_point first_;
    bool urgent_ = false;
    bool closed_ = false;
};

}  // namespace apiary
