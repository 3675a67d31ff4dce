#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace apiary::collector {

/// A notice on its way by one channel.
struct QueuedNotice {
    std::int64_t id = 0;
    std::string body;         ///< JSON
    std::uint32_t tries = 0;  ///< so far
    std::chrono::system_clock::time_point madeAt;
};

/// The notices that wait for one channel, oldest first; they outlive the program. Called on one thread, may block,
/// throws when the database fails: what was not noted is done again, so a notice may arrive twice.
class NoticeQueue {
public:
    using Time = std::chrono::system_clock::time_point;

    virtual ~NoticeQueue() = default;

    /// The oldest that waits, and is to be tried by now. Those behind it wait for it: an end is not told before its
    /// beginning.
    virtual std::optional<QueuedNotice> next(Time now) = 0;

    virtual void delivered(std::int64_t id, Time now) = 0;
    virtual void failed(std::int64_t id, Time tryAgainAt, const std::string& problem) = 0;

    /// It is not tried again.
    virtual void drop(std::int64_t id, Time now, const std::string& problem) = 0;
};

}  // namespace apiary::collector
