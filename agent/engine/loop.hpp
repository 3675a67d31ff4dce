#pragma once

#include "agent/engine/poller.hpp"
#include "agent/engine/refusal_tally.hpp"
#include "agent/protocol/recorder.hpp"
#include "common/concurrent/guarded.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace apiary::agent {

using Steady = std::chrono::steady_clock;
using LoopExecutor = boost::asio::io_context::executor_type;
using LoopTimer = boost::asio::basic_waitable_timer<Steady, boost::asio::wait_traits<Steady>, LoopExecutor>;

/// What one line of a log holds at most.
inline constexpr std::size_t kPacket = std::size_t{16} << 10U;

/// One thread of the engine: its io_context and what its connections share without locks.
class Loop {
public:
    explicit Loop(RecorderSource& recorders);
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop();

    boost::asio::io_context& io() { return io_; }
    Poller& poller() { return poller_; }

    /// Where the connections of this thread read. What is read is used up before the next suspension.
    std::array<char, std::size_t{64} << 10U>& buffer() { return buffer_; }

    std::uint64_t random() { return random_(); }

    /// Reports a refusal, at once or within a second together with others like it.
    void refuse(const Refusal& refusal);

    /// Reports the refusals that wait to be reported.
    void tellRefusals();

    /// Runs `then` on this loop's thread, or never if the loop is gone. From any thread, at any time, even after the
    /// loop's end. Only what this returns may be called elsewhere.
    std::function<void()> callback(std::function<void()> then);

private:
    /// The door to a loop for threads that may outlive it.
    struct Door {
        boost::asio::io_context* io;             // null once the loop is gone
        std::vector<std::function<void()>> due;  // not run yet; the loop is on its way if there are any
    };

    static void runDue(Guarded<Door>& door);
    void awaitRefusals();

    RecorderSource& recorders_;
    boost::asio::io_context io_{1};
    Poller poller_{io_};
    std::shared_ptr<Guarded<Door>> door_;  // callbacks held by other threads outlive the loop
    std::array<char, std::size_t{64} << 10U> buffer_{};
    std::mt19937_64 random_{std::random_device{}()};
    RefusalTally refusals_;
    LoopTimer refusalTimer_{io_};
    bool refusalsAwaited_ = false;
};

}  // namespace apiary::agent
