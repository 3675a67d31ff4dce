#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

namespace apiary::collector {

/// Lets streams move four times a second: that bounds how often they write, and times their heartbeats.
///
/// The program gives it a thread, which calls run(); tests call tick() instead. Thread-safe.
class Ticker {
public:
    using Time = std::chrono::system_clock::time_point;

    static constexpr std::chrono::milliseconds kPeriod{250};
    static constexpr int kHeartbeat = 20;  // ticks, 5 s

    class Client {
    public:
        virtual ~Client() = default;
        /// Called on the ticker's thread; must not block.
        virtual void tick(Time now) = 0;
    };

    /// Ticks the client for as long as it lives.
    void add(std::weak_ptr<Client> client);

    void tick(Time now);

    /// Ticks every period until stop().
    void run();
    void stop();

private:
    std::mutex mutex_;
    std::condition_variable stopped_;
    bool stopping_ = false;
    std::vector<std::weak_ptr<Client>> clients_;
};

}  // namespace apiary::collector
