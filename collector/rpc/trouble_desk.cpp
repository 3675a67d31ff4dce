#include "collector/rpc/trouble_desk.hpp"

#include "collector/store/connection.hpp"
#include "common/log/log.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <string>
#include <utility>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookEvery = 1s;
constexpr auto kLongestPause = 8s;
constexpr auto kSensorsEvery = 5s;
constexpr auto kSessionsEvery = 60s;
constexpr auto kGapsEvery = 6h;
constexpr std::size_t kServicesAtOnce = 100;  // whose newest sessions are read in one round
constexpr int kGapsAtOnce = 5;                // likewise, their gaps

/// Whether a name can be looked up: others are of no service that a session can have.
bool plain(const std::string& name) {
    return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

TroubleDesk::TroubleDesk(IncidentStore& store, FleetHub& hub, IncidentBook::Settings settings, Time startedAt,
                         std::function<void()> noticesMade)
    : store_(store),
      hub_(hub),
      noticesMade_(std::move(noticesMade)),
      rules_(startedAt),
      book_(settings),
      pause_(kLookEvery, kLongestPause) {}

void TroubleDesk::run() {
    for (;;) {
        work(std::chrono::system_clock::now());
        std::unique_lock lock(mutex_);
        if (stopped_.wait_for(lock, kLookEvery, [&] { return stopping_; })) {
            return;
        }
    }
}

void TroubleDesk::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stopped_.notify_all();
}

void TroubleDesk::work(Time now) {
    bool answered = due(now);
    try {
        if (answered) {
            ask(now);
        }
    } catch (const std::exception& error) {
        answered = false;
        complain(error, now);
    }
    const auto troubles = judge(now);
    hub_.setTroubles(troubles);
    log_.say(troubles);
    const auto all = withOwn(troubles);
    if (!answered) {
        return;
    }
    try {
        keep(all, now);
        owed_.clear();
        said_ = false;
        failedAt_.reset();
        pause_.worked();
    } catch (const std::exception& error) {
        loaded_ = false;  // whether it was stored is seen when it is read again
        complain(error, now);
    }
}

/// Whether the database is to be asked: always, unless it has just failed.
bool TroubleDesk::due(Time now) const {
    return !failedAt_ || hasPassed(wait_, *failedAt_, now);
}

void TroubleDesk::complain(const std::exception& error, Time now) {
    failedAt_ = now;
    wait_ = pause_.afterFailure();
    histories_.clear();  // what has been stored since is not known
    gapsAt_.clear();
    if (missed_ && saysNoDatabase(error)) {
        missed_(error.what());
    } else if (!std::exchange(said_, true)) {
        log::warn("troubles of sensors and services cannot be stored now, and silent services not be told: " +
                  inOneLine(error.what()));
    }
}

/// Asks the database for what is due.
void TroubleDesk::ask(Time now) {
    if (!sensorsAt_ || hasPassed(kSensorsEvery, *sensorsAt_, now)) {
        sensors_ = store_.sensors();
        sensorsAt_ = now;
    }
    if (!loaded_) {
        auto stored = store_.load();
        std::vector<Trouble> lasting;
        for (const auto& incident : stored.incidents) {
            const auto& key = incident.trouble.key;
            if (incident.lasting && key.sensorId != kOfTheCollector && !OddityRules::concerns(key.kind)) {
                lasting.push_back(incident.trouble);
            }
        }
        if (!std::exchange(resumed_, true)) {
            rules_.resume(lasting);
            log_.resume(lasting);
        }
        book_.load(std::move(stored.incidents), stored.allowance);
        loaded_ = true;
    }
    readHistories(now);
}

void TroubleDesk::readHistories(Time now) {
    std::erase_if(histories_, [&](const auto& entry) { return !running_.contains(entry.first); });
    std::erase_if(gapsAt_, [&](const auto& entry) { return !running_.contains(entry.first); });
    if (!toReadAt_ || (toRead_.empty() && hasPassed(kSessionsEvery, *toReadAt_, now))) {
        toRead_.assign(running_.begin(), running_.end());
        toReadAt_ = toRead_.empty() ? std::nullopt : std::optional(now);
    }
    std::vector<ServiceKey> next;
    while (!toRead_.empty() && next.size() < kServicesAtOnce) {
        next.push_back(std::move(toRead_.front()));
        toRead_.pop_front();
    }
    if (!next.empty()) {
        store_.readRecent(next, now, histories_);
    }
    int read = 0;
    for (auto& [service, history] : histories_) {
        const auto known = gapsAt_.find(service);
        if (read < kGapsAtOnce && (known == gapsAt_.end() || hasPassed(kGapsEvery, known->second, now))) {
            store_.readGaps(service, now, history);
            gapsAt_.insert_or_assign(service, now);
            ++read;
        }
    }
}

std::vector<Trouble> TroubleDesk::judge(Time now) {
    const auto presences = hub_.presences();
    std::vector<SensorView> views;
    running_.clear();
    for (const auto& known : sensors_) {
        SensorView view{.sensorId = known.sensorId,
                        .name = known.name,
                        .revoked = known.revoked,
                        .lastHeard = known.reportedAt,
                        .odd = known.odd};
        const auto found = presences.find(known.sensorId);
        if (found != presences.end()) {
            const auto& presence = found->second;
            view.connected = presence.connected();
            view.lastHeard = std::max(known.reportedAt.value_or(presence.lastHeard), presence.lastHeard);
            if (presence.report) {
                view.status = &presence.report->status;
                view.clockOffsetMs = presence.report->clockOffsetMs;
            }
        }
        for (int i = 0; view.status != nullptr && view.connected && i < view.status->services_size(); ++i) {
            const auto& service = view.status->services(i);
            if (service.actual() == v1::ACTUAL_STATE_ON && plain(service.name())) {
                running_.emplace(known.sensorId, service.name());
            }
        }
        views.push_back(std::move(view));
    }
    if (seen_) {
        seen_(views, now);
    }
    auto troubles = rules_.judge(views, histories_, now);
    std::ranges::move(oddities_.judge(views, now), std::back_inserter(troubles));
    return troubles;
}

/// Adds what is wrong with the collector itself, and what was, if nobody could store it.
std::vector<Trouble> TroubleDesk::withOwn(std::vector<Trouble> troubles) {
    for (auto& trouble : hub_.takeOwnTroubles()) {
        owed_.insert_or_assign(trouble.key, std::move(trouble));
    }
    for (const auto& [key, trouble] : owed_) {
        troubles.push_back(trouble);
    }
    return troubles;
}

void TroubleDesk::keep(const std::vector<Trouble>& troubles, Time now) {
    auto plan = book_.plan(troubles, now);
    if (plan.empty()) {
        return;
    }
    store_.save(plan, now);
    book_.adopt(plan);
    heldBack_ += plan.withheld;
    const bool notices = plan.heldBack > 0 || std::ranges::any_of(plan.changes, &IncidentPlan::Change::notice);
    if (notices) {
        noticesMade_();
    }
}

}  // namespace apiary::collector
