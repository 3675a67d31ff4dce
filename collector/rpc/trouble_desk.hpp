#pragma once

#include "collector/rpc/fleet_hub.hpp"
#include "collector/watch/incident_book.hpp"
#include "collector/watch/incident_store.hpp"
#include "collector/watch/trouble_rules.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

namespace apiary::collector {

/// Looks once a second at what the hub and the database know of the sensors, and tells the hub, the log and the
/// database what is wrong. Without a database it goes on with what the hub knows; what it finds is stored when there is
/// one again.
///
/// run() belongs to one thread.
class TroubleDesk {
public:
    using Time = Trouble::Time;

    /// All must outlive it. `startedAt`: since when sensors can reach this collector. `noticesMade` is called on
    /// run()'s thread when there are new notices to deliver.
    TroubleDesk(IncidentStore& store, FleetHub& hub, IncidentBook::Settings settings, Time startedAt,
                std::function<void()> noticesMade);

    void run();
    void stop();

    /// One round of run(). Tests call it instead.
    void work(Time now);

private:
    void ask(Time now);
    std::vector<Trouble> judge(Time now);
    void readHistories(Time now);
    void announce(const std::vector<Trouble>& troubles);
    void keep(const std::vector<Trouble>& troubles, Time now);
    void complain(const std::exception& error);

    IncidentStore& store_;
    FleetHub& hub_;
    const std::function<void()> noticesMade_;
    TroubleRules rules_;
    IncidentBook book_;

    std::vector<IncidentStore::KnownSensor> sensors_;
    std::optional<Time> sensorsAt_;
    std::set<ServiceKey> running_;
    ServiceHistories histories_;
    std::deque<ServiceKey> toRead_;  // this minute
    std::optional<Time> toReadAt_;
    std::map<ServiceKey, Time> gapsAt_;
    std::map<TroubleKey, Trouble> announced_;
    bool loaded_ = false;  // the book is what the database says
    bool resumed_ = false;
    bool away_ = false;  // the database is

    std::mutex mutex_;
    std::condition_variable stopped_;
    bool stopping_ = false;  // guarded by mutex_
};

}  // namespace apiary::collector
