#include "collector/notify/memory_notices.hpp"

#include <algorithm>

namespace apiary::collector {
namespace {

constexpr std::chrono::hours kLongest{1};

}  // namespace

void MemoryNotices::add(const std::string& body, Time now) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({.notice = {.id = ++lastId_, .body = body, .tries = 0, .madeAt = now}, .dueAt = now});
    if (waiting_.size() > kMost) {
        waiting_.pop_front();
        ++overflowed_;
    }
}

std::optional<QueuedNotice> MemoryNotices::next(Time now) {
    const std::lock_guard lock(mutex_);
    // None waits for an hour: what seems to has been put off by a clock that was ahead then.
    const bool due = !waiting_.empty() && (waiting_.front().dueAt <= now || waiting_.front().dueAt > now + kLongest);
    return due ? std::optional(waiting_.front().notice) : std::nullopt;
}

void MemoryNotices::delivered(std::int64_t id, Time) {
    remove(id);
}

void MemoryNotices::failed(std::int64_t id, Time tryAgainAt, const std::string&) {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(waiting_, id, [](const Waiting& waiting) { return waiting.notice.id; });
    if (found != waiting_.end()) {  // else it made room for others meanwhile
        ++found->notice.tries;
        found->dueAt = tryAgainAt;
    }
}

void MemoryNotices::drop(std::int64_t id, Time, const std::string&) {
    remove(id);
}

std::uint64_t MemoryNotices::overflowed() const {
    const std::lock_guard lock(mutex_);
    return overflowed_;
}

void MemoryNotices::remove(std::int64_t id) {
    const std::lock_guard lock(mutex_);
    std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.notice.id == id; });
}

}  // namespace apiary::collector
