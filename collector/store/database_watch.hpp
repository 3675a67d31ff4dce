#pragma once

#include "common/concurrent/guarded.hpp"

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
/// own, so that whoever wants to know need not wait for it. run() belongs to one thread; the rest may be called from
/// any.
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

    /// True if the last look found it, and no later one has been waiting for more than 5 s.
    bool answers(Steady::time_point now = Steady::now()) const;

    /// The sensors that are not revoked, by name, as of the last look that succeeded.
    std::vector<Sensor> sensors() const;

private:
    struct State {
        bool found = false;                              // at the last look
        std::optional<Steady::time_point> waitingSince;  // a look is under way
        std::vector<Sensor> sensors;
    };

    std::vector<Sensor> ask();

    const std::string dsn_;
    std::unique_ptr<Connection> connection_;  // of the thread that looks
    Guarded<State> state_;
    std::mutex mutex_;
    std::condition_variable stopped_;
    bool stopping_ = false;
};

}  // namespace apiary::collector
