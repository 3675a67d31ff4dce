#pragma once

#include "collector/ingest/sensor_state.hpp"
#include "collector/rpc/fleet_hub.hpp"
#include "common/concurrent/guarded.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace apiary::collector {

/// Keeps the database and the fleet hub of one mind about the sensors that have a stream here: stores what they report,
/// fetches what is wanted of them, and finds out who has been revoked.
///
/// connected(), gone() and reported() are called by the streams and do not block; run() belongs to one thread.
class SensorDesk {
public:
    using Revoked = std::function<void(std::int32_t sensor)>;

    /// All must outlive it. `revoked` is called on run()'s thread, again and again while such a sensor is connected.
    SensorDesk(SensorStatusSink& sink, DesiredStateSource& source, FleetHub& hub, Revoked revoked);

    void connected(std::int32_t sensor);
    void gone(std::int32_t sensor);

    /// Only the newest report of each sensor is stored.
    void reported(SensorReport report);

    void run();
    void stop();

private:
    bool waitForWork();
    void storeReports();
    void look();

    SensorStatusSink& sink_;
    DesiredStateSource& source_;
    FleetHub& hub_;
    const Revoked revoked_;
    ConnectedSensors sensors_;
    Guarded<std::map<std::int32_t, SensorReport>> reports_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool hurry_ = false;  // somebody connected: guarded by mutex_, like the next
    bool stopping_ = false;
};

}  // namespace apiary::collector
