#include "collector/store/retention_plan.hpp"

#include <algorithm>
#include <numeric>

namespace apiary::collector {

using std::chrono::days;
using std::chrono::sys_days;

std::uint64_t PartitionDay::bytes() const {
    return std::accumulate(partitions.begin(), partitions.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const DayPartition& partition) { return sum + partition.bytes; });
}

Result<RetentionPlan> planRetention(const RetentionState& state, const RetentionWish& wish) {
    if (wish.days && days{*wish.days} < state.keepDays) {
        return Error{"rows of " + std::to_string(*wish.days) + " days are to be kept, but the database's policy is " +
                     std::to_string(state.keepDays.count()) +
                     ": shorten it first, apiary-collector policy --retention-days " + std::to_string(*wish.days)};
    }
    const sys_days yesterday = state.today - days{1};
    const sys_days byAge = std::min(yesterday, state.today - std::max(state.keepDays, days{wish.days.value_or(0)}));
    const sys_days sizeFloor = std::min(yesterday, state.sizeFloor);
    RetentionPlan plan;
    plan.left = state.databaseBytes + state.walBytes.value_or(0);
    const auto tooLarge = [&] { return wish.bytes && plan.left > *wish.bytes; };
    for (const PartitionDay& day : state.days) {
        const bool givenUp = day.day < state.rowsFrom.value_or(sys_days::min());
        const bool old = day.day < byAge;
        if (!givenUp && !old && !(tooLarge() && day.day < sizeFloor)) {
            break;
        }
        plan.forSize = plan.forSize || (!givenUp && !old && day.day >= state.today - state.keepDays);
        plan.going.push_back(day);
        plan.freed += day.bytes();
        plan.left -= std::min(plan.left, day.bytes());
    }
    if (!plan.going.empty() && plan.going.back().day >= state.rowsFrom.value_or(sys_days::min())) {
        plan.before = plan.going.back().day + days{1};
    }
    if (tooLarge()) {
        plan.tooMuch = plan.left - *wish.bytes;
    }
    return plan;
}

}  // namespace apiary::collector
