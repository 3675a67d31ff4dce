#include "collector/ingest/fair_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::size_t kHellosAtOnce = 16;  // so that a crowd at the door does not stop those inside

}  // namespace

bool FairQueue::push(WaitingHello hello) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_) {
            return false;
        }
        hellos_.push_back(std::move(hello));
    }
    changed_.notify_one();
    return true;
}

bool FairQueue::push(WaitingBatch batch) {
    bool room = true;
    {
        const std::lock_guard lock(mutex_);
        if (closed_) {
            return true;
        }
        Line& line = lines_[batch.sensorId];
        if (line.lanes.empty()) {
            line.used = std::max(line.used, served_);
        }
        const auto peer = batch.peer;
        line.bytes += batch.bytes;
        bytes_ += batch.bytes;
        line.lanes[batch.lane()].push_back(std::move(batch));
        room = hasRoom(line);
        if (!room) {
            line.waiting.push_back(peer);
        }
    }
    changed_.notify_one();
    return room;
}

bool FairQueue::hasRoom(const Line& line) const {
    return line.lanes.empty() || (line.bytes < bounds_.bytesOfOne && bytes_ < bounds_.bytes);
}

FairQueue::Taken FairQueue::take(std::chrono::milliseconds idle) {
    Taken taken;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, idle, [&] { return !hellos_.empty() || bytes_ > 0 || closed_; });
    const std::size_t count = std::min(kHellosAtOnce, hellos_.size());
    std::move(hellos_.begin(), hellos_.begin() + static_cast<std::ptrdiff_t>(count), std::back_inserter(taken.hellos));
    hellos_.erase(hellos_.begin(), hellos_.begin() + static_cast<std::ptrdiff_t>(count));
    takeBatches(taken);
    findRoom(taken);
    taken.more = bytes_ > 0;
    taken.over = closed_ && taken.hellos.empty() && taken.batches.empty();
    return taken;
}

/// The sensor that has had least, of those that have something waiting; `together`: that may share a transaction.
FairQueue::Line* FairQueue::next(bool together) {
    Line* least = nullptr;
    for (auto& [sensor, line] : lines_) {
        if (line.lanes.empty() || (together && (line.apart > 0 || line.lanes.begin()->second.front().trial > 0))) {
            continue;
        }
        if (least == nullptr || line.used < least->used) {
            least = &line;
        }
    }
    return least;
}

WaitingBatch FairQueue::pop(Line& line) {
    const auto newest = line.lanes.begin();
    WaitingBatch batch = std::move(newest->second.front());
    newest->second.pop_front();
    if (newest->second.empty()) {
        line.lanes.erase(newest);
    }
    line.bytes -= batch.bytes;
    bytes_ -= batch.bytes;
    served_ = std::max(served_, line.used);
    line.used += batch.cost();
    return batch;
}

void FairQueue::takeBatches(Taken& taken) {
    Line* line = next(false);
    if (line == nullptr) {
        return;
    }
    const bool onTrial = line->lanes.begin()->second.front().trial > 0;
    const bool apart = line->apart > 0;
    if (apart) {
        --line->apart;
    }
    int entries = 0;
    std::size_t bytes = 0;
    while (line != nullptr) {
        const WaitingBatch& batch = line->lanes.begin()->second.front();
        const int more = batch.batch->entries_size();
        const bool fits = entries + more <= bounds_.groupEntries && bytes + batch.bytes <= bounds_.groupBytes;
        if (!taken.batches.empty() && (!fits || (!onTrial && batch.trial > 0))) {
            return;
        }
        entries += more;
        bytes += batch.bytes;
        taken.batches.push_back(pop(*line));
        if (onTrial) {
            return;
        }
        line = !apart ? next(true) : line->lanes.empty() ? nullptr : line;
    }
}

void FairQueue::findRoom(Taken& taken) {
    for (auto& [sensor, line] : lines_) {
        if (!line.waiting.empty() && hasRoom(line)) {
            std::ranges::move(std::exchange(line.waiting, {}), std::back_inserter(taken.haveRoom));
        }
    }
}

void FairQueue::giveBack(std::vector<WaitingBatch> batches) {
    const std::lock_guard lock(mutex_);
    for (; !batches.empty(); batches.pop_back()) {
        WaitingBatch& batch = batches.back();
        Line& line = lines_[batch.sensorId];
        line.bytes += batch.bytes;
        bytes_ += batch.bytes;
        line.used -= batch.cost();
        line.lanes[batch.lane()].push_front(std::move(batch));
    }
}

void FairQueue::setApart(std::int32_t sensor, int groups) {
    const std::lock_guard lock(mutex_);
    lines_[sensor].apart = groups;
}

void FairQueue::charge(std::int32_t sensor, double cost) {
    const std::lock_guard lock(mutex_);
    lines_[sensor].used += cost;
}

void FairQueue::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    changed_.notify_all();
}

}  // namespace apiary::collector
