#pragma once

#include "collector/store/connection.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// How a piece of work ended.
enum class QueryEnd {
    Done,
    Cancelled,    // by who asked
    TooSlow,      // the database cut it off
    Unavailable,  // no database
    Failed,       // anything else; logged here, as it is our fault
};

/// Takes work that waits for the database off the threads that must not wait.
///
/// The program gives it threads: each calls run() and has a connection of its own, opened when first needed and again
/// after it broke; one more calls runCancellations(). At most `bound` pieces wait. Start the threads before the server
/// that submits, and stop() after it is down: what was taken in is always answered.
class QueryPool {
public:
    using Open = std::function<std::unique_ptr<Connection>()>;
    using Work = std::function<void(Connection&)>;
    using Missed = std::function<void(const std::string& why)>;
    using Finished = std::function<void(QueryEnd)>;

    class Job;
    /// Cancels work from any thread, without blocking; a statement that runs is cut off in the database.
    class Ticket {
    public:
        Ticket() = default;
        void cancel() const;

    private:
        friend class QueryPool;
        Ticket(QueryPool* pool, std::shared_ptr<Job> job) : pool_(pool), job_(std::move(job)) {}
        QueryPool* pool_ = nullptr;
        std::shared_ptr<Job> job_;
    };

    /// `missed` is told on the pool's threads why there is no database, for each piece of work that ended Unavailable:
    /// it says so in the log.
    QueryPool(
        Open open, std::size_t bound, Missed missed = [](const std::string& /*why*/) {});
    ~QueryPool();
    QueryPool(const QueryPool&) = delete;
    QueryPool& operator=(const QueryPool&) = delete;

    /// Runs `work` on one of the pool's threads, then `finished` on the same one. `repeatable` work is tried once more
    /// on a fresh connection when the old one turns out broken before it was asked anything of worth: use it for
    /// reading only. False, and nothing is called, if too much waits or the pool has stopped.
    bool submit(Work work, Finished finished, bool repeatable, Ticket* ticket = nullptr);

    void run();
    void runCancellations();

    /// Lets run() end when all that waits has been answered with Cancelled.
    void stop();

private:
    QueryEnd execute(Job& job, std::unique_ptr<Connection>& connection) const;
    QueryEnd attempt(Job& job, std::unique_ptr<Connection>& connection, std::optional<std::string>& missed) const;
    void cancel(const std::shared_ptr<Job>& job);

    const Open open_;
    const std::size_t bound_;
    const Missed missed_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::condition_variable cancellation_;
    std::deque<std::shared_ptr<Job>> waiting_;
    std::vector<std::shared_ptr<Job>> toCancel_;
    bool stopping_ = false;
};

}  // namespace apiary::collector
