#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace apiary::agent {

/// When something that grows reaches its limit, by what it grew within the last day, or since it began to grow.
///
/// Only growth counts: whenever there is less than before, the measure begins anew, so that what comes and goes has no
/// such moment. Nor has what grew for less than five minutes or by less than a thousandth of the limit. Knows no clock.
/// Not thread-safe.
class FillEstimate {
public:
    using Time = std::chrono::system_clock::time_point;

    static constexpr auto kWindow = std::chrono::hours(24);
    static constexpr auto kShortest = std::chrono::minutes(5);
    static constexpr auto kHorizon = std::chrono::hours(24 * 365);

    explicit FillEstimate(std::uint64_t limit) : limit_(limit) {}

    /// So much is used at that moment. A clock that was set back begins the measure anew too.
    void sample(Time at, std::uint64_t used);

    /// Begins the measure anew: something was let go, though the sum may not show it.
    void restart() { run_.clear(); }

    /// Nothing if it does not grow, or not so that it is full within a year of the last sample.
    std::optional<Time> fullAt() const;

private:
    struct Sample {
        Time at;
        std::uint64_t used;
    };

    std::uint64_t limit_;
    std::deque<Sample> run_;  // never falling; all but the last some minutes apart
};

}  // namespace apiary::agent
