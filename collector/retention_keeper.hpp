#pragma once

#include "collector/store/retention_plan.hpp"
#include "common/concurrent/guarded.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

namespace apiary::collector {

/// Drops old rows while the collector runs: looks every hour, so that a size is kept to within the growth of an hour,
/// folds old hours of sources into days once a day, and every hour sessions that are alike, of services that are named
/// for it. Without a wish it only folds. What fails is logged and tried again an hour later; without a database, every
/// minute. While our clock is in doubt nothing goes: one that was set years ahead would have all of it dropped.
///
/// The program gives it a thread, which calls run(); stop() may be called from any.
class RetentionKeeper {
public:
    /// Why the clock is not to be believed; nothing while it is. Called on run()'s thread.
    using Doubt = std::function<std::optional<std::string>()>;

    RetentionKeeper(std::string writer, std::int16_t collectorId, std::optional<RetentionWish> wish, Doubt doubt);

    void run();
    void stop();

    /// Why rows that should be gone are still there, and what to do, as of the last look; nothing if none are. For any
    /// thread.
    std::optional<std::string> kept() const;

    /// One round of run(), with what is done once a day if it is `daily`: returns why old rows are kept, if they are.
    /// Throws when the database fails. Tests call it instead.
    std::optional<std::string> look(bool daily);

private:
    bool waits(std::chrono::milliseconds length);
    void foldSessions(bool daily);

    const std::string dsn_;
    const std::int16_t collectorId_;
    const std::string name_;
    const std::optional<RetentionWish> wish_;
    const Doubt doubt_;
    std::optional<std::chrono::sys_days> folded_;
    Guarded<std::optional<std::string>> kept_;
    std::mutex mutex_;
    std::condition_variable stopped_;
    bool stopping_ = false;
};

}  // namespace apiary::collector
