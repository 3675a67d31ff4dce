#pragma once

#include <grpcpp/client_context.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>

namespace apiary::console {

/// The calls that have begun and not ended, so that they can be cancelled together and waited for. Thread-safe.
class CallsUnderWay {
public:
    using Context = std::shared_ptr<grpc::ClientContext>;

    /// Call it before the call starts.
    void begin(const Context& context) {
        const std::lock_guard lock(mutex_);
        contexts_.insert(context);
    }

    /// Call it last in the call's final reaction.
    void end(const Context& context) {
        {
            const std::lock_guard lock(mutex_);
            contexts_.erase(context);
        }
        changed_.notify_all();
    }

    void cancelAll() {
        std::set<Context> contexts;
        {
            const std::lock_guard lock(mutex_);
            contexts = contexts_;
        }
        for (const Context& context : contexts) {
            context->TryCancel();
        }
    }

    /// Waits for all to end, at most `longest`; returns whether they did.
    bool wait(std::chrono::milliseconds longest) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, longest, [&] { return contexts_.empty(); });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::set<Context> contexts_;
};

}  // namespace apiary::console
