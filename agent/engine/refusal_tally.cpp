#include "agent/engine/refusal_tally.hpp"

namespace apiary::agent {

static constexpr std::chrono::seconds kHold{1};

std::vector<Refusal> RefusalTally::add(const Refusal& refusal, Time now) {
    const Key key{refusal.service, refusal.reason, refusal.source.address};
    const auto known = held_.find(key);
    if (known == held_.end()) {
        if (held_.size() < most_) {
            Held& held = held_.emplace(key, Held{now, refusal}).first->second;
            held.latest.count = 0;
        }
        return {refusal};
    }
    Held& held = known->second;
    const std::uint64_t count = held.latest.count + refusal.count;
    held.latest = refusal;
    held.latest.count = count;
    if (now - held.since < kHold) {
        return {};
    }
    Refusal due = held.latest;
    held.since = now;
    held.latest.count = 0;
    return {std::move(due)};
}

std::vector<Refusal> RefusalTally::takeDue(Time now, bool all) {
    std::vector<Refusal> due;
    for (auto held = held_.begin(); held != held_.end();) {
        if (!all && now - held->second.since < kHold) {
            ++held;
            continue;
        }
        if (held->second.latest.count > 0) {
            due.push_back(std::move(held->second.latest));
        }
        held = held_.erase(held);
    }
    return due;
}

}  // namespace apiary::agent
