#pragma once

#include "agent/engine/descriptor.hpp"
#include "agent/engine/loop.hpp"
#include "agent/engine/task.hpp"

#include <array>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <utility>

namespace apiary::agent {

/// A coroutine that waits for several things at once: sockets, a time, other threads, other activities.
///
/// Whatever happens only wakes it; it looks itself at what is there, so a wake-up too many does no harm, and nothing
/// is ever cancelled that might have completed already: no byte can be lost to a timer. There is one timer, which is
/// left alone while it is set for a time that is early enough. Lives while a handler refers to it; one thread.
class Activity : public std::enable_shared_from_this<Activity> {
public:
    Activity(const Activity&) = delete;
    Activity& operator=(const Activity&) = delete;
    virtual ~Activity() = default;

    /// Resumes the coroutine, or lets its next wait return at once.
    void wake();

protected:
    explicit Activity(Loop& loop) : timer_(loop.io()), loop_(loop) {}

    /// Runs `task` to its first wait. It lives as long as this activity.
    void launch(Task task);

    Loop& loop() { return loop_; }

    /// What a wait returns to: co_await until(deadline) comes back when woken, at `deadline` at the latest.
    struct Wait {
        Activity& activity;
        Steady::time_point deadline;

        // NOLINTBEGIN(readability-identifier-naming): the names that the language asks for
        bool await_ready() const { return std::exchange(activity.woken_, false); }
        void await_suspend(std::coroutine_handle<> self) const {
            activity.waiting_ = self;
            activity.setTimer(deadline);
        }
        void await_resume() const {}
        // NOLINTEND(readability-identifier-naming)
    };
    Wait until(Steady::time_point deadline) { return {*this, deadline}; }

    /// The last wait is over: lets go of the timer, which keeps this activity alive.
    void rest();

private:
    void setTimer(Steady::time_point deadline);

    std::coroutine_handle<> waiting_;
    Steady::time_point timerSet_ = Steady::time_point::max();
    LoopTimer timer_;
    Loop& loop_;
    bool woken_ = false;
    Task task_;
};

/// A socket whose readiness wakes an activity, of which it is a member and with which it lives.
///
/// The kernel tells once of what comes. So a wait asks it again, as for a level, unless it is known that what was told
/// was taken and that the next thing to come will be told: see tookRead().
class Watch final : Polled {
public:
    /// `shared`: another process may hold the socket too.
    Watch(Loop& loop, Descriptor socket, bool shared = false);
    ~Watch() override;

    int fd() const { return socket_.get(); }

    /// Asks to be woken when there is something to read or accept; readable() says so until it is asked again.
    void wantRead(Activity& owner) { want(Read, owner); }
    void wantWrite(Activity& owner) { want(Write, owner); }

    /// Asks to be woken when the connection has failed, though nobody reads or writes.
    void wantFailure(Activity& owner) { want(Failure, owner); }

    bool readable() const { return state_[Read] == State::Ready; }
    bool writable() const { return state_[Write] == State::Ready; }

    /// Forgets that it was readable. `drained`: the last read or accept found less than it had room for, or nothing;
    /// what comes after that is told, and the next wantRead() need not ask.
    void tookRead(bool drained = false);
    void tookWrite() { state_[Write] = State::Idle; }

    /// True if the connection was reset or has another error pending.
    bool failed() const;

    /// Closes the socket; waits that are under way end. Lets go of the owner of a wait, who must be held elsewhere.
    void close();

private:
    enum What { Read, Write, Failure };
    enum class State : std::uint8_t { Idle, Asked, Ready };

    void want(What what, Activity& owner);
    bool asked() const;
    void happened(std::uint32_t events) override;
    void abandoned() override;

    Poller* poller_;  // null once it tells nothing more
    Descriptor socket_;
    std::uint32_t events_;
    std::shared_ptr<Activity> owner_;  // while a wait is under way, so that it lives
    std::array<State, 3> state_{};     // of each What
    std::array<bool, 3> armed_{};      // the next time that it comes about will be told
    bool shared_;
    bool endless_ = false;  // it ended, failed, or has urgent data, at which reads stop: less than room says nothing
};

}  // namespace apiary::agent
