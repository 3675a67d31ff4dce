#include "collector/ingest/fair_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::size_t kHellosAtOnce = 16;  // so that a crowd at the door does not stop those inside

}  // namespace

bool FairQueue::push(WaitingHello hello) {
    std::shared_ptr<IngestPeer> older;
    {
        const std::lock_guard lock(mutex_);
        if (closed_) {
            return false;
        }
        const auto same = std::ranges::find(hellos_, hello.sensor, &WaitingHello::sensor);
        if (same == hellos_.end()) {
            hellos_.push_back(std::move(hello));
        } else {
            older = std::exchange(*same, std::move(hello)).peer;
        }
    }
    changed_.notify_one();
    if (older) {
        older->comeAgain("a newer stream of this sensor takes over");
    }
    return true;
}

bool FairQueue::push(WaitingBatch batch) {
    const auto peer = batch.peer;
    bool room = true;
    bool tooMuch = false;
    {
        const std::lock_guard lock(mutex_);
        if (closed_) {
            return true;
        }
        Line& line = lines_[batch.sensorId];
        tooMuch = line.bytes >= bounds_.bytesAtMost;
        room = !tooMuch && add(line, std::move(batch));
    }
    changed_.notify_one();
    if (tooMuch) {
        peer->comeAgain("what earlier streams of this sensor brought is still to be written");
    }
    return room;
}

/// Returns whether there is room for another.
bool FairQueue::add(Line& line, WaitingBatch batch) {
    if (line.lanes.empty()) {
        line.used = std::max(line.used, served_);
    }
    const auto peer = batch.peer;
    line.bytes += batch.bytes;
    bytes_ += batch.bytes;
    line.lanes[batch.lane()].push_back(std::move(batch));
    const bool room = hasRoom(line);
    if (!room) {
        line.waiting.push_back(peer);
    }
    return room;
}

bool FairQueue::hasRoom(const Line& line) const {
    return line.bytes <= bounds_.bytesAlways || (line.bytes < bounds_.bytesOfOne && bytes_ < bounds_.bytes);
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

const WaitingBatch& FairQueue::front(const Line& line) {
    return line.lanes.begin()->second.front();
}

/// The sensor that has had least, of those whose next batch may be taken.
template <typename Fits>
FairQueue::Line* FairQueue::next(Fits fits) {
    Line* least = nullptr;
    for (auto& [sensor, line] : lines_) {
        if (!line.lanes.empty() && (least == nullptr || line.used < least->used) && fits(line)) {
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
    Line* const first = next([](const Line&) { return true; });
    if (first == nullptr) {
        return;
    }
    const bool onTrial = front(*first).trial > 0;
    const bool apart = first->apart > 0;
    if (apart) {
        --first->apart;
    }
    int entries = 0;
    std::size_t bytes = 0;
    // A batch that is too large for what is left is the first of the next group: its sensor has had least then.
    const auto fits = [&](const Line& line) {
        const WaitingBatch& batch = front(line);
        return batch.trial == 0 && entries + batch.batch->entries_size() <= bounds_.groupEntries &&
               bytes + batch.bytes <= bounds_.groupBytes && (apart ? &line == first : line.apart == 0);
    };
    for (Line* line = first; line != nullptr; line = onTrial ? nullptr : next(fits)) {
        entries += front(*line).batch->entries_size();
        bytes += front(*line).bytes;
        taken.batches.push_back(pop(*line));
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

std::size_t FairQueue::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

void FairQueue::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    changed_.notify_all();
}

}  // namespace apiary::collector
