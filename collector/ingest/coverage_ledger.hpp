#pragma once

#include "collector/ingest/rows.hpp"
#include "collector/ingest/sensor_state.hpp"
#include "common/net/endpoint.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace apiary::collector {

/// Minutes to be added to a row of coverage_hour.
struct CoverageRow {
    std::chrono::sys_time<std::chrono::hours> hour;
    std::int32_t sensorId = 0;
    Endpoint target;  // as the service listens, so it may stand for all addresses
    std::string transport;
    std::string protocol;
    std::uint64_t minutes = 0;  // bit 59 is the hour's first minute, bit 0 its last
};

/// A sensor's visit to its own service that failed.
struct FailedVisit {
    std::int32_t sensorId = 0;
    std::string service;
    Endpoint target;
    std::string transport;
    std::string protocol;
    Moment at;
};

/// What is to be stored of the services that listened. To store it twice changes nothing.
struct CoverageNews {
    std::vector<CoverageRow> rows;  // in the order of the rows' key
    std::vector<FailedVisit> failed;

    bool empty() const { return rows.empty() && failed.empty(); }
};

/// Finds out in which minutes services listened, from what connected sensors say of them every few seconds.
///
/// A service listens that is on and whose last visit by its own sensor, if there was one, was answered; whether the
/// visit's records have come here does not matter. It counts from one report to the next of a stream, `kTogether` apart
/// at most, if it listened in both; and from its last visit to a report that does not go on from another: the sensor
/// forgets visits when it stops the service. For other times in which the sensor was away the visits speak that
/// arrive later (see IngestTransaction). Minutes are by the sensor's clock, like the times of its sessions, and count
/// whole. Pure; one thread.
///
/// What a sensor can have kept is bounded, whatever it says and however often: of reports that follow each other closer
/// than `kApart` only the first counts, and in an hour at most `kRowsAnHour` rows are begun for it.
class CoverageLedger {
public:
    using Time = std::chrono::system_clock::time_point;
    static constexpr std::chrono::milliseconds kApart{500};
    static constexpr std::size_t kRowsAnHour = 100'000;
    static constexpr std::size_t kFailuresOfOne = 1'000;  // of a sensor, that wait to be taken
    static constexpr std::chrono::seconds kTogether{30};
    static constexpr std::chrono::hours kOldestVisit{25};  // sensors visit once a day at least, or never

    void add(const SensorReport& report);

    /// Its stream ended: what follows does not go on from here.
    void gone(std::int32_t sensor);

    /// What has come together and was not taken before.
    CoverageNews take();

    /// It could not be stored: it is taken again the next time.
    void giveBack(const CoverageNews& news);

private:
    struct Place {
        Endpoint target;
        std::string transport;
        std::string protocol;
        friend auto operator<=>(const Place&, const Place&) = default;
    };
    struct Key {
        std::chrono::sys_time<std::chrono::hours> hour;
        std::int32_t sensorId = 0;
        Place place;
        friend auto operator<=>(const Key&, const Key&) = default;
    };
    struct Minutes {
        std::uint64_t taken = 0;
        std::uint64_t fresh = 0;
    };
    struct Seen {
        using Places = std::set<Place>;
        Time at;    // by our clock
        Time told;  // by the sensor's
        Places on;  // those that listened
    };

    /// What a sensor has been allowed in an hour of our clock.
    struct Allowance {
        std::chrono::sys_time<std::chrono::hours> hour;
        std::size_t rows = 0;
    };

    Minutes* minutesOf(const Key& key, Time now);
    void mark(std::int32_t sensor, const Place& place, Time from, Time to, Time now);
    void noteFailure(const SensorReport& report, const v1::ServiceStatus& service, Time at);
    bool keepFailure(const FailedVisit& visit);
    void forgetFailures(const SensorReport& report);

    std::map<std::int32_t, Seen> seen_;
    std::map<Key, Minutes> hours_;
    std::map<std::int32_t, std::map<std::string, Time>> failedAt_;  // by sensor and service that it has
    std::vector<FailedVisit> failed_;
    std::map<std::int32_t, std::size_t> failedOf_;  // how many of them
    std::map<std::int32_t, Allowance> allowances_;
};

}  // namespace apiary::collector
