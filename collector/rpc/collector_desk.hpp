#pragma once

#include "collector/rpc/fleet_hub.hpp"
#include "collector/rpc/trouble_log.hpp"
#include "collector/watch/collector_rules.hpp"
#include "collector/watch/incident_book.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

namespace apiary::collector {

/// Looks once a second what is wrong with the collector's own database, and tells the hub, the log, and whoever is to
/// be notified. That the database is away is said in the log by a DatabaseWatch, which knows the reason and does not
/// wait half a minute. Nothing of it waits for the database or needs one: what it has told lives in memory, so a
/// trouble that lasts over a restart of the collector is told again. A TroubleDesk takes the same troubles into the
/// database.
///
/// run() belongs to one thread; stop() and heldBack() are for any.
class CollectorDesk {
public:
    using Time = Trouble::Time;

    /// Asked for what is known, once a look; must not block for long.
    using View = std::function<CollectorView()>;
    /// Takes a notice to be sent; must not block.
    using Tell = std::function<void(const std::string& json, Time now)>;

    /// The hub must outlive it. `collector` is its name.
    CollectorDesk(FleetHub& hub, View view, Tell tell, IncidentBook::Settings settings, std::string collector);

    void run();
    void stop();

    /// One round of run(). Tests call it instead.
    void work(Time now);

    /// How many notices were held back so far, as there were too many in their hour.
    std::uint64_t heldBack() const { return heldBack_; }

private:
    FleetHub& hub_;
    const View view_;
    const Tell tell_;
    const std::string collector_;
    CollectorRules rules_;
    IncidentBook book_;
    TroubleLog log_;
    std::atomic<std::uint64_t> heldBack_ = 0;

    std::mutex mutex_;
    std::condition_variable stopped_;
    bool stopping_ = false;  // guarded by mutex_
};

}  // namespace apiary::collector
