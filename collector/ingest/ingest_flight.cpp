// The hub's transactions that overlap.
#include "collector/ingest/batch_order.hpp"
#include "collector/ingest/ingest_hub.hpp"

#include <exception>
#include <new>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::size_t kNotDurable = 7;  // transactions that wait for the next one to reach the disk for them as well
constexpr int kAlone = 16;

}  // namespace

/// Makes the flight's parts, if all its batches are just what is due, and nothing about their sensors is unknown.
bool IngestHub::planned(Flight& flight) {
    if (open_.size() > kOpenKept) {
        return false;
    }
    std::map<LaneKey, std::int64_t> positions;
    for (WaitingBatch& waiting : flight.held) {
        const LaneKey key{waiting.stream, waiting.lane()};
        const auto known = positions_.find(key);
        const auto open = openCounts_.find(waiting.sensorId);
        if (known == positions_.end() || open == openCounts_.end() || open->second >= settings_.openSessions ||
            waiting.trial > 0 || setBack_.contains(waiting.stream)) {
            return false;
        }
        std::int64_t& position = positions.try_emplace(key, known->second).first->second;
        const v1::Batch& batch = *waiting.batch;
        const auto last = static_cast<std::int64_t>(batch.last_seq());
        if (position < 0 || judge(position, static_cast<std::int64_t>(batch.first_seq()), last) != Verdict::New) {
            return false;
        }
        flight.parts.push_back({.waiting = &waiting,
                                .part = {.stream = waiting.stream,
                                         .sensorId = waiting.sensorId,
                                         .clockOffsetMs = waiting.clockOffsetMs,
                                         .batch = &batch,
                                         .from = 0,
                                         .to = batch.entries_size(),
                                         .first = position + 1}});
        position = last;
    }
    return true;
}

/// Makes the flight's rows, if nothing is asked of the database that it may not know yet, as the flight before holds
/// it. Whatever is wrong with them is met again by writing them alone.
bool IngestHub::built(Flight& flight) {
    try {
        RowBuilder builder(open_, sink_.window(clock_()));
        OpenCounts counts;
        for (const Part& part : flight.parts) {
            builder.add(part.part);
            counts[part.part.sensorId] = openCounts_.at(part.part.sensorId);
        }
        if (!builder.unknown().empty()) {
            return false;
        }
        if (const auto doubtful = builder.doubtful(); !doubtful.empty()) {
            builder.setEnded(sink_.findEnded(doubtful));  // of those in the flight before nobody can know yet
        }
        builder.limitOpen(settings_.openSessions, std::move(counts));
        flight.rows = builder.build();
        return true;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception&) {
        return false;
    }
}

/// Sends the rows of the flight, lets the one before it land, and concludes it. False: everything under way is to be
/// given up.
bool IngestHub::takeOff(Flight& flight, bool more) {
    flight.tookOff = std::chrono::steady_clock::now();
    if (!sink_.begin(flight.rows) || !land()) {
        return false;
    }
    flight.durable = !more || landed_.size() >= kNotDurable;
    if (!sink_.conclude(flight.durable)) {
        return false;
    }
    remember(flight.rows);
    return true;
}

/// Waits until the flight is committed, and answers for what is durable with it. False: everything under way is to be
/// given up.
bool IngestHub::land() {
    if (!flight_) {
        return true;
    }
    if (!sink_.settle()) {
        return false;
    }
    counters_.wrote(std::chrono::steady_clock::now() - flight_->tookOff);
    landed_.push_back(std::move(flight_));
    if (landed_.back()->durable) {
        announceLanded();
    }
    return true;
}

/// Waits until nothing is under way, all is durable and answered for; false as for land().
bool IngestHub::secure() {
    if (!land()) {
        return false;
    }
    if (!landed_.empty()) {
        if (!sink_.harden()) {
            return false;
        }
        announceLanded();
    }
    return true;
}

void IngestHub::announceLanded() {
    for (const auto& flight : std::exchange(landed_, {})) {
        announce(flight->parts, std::move(flight->rows));
    }
}

/// Puts back everything under way, and what is `behind` it. The ledger tells how far it came when it comes again, and
/// then it is written alone, which finds what is wrong.
void IngestHub::giveUp(std::vector<WaitingBatch> behind) {
    sink_.abandon();
    forget();
    alone_ = kAlone;
    queue_.giveBack(std::move(behind));
    if (flight_) {
        landed_.push_back(std::move(flight_));
    }
    for (; !landed_.empty(); landed_.pop_back()) {
        queue_.giveBack(std::move(landed_.back()->held));
    }
}

}  // namespace apiary::collector
