#include "collector/retention_keeper.hpp"

#include "collector/retention_administration.hpp"
#include "collector/store/connection.hpp"
#include "collector/store/fold_repository.hpp"
#include "collector/store/retention_repository.hpp"
#include "common/log/log.hpp"

#include <pqxx/except>

#include <chrono>
#include <exception>
#include <utility>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirst = 10s;  // after the start, when sensors that waited for us have sent what they held
constexpr auto kEvery = 1h;
constexpr auto kWithoutDatabase = 1min;
constexpr auto kBetweenTries = 2s;
constexpr int kTries = 60;

}  // namespace

RetentionKeeper::RetentionKeeper(std::string writer, std::int16_t collectorId, std::optional<RetentionWish> wish,
                                 Doubt doubt)
    : dsn_(std::move(writer)),
      collectorId_(collectorId),
      name_("collector " + std::to_string(collectorId)),
      wish_(wish),
      doubt_(std::move(doubt)) {}

void RetentionKeeper::run() {
    auto pause = std::chrono::milliseconds(kFirst);
    while (waits(pause)) {
        pause = kEvery;
        const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
        std::optional<std::string> kept;
        try {
            foldSessions(folded_ != today);
            kept = look(folded_ != today);
            folded_ = today;
        } catch (const pqxx::broken_connection&) {
            pause = kWithoutDatabase;  // which is told elsewhere
            continue;
        } catch (const std::exception& error) {
            log::error(std::string("old rows could not be dropped, it is tried again in an hour: ") + error.what());
            kept = "the collector's log says why they could not be dropped; it is tried again every hour";
        }
        kept_.with([&](auto& before) { before = std::move(kept); });
    }
}

std::optional<std::string> RetentionKeeper::kept() const {
    return kept_.with([](const auto& kept) { return kept; });
}

std::optional<std::string> RetentionKeeper::look(bool daily) {
    Connection connection(dsn_, "apiary-collector retention");
    RetentionRepository repository(connection);
    if (daily) {
        repository.foldHours();
    }
    if (!wish_) {
        return std::nullopt;
    }
    const auto plan = planRetention(repository.look(), *wish_);
    if (!plan) {
        return "[retention]: " + plan.error();
    }
    std::optional<std::string> kept;
    if (plan->tooMuch) {
        kept = "the database is " + roughSize(*plan->tooMuch) +
               " larger than its size may be, and the policy keeps what is left; see apiary-collector policy";
    }
    if (plan->going.empty() && !daily) {
        return kept;
    }
    if (auto doubt = doubt_()) {
        return doubt;
    }
    const Retained done =
        repository.carryOut(*plan, name_, [this](int tries) { return waits(kBetweenTries) && tries < kTries; });
    if (done.any()) {
        log::info("retention: " + retainedText(done));
    }
    if (!done.inUse.empty()) {
        kept = std::to_string(done.inUse.size()) + " partitions are in use all the time, " + done.inUse.front() +
               " the first: pg_stat_activity says who reads for so long; it is tried again in an hour";
    }
    return kept;
}

/// The last hours, and once a day what came late on the day before. They are folded whole: those of an hour come with
/// what of it is left.
void RetentionKeeper::foldSessions(bool daily) {
    const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    const auto first = daily ? ReportMoment(std::chrono::floor<std::chrono::days>(now) - std::chrono::days(1))
                             : ReportMoment(std::chrono::floor<std::chrono::hours>(now) - 2h);
    try {
        Connection connection(dsn_, "apiary-collector fold");
        const Folded done = FoldRepository(connection).fold(collectorId_, first, now, [this] { return waits(0ms); });
        if (done.folds > 0) {
            log::info(std::to_string(done.sessions) + " sessions that were alike became " + std::to_string(done.folds) +
                      " folds");
        }
    } catch (const pqxx::broken_connection&) {
        throw;
    } catch (const std::exception& error) {
        log::error(std::string("sessions could not be folded, it is tried again in an hour: ") + error.what());
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
