#include "collector/ingest/live_feed.hpp"

#include <utility>

namespace apiary::collector {

LiveUpdate LiveFeed::Subscription::take() {
    return waiting_.with([](Waiting& waiting) { return std::exchange(waiting, {}).update; });
}

void LiveFeed::Subscription::offer(const std::shared_ptr<const LiveRows>& rows) {
    const bool first = waiting_.with([&](Waiting& waiting) {
        const bool empty = waiting.update.batches.empty() && waiting.update.notShown == 0;
        if (waiting.rows + rows->size() > bound_) {
            waiting.update.notShown += rows->ended.size();
        } else {
            waiting.rows += rows->size();
            waiting.update.batches.push_back(rows);
        }
        return empty;
    });
    if (first && wake_) {
        wake_();
    }
}

std::shared_ptr<LiveFeed::Subscription> LiveFeed::subscribe(std::size_t bound, std::function<void()> wake) {
    std::shared_ptr<Subscription> subscription(new Subscription(bound, std::move(wake)));
    subscriptions_.with([&](auto& all) { all.push_back(subscription); });
    return subscription;
}

void LiveFeed::publish(LiveRows rows) {
    if (rows.size() == 0) {
        return;
    }
    const auto shared = std::make_shared<const LiveRows>(std::move(rows));
    const auto live = subscriptions_.with([](auto& all) {
        std::vector<std::shared_ptr<Subscription>> found;
        std::erase_if(all, [&](const auto& weak) {
            auto subscription = weak.lock();
            const bool gone = subscription == nullptr;
            if (!gone) {
                found.push_back(std::move(subscription));
            }
            return gone;
        });
        return found;
    });
    for (const auto& subscription : live) {
        subscription->offer(shared);
    }
}

}  // namespace apiary::collector
