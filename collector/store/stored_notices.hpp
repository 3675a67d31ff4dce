#pragma once

#include "collector/store/connection.hpp"
#include "collector/watch/notice_queue.hpp"
#include "common/growing_pause.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace apiary::collector {

/// The notices of one channel in the database, with a connection of its own, opened when first needed and again after
/// it broke. Without a database nothing is due; one is looked for after a second, then more and more seldom, up to
/// every 8 s. For one thread.
class StoredNotices final : public NoticeQueue {
public:
    using Missed = std::function<void(const std::string& why)>;

    /// `missed` is told why there is no database, each time that it is missed.
    StoredNotices(
        std::string dsn, std::int16_t collectorId, std::string channel,
        Missed missed = [](const std::string& /*why*/) {});

    std::optional<QueuedNotice> next(Time now) override;
    void delivered(std::int64_t id, Time now) override;
    void failed(std::int64_t id, Time tryAgainAt, const std::string& problem) override;
    void drop(std::int64_t id, Time now, const std::string& problem) override;

private:
    std::optional<QueuedNotice> find(Time now);
    template <typename Use>
    auto with(Use use);

    const std::string dsn_;
    const std::int16_t collectorId_;
    const std::string channel_;
    const Missed missed_;
    std::unique_ptr<Connection> connection_;
    GrowingPause pause_;
    std::optional<Time> failedAt_;  // and until then it is not asked again:
    Time::duration wait_{};
};

}  // namespace apiary::collector
