#pragma once

#include "collector/watch/counter_watch.hpp"
#include "collector/watch/trouble.hpp"
#include "proto/apiary/v1/ingest.pb.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace apiary::collector {

/// What the database says of records of one sensor that were put aside, and of those that contradict what it had sent
/// before. The counts only ever grow.
struct SensorOddities {
    std::uint64_t quarantined = 0;      // records put aside
    std::uint64_t dropped = 0;          // of these, records not even kept, as the quota is used up
    std::uint64_t quarantineBytes = 0;  // that its quarantine takes now
    std::uint64_t quarantineQuota = 0;  // that it may take
    std::uint64_t flawedPieces = 0;     // of its manifests: chain, number or signature does not fit
    std::uint64_t lostSpools = 0;       // its spool was lost, set back or copied
};

/// What is known of one sensor now.
struct SensorView {
    std::int32_t sensorId = 0;
    std::string name;
    bool revoked = false;
    bool connected = false;                    // it has a stream to this collector
    std::optional<Trouble::Time> lastHeard;    // ever
    const v1::SensorStatus* status = nullptr;  // the last on a stream to this collector; none yet: null
    std::int32_t clockOffsetMs = 0;            // of that status
    std::optional<SensorOddities> odd{};       // not known yet: nothing
};

/// What the sessions in the database say of one service.
struct ServiceHistory {
    std::optional<Trouble::Time> lastSession;  // start of the newest one within 14 days
    std::uint64_t gaps = 0;                    // between the sessions of 14 days, at most the newest 20,000
    std::chrono::microseconds longGap{0};      // 99.9 % of these gaps are no longer
    std::uint64_t recent = 0;                  // how many of the newest sessions are counted in the next three
    std::uint64_t fromOne = 0;                 // how many of them come from the address that most come from
    std::string one;                           // that address
    bool oneIsNear = false;                    // it is a private, a gateway's or an own one
};

using ServiceKey = std::pair<std::int32_t, std::string>;  // sensor and name of the service
using ServiceHistories = std::map<ServiceKey, ServiceHistory>;

/// Derives what is wrong from what is known, one look after the other.
///
/// What cannot be told now is left as it was: of a sensor that is away nothing begins or ends but its silence, of a
/// service without a history neither its silence nor its sources. What is odd about its records is left to OddityRules.
/// No I/O, no clock of its own. For one thread.
class TroubleRules {
public:
    using Time = Trouble::Time;

    static constexpr std::chrono::seconds kSilent{30};
    static constexpr std::chrono::minutes kLeastQuiet{10};  // a service is never called silent earlier
    static constexpr std::uint64_t kLeastGaps = 200;        // nor with a shorter history
    static constexpr std::uint64_t kLeastSources = 100;     // sessions before their sources say anything
    static constexpr std::chrono::minutes kCalm{10};        // after a loss
    static constexpr std::chrono::hours kCalmEgress{1};     // after a refused connection
    static constexpr std::chrono::days kForesight{7};       // a bound that is reached later is no trouble yet

    /// `startedAt`: when this collector began to listen; a silence before counts from then.
    explicit TroubleRules(Time startedAt);
    ~TroubleRules();
    TroubleRules(const TroubleRules&) = delete;
    TroubleRules& operator=(const TroubleRules&) = delete;

    /// Takes over what an earlier run of the collector had found and not seen end.
    void resume(std::span<const Trouble> lasting);

    /// What is wrong now, by key. Of the sensors not in `sensors` nothing is.
    std::vector<Trouble> judge(std::span<const SensorView> sensors, const ServiceHistories& histories, Time now);

private:
    void clockWasSetBack(Time now);

    struct Memory;  // of one sensor between two looks
    class Look;     // one sensor, one time

    Time startedAt_;
    Time lookedAt_;
    std::map<TroubleKey, Trouble> lasting_;
    std::map<std::int32_t, std::unique_ptr<Memory>> memories_;
};

}  // namespace apiary::collector
