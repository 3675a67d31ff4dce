#include "collector/notify/courier.hpp"

#include "common/log/log.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookEvery = 1s;
constexpr auto kLongestWait = 15min;
constexpr auto kGivenUp = 24h;
constexpr std::uint32_t kDoublings = 10;

/// From half to one and a half times the wait.
std::chrono::milliseconds waitAfter(std::uint32_t tries, double chance) {
    const auto whole = std::min<std::chrono::milliseconds>(1000ms * (1U << std::min(tries, kDoublings)), kLongestWait);
    return std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(whole.count()) * (0.5 + chance)));
}

}  // namespace

Courier::Courier(NoticeQueue& queue, Carrier& carrier, Settings settings)
    : queue_(queue), carrier_(carrier), settings_(std::move(settings)) {}

void Courier::run() {
    while (!stopping_) {
        work();
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, kLookEvery, [&] { return woken_ || stopping_; });
        woken_ = false;
    }
}

void Courier::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
}

void Courier::wake() {
    {
        const std::lock_guard lock(mutex_);
        woken_ = true;
    }
    changed_.notify_all();
}

void Courier::work() {
    try {
        while (!stopping_ && deliverNext()) {
        }
    } catch (const std::exception& error) {
        note(std::string("the database does not answer: ") + error.what());
    }
}

bool Courier::deliverNext() {
    const auto notice = queue_.next(settings_.clock());
    if (!notice) {
        return false;
    }
    const Delivery delivery = carrier_.carry(notice->body, stopping_);
    const Time now = settings_.clock();
    if (delivery.end == Delivery::End::Done) {
        ++sent_;
        queue_.delivered(notice->id, now);
        if (std::exchange(troubled_, false)) {
            log::info("notices by " + settings_.name + " arrive again");
        }
        return true;
    }
    if (stopping_) {
        return false;  // the next start tries it, as if this had not been
    }
    if (delivery.end == Delivery::End::Refused || now - notice->madeAt >= kGivenUp) {
        log::error("notice " + std::to_string(notice->id) + " by " + settings_.name +
                   " is given up: " + delivery.problem);
        ++dropped_;
        queue_.drop(notice->id, now, delivery.problem);
        return true;
    }
    ++failed_;
    note(delivery.problem);
    queue_.failed(notice->id, now + waitAfter(notice->tries, settings_.chance()), delivery.problem);
    return true;
}

void Courier::note(const std::string& problem) {
    if (!std::exchange(troubled_, true)) {
        log::warn("notices by " + settings_.name + " wait: " + problem);
    }
}

}  // namespace apiary::collector
