#include "collector/retention_keeper.hpp"

#include "collector/retention_administration.hpp"
#include "collector/store/connection.hpp"
#include "collector/store/retention_repository.hpp"
#include "common/log/log.hpp"

#include <chrono>
#include <exception>
#include <utility>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirst = 10s;  // after the start, when sensors that waited for us have sent what they held
constexpr auto kEvery = 1h;
constexpr auto kBetweenTries = 2s;
constexpr int kTries = 60;

}  // namespace

RetentionKeeper::RetentionKeeper(std::string writer, std::int16_t collectorId, std::optional<RetentionWish> wish)
    : dsn_(std::move(writer)), name_("collector " + std::to_string(collectorId)), wish_(wish) {}

void RetentionKeeper::run() {
    for (std::chrono::milliseconds pause = kFirst; waits(pause); pause = kEvery) {
        const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
        try {
            look(folded_ != today);
            folded_ = today;
        } catch (const std::exception& error) {
            log::error(std::string("old rows could not be dropped, it is tried again in an hour: ") + error.what());
        }
    }
}

void RetentionKeeper::look(bool daily) {
    Connection connection(dsn_, "apiary-collector retention");
    RetentionRepository repository(connection);
    if (daily) {
        repository.foldHours();
    }
    if (!wish_) {
        return;
    }
    const auto plan = planRetention(repository.look(), *wish_);
    if (!plan) {
        log::error("[retention]: " + plan.error());
        return;
    }
    if (!std::exchange(saidTooMuch_, plan->tooMuch.has_value()) && plan->tooMuch) {
        log::warn("[retention]: the database is " + roughSize(*plan->tooMuch) +
                  " larger than its size may be, and the policy keeps what is left; see apiary-collector policy");
    }
    if (plan->going.empty() && !daily) {
        return;
    }
    const Retained done =
        repository.carryOut(*plan, name_, [this](int tries) { return waits(kBetweenTries) && tries < kTries; });
    if (done.any()) {
        log::info("retention: " + retainedText(done));
    }
    if (!done.inUse.empty()) {
        log::warn("retention: " + std::to_string(done.inUse.size()) + " partitions are in use all the time, " +
                  done.inUse.front() + " the first; it is tried again in an hour");
    }
}

/// False if it is to end.
bool RetentionKeeper::waits(std::chrono::milliseconds length) {
    std::unique_lock lock(mutex_);
    return !stopped_.wait_for(lock, length, [&] { return stopping_; });
}

void RetentionKeeper::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stopped_.notify_all();
}

}  // namespace apiary::collector
