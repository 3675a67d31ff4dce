#include "agent/engine/service_view.hpp"

#include <chrono>
#include <numeric>

namespace apiary::agent {

void showState(const ServiceState& state, ServiceView& view) {
    view.openSessions = state.open;
    view.sessions = state.sessions;
    if (const std::int64_t last = state.lastSession; last > 0) {
        view.lastSession = WallTime(std::chrono::microseconds(last));
    }
    const ServiceCounters& counters = state.counters;
    view.refusals = counters.refusals();
    view.refused = std::accumulate(view.refusals.begin(), view.refusals.end(), std::uint64_t{0});
    view.outcomes = counters.outcomes();
    view.bytesIn = counters.bytesIn();
    view.bytesOut = counters.bytesOut();
    view.withheld = counters.withheld();
}

}  // namespace apiary::agent
