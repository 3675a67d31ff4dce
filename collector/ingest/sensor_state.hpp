#pragma once

#include "common/concurrent/guarded.hpp"
#include "proto/apiary/v1/ingest.pb.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace apiary::collector {

struct CoverageNews;

/// What a sensor said of itself, as it is to be stored.
struct SensorReport {
    std::int32_t sensorId = 0;
    std::chrono::system_clock::time_point arrivedAt;
    std::int32_t clockOffsetMs = 0;  // the sensor's clock minus ours
    std::string agentVersion;
    v1::SensorStatus status;
};

/// Where status reports go. Called on one thread, may block, throws when the database fails (the newest report of each
/// sensor is then offered again).
class SensorStatusSink {
public:
    virtual ~SensorStatusSink() = default;
    virtual void store(const SensorReport& report) = 0;

    /// Adds to the minutes in which services listened; all of it or nothing. The same again changes nothing.
    virtual void addCoverage(const CoverageNews& news) = 0;
};

/// Where the operators' wishes come from. Called on one thread, may block, throws when the database fails.
class DesiredStateSource {
public:
    virtual ~DesiredStateSource() = default;

    /// The newest desired state of each of these sensors; those that nobody asked anything of are missing.
    virtual std::map<std::int32_t, v1::DesiredState> newest(std::span<const std::int32_t> sensors) = 0;

    /// Those of the sensors that are revoked by now.
    virtual std::vector<std::int32_t> revoked(std::span<const std::int32_t> sensors) = 0;
};

/// Which sensors have a stream to this collector now. Thread-safe.
class ConnectedSensors {
public:
    void add(std::int32_t sensor) {
        streams_.with([&](auto& streams) { ++streams[sensor]; });
    }
    void remove(std::int32_t sensor) {
        streams_.with([&](auto& streams) {
            const auto found = streams.find(sensor);
            if (found != streams.end() && --found->second == 0) {
                streams.erase(found);
            }
        });
    }
    bool contains(std::int32_t sensor) const {
        return streams_.with([&](const auto& streams) { return streams.contains(sensor); });
    }
    std::vector<std::int32_t> all() const {
        return streams_.with([](const auto& streams) {
            std::vector<std::int32_t> sensors;
            for (const auto& [sensor, count] : streams) {
                sensors.push_back(sensor);
            }
            return sensors;
        });
    }

private:
    Guarded<std::map<std::int32_t, int>> streams_;  // more than one while a newer stream replaces an older
};

}  // namespace apiary::collector
