#pragma once

#include "collector/rpc/fleet_hub.hpp"
#include "collector/rpc/trouble_log.hpp"
#include "collector/watch/incident_book.hpp"
#include "collector/watch/incident_store.hpp"
#include "collector/watch/oddity_rules.hpp"
#include "collector/watch/trouble_rules.hpp"
#include "common/growing_pause.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace apiary::collector {

/// Looks once a second at what the hub and the database know of the sensors, and tells the hub, the log and the
/// database what is wrong. Without a database it goes on with what the hub knows; what it finds is stored when there is
/// one again, which it finds out within 8 s. So is what a CollectorDesk finds, even if it is over by then.
///
/// run() belongs to one thread; stop() and heldBack() are for any.
class TroubleDesk {
public:
    using Time = Trouble::Time;

    /// All must outlive it. `startedAt`: since when sensors can reach this collector. `noticesMade` is called on
    /// run()'s thread when there are new notices to deliver.
    TroubleDesk(IncidentStore& store, FleetHub& hub, IncidentBook::Settings settings, Time startedAt,
                std::function<void()> noticesMade);

    /// Has `seen` called after each look with what is known of the sensors; before run().
    using Seen = std::function<void(std::span<const SensorView>, Time)>;
    void onLook(Seen seen) { seen_ = std::move(seen); }

    void run();
    void stop();

    /// Has `missed` told why there is no database, each time that it is missed, instead of the log; before run().
    using Missed = std::function<void(const std::string& why)>;
    void onMissed(Missed missed) { missed_ = std::move(missed); }

    /// One round of run(). Tests call it instead.
    void work(Time now);

    /// How many notices were held back so far, as there were too many in their hour.
    std::uint64_t heldBack() const { return heldBack_; }

private:
    void ask(Time now);
    std::vector<Trouble> judge(Time now);
    void readHistories(Time now);
    std::vector<Trouble> withOwn(std::vector<Trouble> troubles);
    void keep(const std::vector<Trouble>& troubles, Time now);
    bool due(Time now) const;
    void complain(const std::exception& error, Time now);

    IncidentStore& store_;
    FleetHub& hub_;
    const std::function<void()> noticesMade_;
    Seen seen_;
    Missed missed_;
    TroubleRules rules_;
    OddityRules oddities_;
    IncidentBook book_;

    std::vector<IncidentStore::KnownSensor> sensors_;
    std::optional<Time> sensorsAt_;
    std::set<ServiceKey> running_;
    ServiceHistories histories_;
    std::deque<ServiceKey> toRead_;  // this minute
    std::optional<Time> toReadAt_;
    std::map<ServiceKey, Time> gapsAt_;
    std::map<TroubleKey, Trouble> owed_;  // of the collector itself, that were not stored yet
    TroubleLog log_;
    bool loaded_ = false;  // the book is what the database says
    bool resumed_ = false;
    bool said_ = false;  // that the database refuses
    GrowingPause pause_;
    std::optional<Time> failedAt_;  // the database, and until then it is not asked again:
    Time::duration wait_{};
    std::atomic<std::uint64_t> heldBack_ = 0;

    std::mutex mutex_;
    std::condition_variable stopped_;
    bool stopping_ = false;  // guarded by mutex_
};

}  // namespace apiary::collector
