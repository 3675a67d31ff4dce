#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace apiary {

/// Threads that end together: what one of them throws is logged and ends the program, which its supervisor starts
/// again.
///
/// As with std::thread, who made it must join() before it goes. One thread adds and joins; failed() may be asked from
/// any.
class Crew {
public:
    Crew() = default;
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    /// Starts a thread, whose name (at most 15 characters) is seen in ps and in the log.
    void add(const char* name, std::function<void()> body);

    /// Waits until all have returned. They are told to elsewhere.
    void join();

    /// True once one of them has thrown.
    bool failed() const { return failed_; }

private:
    std::atomic<bool> failed_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace apiary
