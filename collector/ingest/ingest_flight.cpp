// The hub's transactions that overlap.
#include "collector/ingest/batch_order.hpp"
#include "collector/ingest/ingest_hub.hpp"

#include <exception>
#include <map>
#include <memory>
#include <new>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::size_t kNotDurable = 7;  // transactions that wait for the next one to reach the disk for them as well

}  // namespace

/// Sends the rows of the flight, lets the one before it land, and concludes it. False: nothing of it was written, or it
/// is not known whether it was; the ledger knows.
bool IngestHub::takeOff(Flight& flight, bool more) {
    if (!planned(flight)) {
        return false;
    }
    try {
        RowBuilder builder(open_, sink_.window(clock_()));
        for (const Part& part : flight.parts) {
            builder.add(part.part);
        }
        if (!builder.unknown().empty()) {
            return false;  // the database may know of them, once the flight before has landed
        }
        flight.rows = builder.build();
        if (!sink_.begin(flight.rows)) {
            writeAgain();
            return false;
        }
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception&) {
        sink_.abandon();
        writeAgain();
        return false;  // write() meets it again
    }
    if (!land()) {
        return false;
    }
    flight.durable = !more || landed_.size() >= kNotDurable;
    if (!sink_.conclude(flight.durable)) {
        writeAgain();
        return false;
    }
    remember(flight.rows);
    return true;
}

/// Makes the flight's parts, if all its batches are just what is due.
bool IngestHub::planned(Flight& flight) const {
    if (open_.size() > kOpenKept) {
        return false;
    }
    std::map<LaneKey, std::int64_t> positions;
    for (Pending& pending : flight.held) {
        const LaneKey key{pending.stream, static_cast<std::int16_t>(pending.batch->lane())};
        const auto known = positions_.find(key);
        if (known == positions_.end()) {
            return false;
        }
        const auto position = positions.try_emplace(key, known->second).first;
        const v1::Batch& batch = *pending.batch;
        const auto last = static_cast<std::int64_t>(batch.last_seq());
        if (position->second < 0 ||
            judge(position->second, static_cast<std::int64_t>(batch.first_seq()), last) != Verdict::New) {
            return false;
        }
        flight.parts.push_back({.pending = &pending,
                                .part = {.stream = pending.stream,
                                         .sensorId = pending.sensorId,
                                         .clockOffsetMs = pending.clockOffsetMs,
                                         .batch = &batch,
                                         .from = 0,
                                         .to = batch.entries_size(),
                                         .first = position->second + 1}});
        position->second = last;
    }
    return true;
}

/// Waits until the flight is committed, and answers for what is durable with it. If it is not, writes it once more, and
/// what had landed before: false, and then what has begun behind it is given up, too.
bool IngestHub::land() {
    if (!flight_) {
        return true;
    }
    if (!sink_.settle()) {
        writeAgain();
        return false;
    }
    landed_.push_back(std::move(flight_));
    if (landed_.back()->durable) {
        announceLanded();
    }
    return true;
}

/// Waits until nothing is under way, all is durable and answered for.
void IngestHub::secure() {
    land();
    if (landed_.empty()) {
        return;
    }
    if (sink_.harden()) {
        announceLanded();
    } else {
        writeAgain();
    }
}

void IngestHub::announceLanded() {
    for (const auto& flight : std::exchange(landed_, {})) {
        announce(flight->parts, std::move(flight->rows));
    }
}

/// The sink has given up what was under way: the ledger tells how far it came, and what has landed with it.
void IngestHub::writeAgain() {
    forget();
    if (flight_) {
        landed_.push_back(std::move(flight_));
    }
    for (const auto& flight : std::exchange(landed_, {})) {
        writeAlone(flight->held);
    }
}

}  // namespace apiary::collector
