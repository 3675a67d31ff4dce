#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace apiary::collector {

/// Watches a counter that should stand still, e.g. of what was lost. It is growing from the first time that it is seen
/// higher than before until it has stood still for `calm`. A counter that falls was started anew, with its program.
class CounterWatch {
public:
    using Time = std::chrono::system_clock::time_point;

    struct Growth {
        Time since;
        std::uint64_t by = 0;
    };

    explicit CounterWatch(Time::duration calm) : calm_(calm) {}

    /// Takes what the counter says now. The first value is what growth counts from.
    void see(std::uint64_t value, Time now);

    /// What it has grown by, for as long as that is news.
    const std::optional<Growth>& growth() const { return growth_; }

private:
    Time::duration calm_;
    std::optional<std::uint64_t> value_;
    std::optional<Growth> growth_;
    Time grewAt_;
};

}  // namespace apiary::collector
