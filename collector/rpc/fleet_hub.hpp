#pragma once

#include "collector/ingest/sensor_state.hpp"
#include "collector/watch/trouble.hpp"
#include "common/concurrent/guarded.hpp"
#include "proto/apiary/v1/ingest.pb.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// What this collector knows of the sensors that have, or had, a stream to it, and what the operators want of them: the
/// meeting place of ingest, which tells of sensors and passes wishes on, and of the fleet service, which does the
/// reverse. In memory only; thread-safe; nothing here blocks.
///
/// Ingest, for each stream: sensorConnected() once the sensor is known, setDesired() with what the database holds,
/// onDesired() to hear of wishes from then on, reportReceived() for each status, and sensorGone() exactly once.
class FleetHub {
public:
    using Time = std::chrono::system_clock::time_point;

    struct Presence {
        int streams = 0;  // more than one while a newer stream replaces an older
        Time lastHeard;
        std::string version;                 // of the agent
        std::optional<SensorReport> report;  // the last one
        bool connected() const { return streams > 0; }
    };

    /// Counts what has changed, so that a watcher that remembers it knows whether to look again.
    struct Revision {
        std::uint64_t state = 0;  // a sensor came, went, or runs something else than before; a wish
        std::uint64_t any = 0;    // that, or a figure
        friend bool operator==(const Revision&, const Revision&) = default;
    };

    /// Hears of wishes until it is destroyed.
    class DesiredListener {
    public:
        virtual ~DesiredListener() = default;
    };

    void sensorConnected(std::int32_t sensor, const std::string& agentVersion, Time now);
    void reportReceived(const SensorReport& report);
    void sensorGone(std::int32_t sensor, Time now);

    /// Takes a wish that is stored. An older version than the one known is ignored; a newer one goes to the listeners,
    /// on this thread.
    void setDesired(std::int32_t sensor, const v1::DesiredState& desired);

    /// The newest wish; nothing if nobody asked anything of this sensor, or it is not known here.
    std::optional<v1::DesiredState> desiredFor(std::int32_t sensor) const;

    /// Calls `changed` with each newer wish for this sensor, until the listener is destroyed (it may run once more
    /// while that happens). It runs on the thread of the wish and must not block; the wish known before is not
    /// repeated.
    [[nodiscard]] std::shared_ptr<DesiredListener> onDesired(std::int32_t sensor,
                                                             std::function<void(const v1::DesiredState&)> changed);

    /// What is wrong with the sensors, in place of what was wrong with them before.
    void setTroubles(const std::vector<Trouble>& troubles);

    /// Likewise, what is wrong with the collector itself. Among troubles() as those of kOfTheCollector.
    void setOwnTroubles(std::vector<Trouble> troubles);

    /// All own troubles that lasted at any time since this was asked last.
    std::vector<Trouble> takeOwnTroubles();

    std::map<std::int32_t, Presence> presences() const;
    std::map<std::int32_t, std::vector<Trouble>> troubles() const;
    Revision revision() const;

private:
    struct Listening;
    struct Content {
        std::map<std::int32_t, Presence> presences;
        std::map<std::int32_t, v1::DesiredState> desired;
        std::vector<std::weak_ptr<Listening>> listeners;
        std::map<std::int32_t, std::vector<Trouble>> troubles;
        std::map<TroubleKey, Trouble> owed;  // to takeOwnTroubles()
        Revision revision;
    };

    static void replace(Content& content, std::map<std::int32_t, std::vector<Trouble>> troubles);

    Guarded<Content> content_;
};

}  // namespace apiary::collector
