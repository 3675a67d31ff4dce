#pragma once

#include "collector/ingest/rows.hpp"
#include "common/concurrent/guarded.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace apiary::collector {

/// Sessions of one committed transaction.
struct LiveRows {
    std::vector<OpenRow> opened;
    std::vector<ClosedRow> ended;

    std::size_t size() const { return opened.size() + ended.size(); }
};

/// What a subscriber has not seen yet.
struct LiveUpdate {
    std::vector<std::shared_ptr<const LiveRows>> batches;  // in the order of their commits
    std::size_t notShown = 0;                              // sessions that ended while the subscriber was behind
};

/// Tells those who watch of sessions as they are committed. Thread-safe; publishing never waits for a subscriber.
///
/// A subscriber holds at most `bound` rows that it has not taken; of what comes beyond the sessions that ended are
/// counted, so that each counts once.
class LiveFeed {
public:
    class Subscription {
    public:
        /// Takes what is waiting; empty if nothing is.
        LiveUpdate take();

    private:
        friend class LiveFeed;
        struct Waiting {
            LiveUpdate update;
            std::size_t rows = 0;
        };
        Subscription(std::size_t bound, std::function<void()> wake) : bound_(bound), wake_(std::move(wake)) {}
        void offer(const std::shared_ptr<const LiveRows>& rows);

        const std::size_t bound_;
        const std::function<void()> wake_;
        Guarded<Waiting> waiting_;
    };

    /// Follows the feed until the subscription is destroyed. `wake` is called on the publishing thread when something
    /// is there after nothing was; it must not block, and may run once more while the subscription is being destroyed.
    std::shared_ptr<Subscription> subscribe(std::size_t bound, std::function<void()> wake);

    void publish(LiveRows rows);

private:
    /// Weak: a subscriber leaves by dropping its subscription, on its own thread.
    Guarded<std::vector<std::weak_ptr<Subscription>>> subscriptions_;
};

}  // namespace apiary::collector
