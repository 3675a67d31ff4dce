#pragma once

#include "collector/store/connection.hpp"
#include "collector/watch/notice_queue.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace apiary::collector {

/// The notices of one channel in the database, with a connection of its own, opened when first needed and again after
/// it broke. For one thread.
class StoredNotices final : public NoticeQueue {
public:
    StoredNotices(std::string dsn, std::int16_t collectorId, std::string channel);

    std::optional<QueuedNotice> next(Time now) override;
    void delivered(std::int64_t id, Time now) override;
    void failed(std::int64_t id, Time tryAgainAt, const std::string& problem) override;
    void drop(std::int64_t id, Time now, const std::string& problem) override;

private:
    template <typename Use>
    auto with(Use use);

    const std::string dsn_;
    const std::int16_t collectorId_;
    const std::string channel_;
    std::unique_ptr<Connection> connection_;
};

}  // namespace apiary::collector
