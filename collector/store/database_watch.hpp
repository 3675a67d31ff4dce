#pragma once

#include "common/concurrent/guarded.hpp"
#include "common/growing_pause.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

class Connection;

/// Whether the database answers, and what only it can tell of the sensors: asked every 2 s over a connection of its
/// own, and up to every 8 s while it does not, so that whoever wants to know need not wait for it. It alone says in the
/// log that the database is away, and that it is back. run() belongs to one thread; the rest may be called from any.
class DatabaseWatch {
public:
    using Steady = std::chrono::steady_clock;

    struct Sensor {
        std::int32_t id = 0;
        std::string name;
        std::int64_t records = 0;  // committed: the highest numbers of its spools' lanes together
    };

    explicit DatabaseWatch(std::string dsn);
    ~DatabaseWatch();
    DatabaseWatch(const DatabaseWatch&) = delete;
    DatabaseWatch& operator=(const DatabaseWatch&) = delete;

    /// Looks again and again until stop().
    void run();
    void stop();

    /// One look: asks, and blocks until the database has answered or failed.
    void look();

    /// Somebody else found no database, for this reason: has it looked at now, unless it is known to be away. If it
    /// does answer, which is odd, the reason is said, but not more than once a minute.
    void missed(const std::string& why);

    /// True if the last look found it, and no later one has been waiting for more than 5 s.
    bool answers(Steady::time_point now = Steady::now()) const;

    /// The sensors that are not revoked, by name, as of the last look that succeeded.
    std::vector<Sensor> sensors() const;

private:
    struct State {
        std::optional<bool> found;                       // at the last look
        std::optional<Steady::time_point> waitingSince;  // a look is under way
        std::vector<Sensor> sensors;
        std::optional<std::string> missed;  // what somebody else was told
    };

    std::vector<Sensor> ask();
    void found(std::vector<Sensor> sensors);
    void lost(const std::string& why);

    const std::string dsn_;
    std::unique_ptr<Connection> connection_;   // of the thread that looks
    std::optional<Steady::time_point> oddAt_;  // likewise, like the next
    GrowingPause pause_;
    Guarded<State> state_;
    std::mutex mutex_;
    std::condition_variable stopped_;
    bool stopping_ = false;  // guarded by mutex_, like the next
    bool hurry_ = false;
};

}  // namespace apiary::collector
