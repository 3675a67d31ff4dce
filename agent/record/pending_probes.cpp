#include "agent/record/pending_probes.hpp"

#include "agent/record/record_bodies.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <iterator>
#include <utility>

namespace apiary::agent {
namespace {

constexpr auto kTogether = std::chrono::milliseconds(250);
constexpr auto kBetweenKeeps = std::chrono::seconds(1);

/// Bytes of them that are kept in the file: written anew each time, and out of what it has in reserve.
constexpr std::uint64_t kMostKept = std::uint64_t{256} << 10U;
constexpr std::uint64_t kPartKept = 128;  // of the bound

}  // namespace

PendingProbes::PendingProbes(Spool& spool) : spool_(spool) {}

void PendingProbes::add(const Refusal& refusal) {
    fold_.with([&](ProbeFold& fold) { fold.add(refusal); });
}

void PendingProbes::add(const SeenProbe& probe) {
    fold_.with([&](ProbeFold& fold) { fold.add(probe); });
}

void PendingProbes::lose(std::uint64_t packets, WallTime from, WallTime to) {
    fold_.with([&](ProbeFold& fold) { fold.lose(packets, from, to); });
}

void PendingProbes::recover() {
    earlier_ = spool_.aside();
}

std::vector<NewRecord> PendingProbes::due(bool last) {
    assert(given_.empty());
    if (spool_.full()) {
        keep(last);
        if (!last || !changed_) {
            return {};
        }
    }
    // Thousands of records take their time to make: not while those who accept connections wait for the lock.
    held_.add(fold_.with([&](ProbeFold& fold) {
        const bool ready = !fold.empty() && (last || Steady::now() - fold.since() >= kTogether);
        return ready ? std::exchange(fold, ProbeFold()) : ProbeFold();
    }));
    given_ = std::exchange(earlier_, {});
    std::ranges::move(held_.take(spool_.currentLane()), std::back_inserter(given_));
    for (NewRecord& record : given_) {
        record.lane = spool_.currentLane();
        record.fromAside = true;
    }
    changed_ = !given_.empty();
    return given_;
}

void PendingProbes::committed(std::span<const NewRecord> records) {
    const auto count = std::ranges::count_if(records, &NewRecord::fromAside);
    if (count > 0) {
        given_.erase(given_.begin(), given_.begin() + count);
        changed_ = !given_.empty() || !held_.empty();
    }
}

void PendingProbes::keep(bool atOnce) {
    if (!atOnce && Steady::now() < nextKeep_) {
        return;
    }
    ProbeFold fresh = fold_.with([](ProbeFold& fold) { return std::exchange(fold, ProbeFold()); });
    changed_ = changed_ || !fresh.empty();
    held_.add(std::move(fresh));
    if (changed_) {
        nextKeep_ = Steady::now() + kBetweenKeeps;
        changed_ = !spool_.setAside(waiting());
    }
}

std::vector<NewRecord> PendingProbes::waiting() const {
    std::vector<NewRecord> all = earlier_;
    all.insert(all.end(), given_.begin(), given_.end());
    std::ranges::move(held_.records(spool_.currentLane()), std::back_inserter(all));
    std::uint64_t room = std::min(kMostKept, spool_.usage().bound / kPartKept);
    auto end = all.begin();
    for (; end != all.end() && end->body.size() <= room; ++end) {
        room -= end->body.size();
    }
    ProbeFold rest;
    for (auto at = end; at != all.end(); ++at) {
        v1::Record record;
        record.ParseFromString(at->body);
        const auto until = record.has_gap() ? record.gap().to_us() : record.probe().ended_at_us();
        rest.lose(record.has_gap() ? record.gap().records() : record.probe().packets(), at->at, timeOfMicros(until));
    }
    all.erase(end, all.end());
    std::ranges::move(rest.take(spool_.currentLane()), std::back_inserter(all));
    return all;
}

}  // namespace apiary::agent
