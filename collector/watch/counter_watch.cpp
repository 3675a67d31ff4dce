#include "collector/watch/counter_watch.hpp"

#include "collector/watch/trouble.hpp"

namespace apiary::collector {

void CounterWatch::see(std::uint64_t value, Time now) {
    const std::uint64_t before = value_.value_or(value);
    value_ = value;
    const std::uint64_t more = value < before ? value : value - before;  // one that was started anew counts from 0
    if (more > 0) {
        growth_ = growth_.value_or(Growth{.since = now, .by = 0});
        growth_->by += more;
        grewAt_ = now;
    } else if (growth_ && hasPassed(calm_, grewAt_, now)) {
        growth_.reset();
    }
}

}  // namespace apiary::collector
