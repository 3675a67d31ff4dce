#pragma once

#include "collector/ingest/coverage_ledger.hpp"
#include "collector/ingest/sensor_state.hpp"
#include "collector/rpc/fleet_hub.hpp"
#include "common/concurrent/guarded.hpp"
#include "common/growing_pause.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// Keeps the database and the fleet hub of one mind about the sensors that have a stream here: stores what they report
/// and in which minutes their services listened, fetches what is wanted of them, and finds out who has been revoked.
///
/// connected(), gone() and reported() are called by the streams and do not block; run() belongs to one thread.
class SensorDesk {
public:
    using Revoked = std::function<void(std::int32_t sensor)>;

    /// All must outlive it. `revoked` is called on run()'s thread, again and again while such a sensor is connected.
    SensorDesk(SensorStatusSink& sink, DesiredStateSource& source, FleetHub& hub, Revoked revoked);

    /// Has `missed` told why there is no database, each time that it is missed, instead of the log; before run().
    using Missed = std::function<void(const std::string& why)>;
    void onMissed(Missed missed) { missed_ = std::move(missed); }

    void connected(std::int32_t sensor);
    void gone(std::int32_t sensor);

    /// Only the newest report of each sensor is stored.
    void reported(SensorReport report);

    /// Stores what there is of coverage before it returns.
    void run();
    void stop();

    /// One round of run(), which makes one each second and as soon as somebody connects: stores what was reported, and
    /// looks for wishes and revocations if somebody connected or the last look was long ago. While there is no
    /// database it does so more and more seldom, up to every 8 s, and when somebody connects. Tests call it instead.
    void work(std::chrono::steady_clock::time_point now);

private:
    void storeReports();
    void storeCoverage();
    void look();

    SensorStatusSink& sink_;
    DesiredStateSource& source_;
    FleetHub& hub_;
    const Revoked revoked_;
    Missed missed_;
    ConnectedSensors sensors_;
    Guarded<std::map<std::int32_t, SensorReport>> reports_;
    Guarded<CoverageLedger> coverage_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool hurry_ = false;  // somebody connected: guarded by mutex_, like the next
    bool stopping_ = false;

    // Of run()'s thread.
    std::optional<std::chrono::steady_clock::time_point> lookedAt_;
    std::optional<std::chrono::steady_clock::time_point> coveredAt_;
    std::int32_t failedAt_ = 0;  // the sensor whose report was not taken: the others go first
    bool said_ = false;          // that something else fails than to find the database
    GrowingPause pause_;
    std::optional<std::chrono::steady_clock::time_point> waitsUntil_;
};

}  // namespace apiary::collector
