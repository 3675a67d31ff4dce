#pragma once

#include <coroutine>
#include <exception>
#include <utility>

namespace apiary::agent {

/// A coroutine of the engine. Begins when awaited or started, and resumes who awaited it when it ends.
///
/// Leaner than asio::awaitable, of which an idle connection holds six frames with their bookkeeping: here it holds
/// three small ones. A task that ends without suspending returns to its awaiter by a plain return, so a loop of
/// such tasks needs no stack. Destroying a task destroys what it awaits. One thread.
// NOLINTBEGIN(readability-identifier-naming,readability-convert-member-functions-to-static): names and kinds that the
// language asks for.
class [[nodiscard]] Task {
public:
    struct promise_type;
    using Handle = std::coroutine_handle<promise_type>;

    struct promise_type {
        struct Final {
            bool await_ready() const noexcept { return false; }
            void await_suspend(Handle self) const noexcept {
                if (const auto awaiter = self.promise().awaiter) {
                    awaiter.resume();  // it may destroy this task
                }
            }
            void await_resume() const noexcept {}
        };

        Task get_return_object() { return Task(Handle::from_promise(*this)); }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        Final final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() { failure = std::current_exception(); }

        std::coroutine_handle<> awaiter;
        std::exception_ptr failure;
    };

    Task() = default;
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    Task& operator=(Task&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Task() {
        if (handle_) {
            handle_.destroy();
        }
    }

    /// Runs it to its first suspension. Whoever starts a task must not let it fail: nobody is told.
    void start() { handle_.resume(); }

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> awaiter) {
        handle_.resume();
        if (handle_.done()) {
            return false;
        }
        handle_.promise().awaiter = awaiter;
        return true;
    }
    void await_resume() const {
        if (handle_.promise().failure) {
            std::rethrow_exception(handle_.promise().failure);
        }
    }

private:
    explicit Task(Handle handle) : handle_(handle) {}

    Handle handle_;
};
// NOLINTEND(readability-identifier-naming,readability-convert-member-functions-to-static)

}  // namespace apiary::agent
