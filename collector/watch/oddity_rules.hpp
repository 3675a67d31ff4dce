#pragma once

#include "collector/watch/counter_watch.hpp"
#include "collector/watch/trouble_rules.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace apiary::collector {

/// Derives from what the database counts that records of a sensor were put aside, or contradict what it had sent
/// before; whether the sensor is there or not. Counts from the first look on, so nothing that happened before an
/// earlier run of the collector ended is told again. No I/O, no clock of its own. For one thread.
class OddityRules {
public:
    using Time = Trouble::Time;

    static constexpr std::chrono::minutes kCalm{10};     // after a record was put aside
    static constexpr std::chrono::hours kCalmLedger{1};  // after one that contradicts others

    /// True of the kinds of trouble that are found here.
    static bool concerns(TroubleKind kind) { return kind == TroubleKind::Quarantine || kind == TroubleKind::Ledger; }

    /// What is wrong now, of kinds Quarantine and Ledger. Of the sensors not in `sensors` nothing is.
    std::vector<Trouble> judge(std::span<const SensorView> sensors, Time now);

private:
    struct Memory {
        CounterWatch quarantined{kCalm};
        CounterWatch dropped{kCalm};
        CounterWatch flawedPieces{kCalmLedger};
        CounterWatch lostSpools{kCalmLedger};
    };

    std::map<std::int32_t, Memory> memories_;
};

}  // namespace apiary::collector
