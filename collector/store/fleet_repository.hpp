#pragma once

#include "collector/ingest/coverage_ledger.hpp"
#include "collector/ingest/sensor_state.hpp"
#include "collector/store/connection.hpp"
#include "common/crypto/digest.hpp"
#include "common/result.hpp"
#include "common/uuid.hpp"
#include "proto/apiary/v1/ingest.pb.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace apiary::collector {

/// What the database knows of one sensor.
struct SensorRecord {
    using Time = std::chrono::system_clock::time_point;

    std::int32_t sensorId = 0;
    Uuid uuid;
    std::string name;
    std::string site;
    bool revoked = false;
    std::optional<Time> reportedAt;  // of the last status, which is the members down to `status`
    std::string agentVersion;
    std::int32_t clockOffsetMs = 0;
    v1::SensorStatus status;
    v1::DesiredState desired;  // the newest; version 0 if nobody asked anything
    std::optional<Time> desiredAt;
};

/// An operator's wish that a service be on or off.
struct SwitchWish {
    std::int32_t sensorId = 0;
    std::string service;
    bool on = false;
    std::uint64_t expectedVersion = 0;  // 0: whatever is the newest
    std::string requestedBy;            // the operator's name, from the certificate
};

/// What became of it.
struct Switched {
    v1::DesiredState desired;
};
struct NoSuchTarget {
    std::string reason;
};
struct VersionConflict {
    std::uint64_t newest = 0;
};
using SwitchOutcome = std::variant<Switched, NoSuchTarget, VersionConflict>;

/// Sensors, what they report and what is wanted of them, in the database. Uses the connection of its thread; every call
/// is a transaction of its own, blocks, and throws what libpqxx throws. Each act of a person leaves one row in
/// audit_log, in the transaction of the act, also when the act was refused.
class FleetRepository {
public:
    explicit FleetRepository(Connection& connection);

    /// Every sensor that was ever enrolled, by name.
    std::vector<SensorRecord> sensors();

    /// Enrols a sensor, or notes the new certificate of one that is enrolled under this uuid and name. An Error if the
    /// name belongs to another sensor, or the sensor is revoked. Returns its number.
    Result<std::int32_t> registerSensor(const Uuid& uuid, const std::string& name, const Sha256Digest& certificate,
                                        const std::string& by);

    /// Shuts a sensor out, from now on and for ever. An Error if there is none of that name, or it is revoked already.
    Status revoke(const std::string& name, const std::string& by);

    /// The identity of the sensor of that name, for a new certificate; nothing if there is none.
    std::optional<Uuid> uuidOf(const std::string& name);

    /// Keeps the last report of a sensor.
    void saveReport(const SensorReport& report, std::int16_t collectorId);

    /// Adds to the minutes in which services listened, and notes visits that failed; what is known already stays.
    void addCoverage(const CoverageNews& news);

    /// The newest wish for each of these sensors; those of whom nothing was asked are missing.
    std::map<std::int32_t, v1::DesiredState> newestDesired(std::span<const std::int32_t> sensors);

    /// Those of the sensors that are revoked.
    std::vector<std::int32_t> revoked(std::span<const std::int32_t> sensors);

    /// Stores a wish as the next version, on top of the one before.
    SwitchOutcome switchService(const SwitchWish& wish);

    /// Notes that somebody was not allowed to have this wish.
    void recordRefusal(const SwitchWish& wish, const std::string& reason);

private:
    Connection& connection_;
};

/// The fleet repository as ingest sees it: with a connection of its own, opened when first needed and again after it
/// broke. For one thread.
class FleetStore final : public SensorStatusSink, public DesiredStateSource {
public:
    FleetStore(std::string dsn, std::int16_t collectorId);

    void store(const SensorReport& report) override;
    void addCoverage(const CoverageNews& news) override;
    std::map<std::int32_t, v1::DesiredState> newest(std::span<const std::int32_t> sensors) override;
    std::vector<std::int32_t> revoked(std::span<const std::int32_t> sensors) override;

private:
    template <typename Use>
    auto with(Use use);

    const std::string dsn_;
    const std::int16_t collectorId_;
    std::unique_ptr<Connection> connection_;
};

}  // namespace apiary::collector
