#include "collector/rpc/query_pool.hpp"

#include "common/log/log.hpp"
#include "common/text/escape.hpp"

#include <pqxx/except>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <libpq-fe.h>
#include <utility>
#include <vector>

namespace apiary::collector {
namespace {

constexpr std::chrono::milliseconds kCancelAgain{100};
constexpr const char* kQueryCancelled = "57014";

struct FreeCancel {
    void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
};

}  // namespace

class QueryPool::Job {
public:
    Job(Work work, Finished finished, bool repeatable)
        : work_(std::move(work)), finished_(std::move(finished)), repeatable_(repeatable) {}

    bool cancelled() const { return cancelled_; }
    bool repeatable() const { return repeatable_; }
    void requestCancel() { cancelled_ = true; }

    void run(Connection& connection) {
        {
            const std::lock_guard lock(mutex_);
            handle_.reset(PQgetCancel(connection.raw()));
        }
        const Forget forget(*this);
        work_(connection);
    }

    void finish(QueryEnd end) {
        {
            const std::lock_guard lock(mutex_);
            over_ = true;
        }
        finished_(end);
    }

    // Blocks for as long as the server takes to say that it has heard. Holding the lock keeps the worker from going on
    // to other work on this connection, which the cancellation would hit then. False if nothing is left to cancel; a
    // cancellation that came between two statements was without effect, so as long as it is true it is to be repeated.
    bool cancelNow() {
        const std::lock_guard lock(mutex_);
        if (handle_) {
            std::array<char, 256> reason{};
            if (PQcancel(handle_.get(), reason.data(), static_cast<int>(reason.size())) == 0) {
                log::warn(std::string("cannot cancel a statement: ") + escape(reason.data()));
            }
        }
        return !over_;
    }

private:
    class Forget {
    public:
        explicit Forget(Job& job) : job_(job) {}
        Forget(const Forget&) = delete;
        Forget& operator=(const Forget&) = delete;
        ~Forget() {
            const std::lock_guard lock(job_.mutex_);
            job_.handle_.reset();
        }

    private:
        Job& job_;
    };

    const Work work_;
    const Finished finished_;
    const bool repeatable_;
    std::atomic<bool> cancelled_ = false;
    std::mutex mutex_;
    std::unique_ptr<PGcancel, FreeCancel> handle_;
    bool over_ = false;
};

void QueryPool::Ticket::cancel() const {
    if (job_) {
        pool_->cancel(job_);
    }
}

QueryPool::QueryPool(Open open, std::size_t bound, Missed missed)
    : open_(std::move(open)), bound_(bound), missed_(std::move(missed)) {}
QueryPool::~QueryPool() = default;

bool QueryPool::submit(Work work, Finished finished, bool repeatable, Ticket* ticket) {
    auto job = std::make_shared<Job>(std::move(work), std::move(finished), repeatable);
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ || waiting_.size() >= bound_) {
            return false;
        }
        if (ticket != nullptr) {
            *ticket = Ticket(this, job);  // before a worker can take it, and end it
        }
        waiting_.push_back(std::move(job));
    }
    changed_.notify_one();
    return true;
}

void QueryPool::cancel(const std::shared_ptr<Job>& job) {
    job->requestCancel();
    {
        const std::lock_guard lock(mutex_);
        toCancel_.push_back(job);
    }
    cancellation_.notify_one();
}

void QueryPool::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        for (const auto& job : waiting_) {
            job->requestCancel();
        }
    }
    changed_.notify_all();
    cancellation_.notify_all();
}

void QueryPool::run() {
    std::unique_ptr<Connection> connection;
    for (;;) {
        std::shared_ptr<Job> job;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
            if (waiting_.empty()) {
                return;
            }
            job = std::move(waiting_.front());
            waiting_.pop_front();
        }
        job->finish(execute(*job, connection));
    }
}

void QueryPool::runCancellations() {
    std::vector<std::shared_ptr<Job>> again;
    std::unique_lock lock(mutex_);
    for (;;) {
        if (again.empty()) {
            cancellation_.wait(lock, [&] { return stopping_ || !toCancel_.empty(); });
        } else {
            cancellation_.wait_for(lock, kCancelAgain, [&] { return !toCancel_.empty(); });
        }
        auto jobs = std::exchange(toCancel_, {});
        if (stopping_ && jobs.empty() && again.empty()) {
            return;
        }
        lock.unlock();
        jobs.insert(jobs.end(), again.begin(), again.end());
        std::erase_if(jobs, [](const auto& job) { return !job->cancelNow(); });
        again = std::move(jobs);
        lock.lock();
    }
}

QueryEnd QueryPool::execute(Job& job, std::unique_ptr<Connection>& connection) const {
    const bool fresh = connection == nullptr;
    std::optional<std::string> missed;
    auto end = attempt(job, connection, missed);
    if (missed && !fresh && job.repeatable()) {
        missed.reset();
        end = attempt(job, connection, missed);
    }
    if (missed) {
        missed_(*missed);
    }
    return end;
}

QueryEnd QueryPool::attempt(Job& job, std::unique_ptr<Connection>& connection,
                            std::optional<std::string>& missed) const {
    if (job.cancelled()) {
        return QueryEnd::Cancelled;
    }
    try {
        if (!connection) {
            connection = open_();
        }
        job.run(*connection);
        return QueryEnd::Done;
    } catch (const std::exception& error) {
        if (saysNoDatabase(error)) {
            connection.reset();
            missed = error.what();
            return QueryEnd::Unavailable;
        }
        const auto* refused = dynamic_cast<const pqxx::sql_error*>(&error);
        if (refused != nullptr && refused->sqlstate() == kQueryCancelled) {
            return job.cancelled() ? QueryEnd::Cancelled : QueryEnd::TooSlow;
        }
        log::error("a query failed: " + escape(error.what()));
        if (refused == nullptr) {
            connection.reset();  // nobody knows what state it is in
        }
        return QueryEnd::Failed;
    }
}

}  // namespace apiary::collector
