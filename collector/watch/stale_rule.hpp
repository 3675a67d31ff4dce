#pragma once

#include "collector/watch/trouble_rules.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace apiary::collector {

/// Sessions of a sensor that nobody will close any more, if they are still open.
struct StaleSessions {
    std::int32_t sensorId = 0;
    Trouble::Time before;  // they began earlier
    std::string reason;
};

/// Says which sessions no sensor will close: what a revoked sensor had open; what a sensor had open that is heard, has
/// no session open and nothing left to send; and what began longer ago than a session can last, if the sensor has sent
/// everything since then. Of a sensor that is away, or has a backlog, the closings may still come: nothing is said of
/// what they may close. No I/O, no clock of its own. For one thread.
class StaleRule {
public:
    using Time = Trouble::Time;

    static constexpr std::chrono::minutes kEvery{1};   // a sensor is spoken of at most once in that time
    static constexpr std::chrono::minutes kQuiet{1};   // that it has had nothing, without a break
    static constexpr std::chrono::minutes kMargin{1};  // what began so shortly before that is left out
    static constexpr std::chrono::days kLongest{8};    // no session lasts longer: agent.toml allows 7 days
    static constexpr std::chrono::seconds kHeard{30};

    std::vector<StaleSessions> judge(std::span<const SensorView> sensors, Time now);

private:
    struct Memory {
        std::optional<Time> quietSince;
        Time spokenAt;
    };

    static std::optional<StaleSessions> stale(const SensorView& sensor, Memory& memory, Time now);

    std::map<std::int32_t, Memory> memories_;
};

}  // namespace apiary::collector
