#include "agent/uplink/uplink_cursor.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kRowOverhead = 32;  // numbers and tags around a record on the wire

}  // namespace

Result<std::vector<UplinkCursor::Lost>> UplinkCursor::resume(const std::vector<LanePosition>& positions) {
    std::map<std::uint32_t, std::uint64_t> theirs;
    for (const LanePosition& position : positions) {
        theirs[position.lane] = position.last;
    }
    lanes_.clear();
    underWay_ = 0;
    std::vector<Lost> lost;
    for (const LaneView& view : spool_.lanes()) {
        const auto found = theirs.find(view.lane);
        const std::uint64_t last = found == theirs.end() ? 0 : found->second;
        if (last > view.last) {
            return Error{"the collector has records of lane " + std::to_string(view.lane) + " up to " +
                         std::to_string(last) + ", but the spool here ends at " + std::to_string(view.last) +
                         ": it is an old copy"};
        }
        if (last < view.acknowledged) {
            lost.push_back({view.lane, last + 1, view.acknowledged});
        } else if (last > view.acknowledged) {
            spool_.acknowledge(view.lane, last);
        }
        lanes_[view.lane] = Lane{.acknowledged = last, .sent = last, .confirmed = std::max(view.acknowledged, last)};
        theirs.erase(view.lane);
    }
    for (const auto& [lane, last] : theirs) {
        if (last != 0) {
            return Error{"the collector has records of lane " + std::to_string(lane) +
                         ", which the spool here never had: it is an old copy"};
        }
    }
    return lost;
}

std::optional<OutgoingBatch> UplinkCursor::next() {
    if (underWay_ >= limits_.window) {
        return std::nullopt;
    }
    // The ends first, then the rows: what a lane is said to hold is then there to be read.
    std::map<std::uint32_t, std::uint64_t, std::greater<>> ends;
    for (const LaneView& view : spool_.lanes()) {
        ends[view.lane] = view.last;
    }
    for (const auto& [number, last] : ends) {
        Lane& lane = lanes_[number];  // a lane opened since begins at its first number
        if (lane.sent >= last) {
            continue;
        }
        OutgoingBatch batch = fill(number, lane, last);
        lane.sent = batch.last;
        lane.underWay.push_back(batch.last);
        ++underWay_;
        return batch;
    }
    return std::nullopt;
}

OutgoingBatch UplinkCursor::fill(std::uint32_t number, const Lane& lane, std::uint64_t last) const {
    OutgoingBatch batch{.lane = number, .first = lane.sent + 1, .last = lane.sent, .items = {}};
    std::size_t bytes = 0;
    const auto hole = [&](std::uint64_t end) {
        batch.items.push_back({batch.last + 1, end, std::nullopt});
        batch.last = end;
        bytes += kRowOverhead;
    };
    for (SpoolRow& row : spool_.read(number, lane.sent, limits_.entries, limits_.bytes)) {
        const std::size_t size = row.body.size() + kRowOverhead;
        const std::size_t needed = row.seq > batch.last + 1 ? 2 : 1;
        if (!batch.items.empty() && (batch.items.size() + needed > limits_.entries || bytes + size > limits_.bytes)) {
            return batch;
        }
        if (row.seqEnd <= batch.last) {
            continue;
        }
        if (row.seq > batch.last + 1) {
            hole(row.seq - 1);
        }
        const std::uint64_t end = row.seqEnd;
        batch.items.push_back({batch.last + 1, end, std::move(row)});
        batch.last = end;
        bytes += size;
    }
    // Nothing is left of what the spool once had confirmed; beyond that, rows are always there.
    if (batch.items.empty()) {
        hole(std::min(last, std::max(lane.confirmed, batch.first)));
    }
    return batch;
}

Status UplinkCursor::acknowledge(std::uint32_t number, std::uint64_t seq) {
    const auto found = lanes_.find(number);
    if (found == lanes_.end() || seq > found->second.sent) {
        return Error{"the collector confirms record " + std::to_string(seq) + " of lane " + std::to_string(number) +
                     ", which was never sent"};
    }
    Lane& lane = found->second;
    if (seq <= lane.acknowledged) {
        return Done{};
    }
    lane.acknowledged = seq;
    while (!lane.underWay.empty() && lane.underWay.front() <= seq) {
        lane.underWay.pop_front();
        --underWay_;
    }
    if (seq > lane.confirmed) {
        spool_.acknowledge(number, seq);
        lane.confirmed = seq;
    }
    return Done{};
}

bool UplinkCursor::drained() {
    return std::ranges::all_of(spool_.lanes(),
                               [&](const LaneView& view) { return lanes_[view.lane].acknowledged >= view.last; });
}

bool wantsNewLane(const Spool& spool, const UplinkLimits& limits) {
    const std::uint32_t current = spool.currentLane();
    const std::vector<LaneView> lanes = spool.lanes();
    const auto behind = static_cast<std::size_t>(
        std::ranges::count_if(lanes, [](const LaneView& view) { return view.last > view.acknowledged; }));
    return current < limits.highestLane && behind < limits.lanes &&
           std::ranges::any_of(lanes, [&](const LaneView& view) {
               return view.lane == current && view.last - view.acknowledged > limits.newLaneFrom;
           });
}

}  // namespace apiary::agent
