#pragma once

#include "collector/store/retention_plan.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace apiary::collector {

/// Drops old rows while the collector runs: looks every hour, so that a size is kept to within the growth of an hour,
/// and folds old hours of sources into days once a day. Without a wish it only folds. What fails is logged and tried
/// again an hour later.
///
/// The program gives it a thread, which calls run(); stop() may be called from any.
class RetentionKeeper {
public:
    RetentionKeeper(std::string writer, std::int16_t collectorId, std::optional<RetentionWish> wish);

    void run();
    void stop();

private:
    bool waits(std::chrono::milliseconds length);
    void look(bool daily);

    const std::string dsn_;
    const std::string name_;
    const std::optional<RetentionWish> wish_;
    std::optional<std::chrono::sys_days> folded_;
    bool saidTooMuch_ = false;
    std::mutex mutex_;
    std::condition_variable stopped_;
    bool stopping_ = false;
};

}  // namespace apiary::collector
