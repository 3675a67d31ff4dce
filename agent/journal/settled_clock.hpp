#pragma once

#include <chrono>
#include <optional>

namespace apiary::agent {

/// The system's clock for what cannot be taken back: a jump ahead counts once it has stood for an hour. Whoever sets
/// the clock to a wrong year, and back, has not had all logs removed for their age. Knows no clock itself. Not
/// thread-safe.
class SettledClock {
public:
    using Wall = std::chrono::system_clock::time_point;
    using Steady = std::chrono::steady_clock::time_point;

    /// The time, where the clocks say `now` and `steady`. The first answer is `now`.
    Wall at(Wall now, Steady steady) {
        const auto ahead = now.time_since_epoch() - steady.time_since_epoch();
        const bool jumped = ahead_ && ahead - *ahead_ > kJump;
        if (jumped && !since_) {
            since_ = steady;
        }
        if (!jumped || steady - *since_ >= kStands) {
            ahead_ = ahead;
            since_.reset();
        }
        return Wall(std::chrono::duration_cast<Wall::duration>(steady.time_since_epoch() + *ahead_));
    }

private:
    static constexpr std::chrono::minutes kJump{5};
    static constexpr std::chrono::hours kStands{1};

    std::optional<std::chrono::nanoseconds> ahead_;  // what the one clock is ahead of the other, as is believed
    std::optional<Steady> since_;                    // it is further ahead since then
};

}  // namespace apiary::agent
