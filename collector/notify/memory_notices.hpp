#pragma once

#include "collector/watch/notice_queue.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

namespace apiary::collector {

/// Notices that need no database to wait in: those that say that it is away. They end with the program. For any thread.
class MemoryNotices final : public NoticeQueue {
public:
    /// So many wait at the most; the oldest are dropped.
    static constexpr std::size_t kMost = 100;

    void add(const std::string& body, Time now);

    std::optional<QueuedNotice> next(Time now) override;
    void delivered(std::int64_t id, Time now) override;
    void failed(std::int64_t id, Time tryAgainAt, const std::string& problem) override;
    void drop(std::int64_t id, Time now, const std::string& problem) override;

    /// How many were dropped as too many waited.
    std::uint64_t overflowed() const;

private:
    struct Waiting {
        QueuedNotice notice;
        Time dueAt;
    };

    void remove(std::int64_t id);

    mutable std::mutex mutex_;
    std::deque<Waiting> waiting_;
    std::int64_t lastId_ = 0;
    std::uint64_t overflowed_ = 0;
};

}  // namespace apiary::collector
