#include "agent/egress_watch.hpp"

#include "common/log/log.hpp"

#include <string>
#include <utility>

namespace apiary::agent {

void EgressWatch::sample() {
    const Result<std::uint64_t> told = ask_();
    const EgressReport before = report();
    EgressReport now{.guarded = static_cast<bool>(told), .refused = told ? *told : before.refused};
    report_.with([&](EgressReport& report) { report = now; });
    if (before.guarded && !now.guarded) {
        log::warn("nobody keeps this agent from connecting to others any more; start apiary-coverage apply");
    }
    const bool first = now.guarded && !std::exchange(told_, told_ || now.guarded);
    // A guard made anew counts from nothing.
    const std::uint64_t known = now.refused < before.refused ? 0 : before.refused;
    if (now.guarded && !first && now.refused > known) {
        log::error("the kernel refused " + std::to_string(now.refused - known) +
                   " packets that this agent sent to others than its collector: look for what made it do so, and "
                   "take this machine as suspect until you know");
    }
}

EgressReport EgressWatch::report() const {
    return report_.with([](const EgressReport& report) { return report; });
}

}  // namespace apiary::agent
