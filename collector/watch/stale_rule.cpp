#include "collector/watch/stale_rule.hpp"

#include <algorithm>

namespace apiary::collector {
namespace {

using Time = Trouble::Time;

bool hasNothing(const v1::SensorStatus& status) {
    return status.spool_records() == 0 && std::ranges::all_of(status.services(), [](const v1::ServiceStatus& service) {
               return service.open_sessions() == 0;
           });
}

/// When the oldest record was made that the sensor has still to send, by its own clock; nothing if that is unknown.
std::optional<Time> oldestWaiting(const v1::SensorStatus& status, Time sensorsNow) {
    if (status.spool_records() == 0) {
        return sensorsNow;
    }
    if (status.spool_oldest_us() == 0) {
        return std::nullopt;
    }
    const auto known = std::chrono::ceil<std::chrono::microseconds>(sensorsNow.time_since_epoch()).count();
    return Time(std::chrono::microseconds(std::min<std::uint64_t>(
        status.spool_oldest_us(), static_cast<std::uint64_t>(std::max<std::int64_t>(known, 0)))));
}

}  // namespace

std::optional<StaleSessions> StaleRule::stale(const SensorView& sensor, Memory& memory, Time now) {
    if (sensor.revoked) {
        return StaleSessions{.sensorId = sensor.sensorId, .before = now, .reason = "its sensor is revoked"};
    }
    const bool heard = sensor.connected && sensor.lastHeard && now - *sensor.lastHeard < kHeard;
    if (!heard || sensor.status == nullptr) {
        memory.quietSince.reset();
        return std::nullopt;
    }
    // Sessions begin by the sensor's clock.
    const auto offset = std::chrono::milliseconds(sensor.clockOffsetMs);
    if (!hasNothing(*sensor.status)) {
        memory.quietSince.reset();
    } else if (!memory.quietSince || *memory.quietSince > now) {
        memory.quietSince = now;
    }
    if (memory.quietSince && now - *memory.quietSince >= kQuiet) {
        return StaleSessions{.sensorId = sensor.sensorId,
                             .before = *memory.quietSince - kMargin + offset,
                             .reason = "its sensor has no session open, and nothing left to send"};
    }
    const auto oldest = oldestWaiting(*sensor.status, now + offset);
    if (!oldest) {
        return std::nullopt;
    }
    return StaleSessions{.sensorId = sensor.sensorId,
                         .before = *oldest - kLongest,
                         .reason = "it began more than 8 days ago, and its sensor has sent everything since"};
}

std::vector<StaleSessions> StaleRule::judge(std::span<const SensorView> sensors, Time now) {
    std::vector<StaleSessions> found;
    for (const SensorView& sensor : sensors) {
        Memory& memory = memories_[sensor.sensorId];
        auto sessions = stale(sensor, memory, now);
        if (sessions && hasPassed(kEvery, memory.spokenAt, now)) {
            memory.spokenAt = now;
            found.push_back(*std::move(sessions));
        }
    }
    return found;
}

}  // namespace apiary::collector
