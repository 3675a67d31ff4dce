#include "collector/rpc/ticker.hpp"

#include <algorithm>
#include <utility>

namespace apiary::collector {

void Ticker::add(std::weak_ptr<Client> client) {
    const std::lock_guard lock(mutex_);
    clients_.push_back(std::move(client));
}

void Ticker::tick(Time now) {
    std::vector<std::shared_ptr<Client>> live;
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(clients_, [&](const auto& weak) {
            auto client = weak.lock();
            const bool gone = client == nullptr;
            if (!gone) {
                live.push_back(std::move(client));
            }
            return gone;
        });
    }
    for (const auto& client : live) {
        client->tick(now);
    }
}

void Ticker::run() {
    std::unique_lock lock(mutex_);
    auto next = std::chrono::steady_clock::now();
    while (!stopping_) {
        next += kPeriod;
        if (stopped_.wait_until(lock, next, [&] { return stopping_; })) {
            return;
        }
        lock.unlock();
        tick(std::chrono::system_clock::now());
        lock.lock();
        next = std::max(next, std::chrono::steady_clock::now() - kPeriod);  // no catching up after a suspension
    }
}

void Ticker::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stopped_.notify_all();
}

}  // namespace apiary::collector
