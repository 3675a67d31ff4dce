#pragma once

#include "collector/watch/trouble.hpp"
#include "proto/apiary/v1/fleet.pb.h"
#include "proto/apiary/v1/ingest.pb.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// What a sensor's health follows from.
struct SensorFacts {
    using Time = std::chrono::system_clock::time_point;

    bool revoked = false;
    bool connected = false;
    std::optional<Time> lastHeard;     // ever
    bool reported = false;             // `status` is a report, and not nothing
    v1::SensorStatus status;           // its services' `desired` are the newest wishes
    std::uint64_t desiredVersion = 0;  // 0: nobody asked anything
    std::optional<Time> desiredAt;
    std::vector<Trouble> troubles;  // of it and its services
};

struct SensorHealth {
    v1::SensorHealth state = v1::SENSOR_HEALTH_UNKNOWN;
    std::string reason;  // in words; empty if healthy
};

/// The one place where health is decided. Offline: no stream, or silent for 30 s. Degraded: a service failed or is not
/// as wished, a wish not applied after 30 s, a trouble that is more than a remark. Applying: a wish, or a service, on
/// its way.
SensorHealth healthOf(const SensorFacts& facts, SensorFacts::Time now);

}  // namespace apiary::collector
