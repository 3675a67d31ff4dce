// The hub's transactions that are written alone: they find what is wrong with a record, and pass it.
#include "collector/ingest/batch_order.hpp"
#include "collector/ingest/ingest_hub.hpp"
#include "common/log/log.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <set>
#include <utility>

namespace apiary::collector {
namespace {

constexpr int kApart = 100;               // groups that a sensor writes by itself after something of it was refused
constexpr std::size_t kSetBack = 10'000;  // streams that are remembered
constexpr std::chrono::seconds kCountAgain{10};  // the open sessions of a sensor that has too many

/// The ledger moved under us: another collector wrote this stream.
struct LedgerMoved {};

}  // namespace

void IngestHub::writeAlone(std::vector<WaitingBatch> batches) {
    std::chrono::steady_clock::duration took{};
    const bool written = untilItWorks([&] {
        for (;;) {
            const auto start = std::chrono::steady_clock::now();
            try {
                attempt(batches);
                took = std::chrono::steady_clock::now() - start;
                return;
            } catch (const LedgerMoved&) {
                for (const WaitingBatch& waiting : batches) {
                    positions_.erase({waiting.stream, waiting.lane()});
                }
            }
        }
    });
    if (written) {
        settle(std::move(batches), took);
    } else {
        log::warn("stopped with " + std::to_string(batches.size()) +
                  " batches unwritten; their sensors send them again");
    }
}

std::int64_t IngestHub::positionOf(const WaitingBatch& waiting) {
    const LaneKey key{waiting.stream, waiting.lane()};
    const auto known = positions_.find(key);
    if (known != positions_.end()) {
        return known->second;
    }
    const auto position = sink_.position(waiting.sensorId, key.first, key.second);
    return positions_[key] = position.value_or(-1);
}

/// Whether records of the batch that are committed already, by their numbers, tell of sessions that nobody has heard
/// of.
bool IngestHub::contradicts(const WaitingBatch& waiting, std::int64_t committed) {
    const Window window = sink_.window(clock_());
    const Moment from = std::max(window.from, window.keptFrom);
    std::vector<SessionSink::Ending> endings;
    for (const v1::Entry& entry : waiting.batch->entries()) {
        v1::Record record;
        if (static_cast<std::int64_t>(entry.seq_end()) > committed || !record.ParseFromString(entry.record()) ||
            record.what_case() != v1::Record::kClosed) {
            continue;
        }
        const auto session = Uuid::ofBytes(record.session_id());
        if (session &&
            std::chrono::floor<Moment::duration>(session->time()) >= from) {  // the rows of those before have gone
            endings.push_back({.seq = static_cast<std::int64_t>(entry.seq()), .session = *session});
        }
    }
    return !endings.empty() && !sink_.findUnheardOf(waiting.stream, waiting.lane(), endings).empty();
}

/// What of a batch is new and to be written now, behind what is `planned` already; nothing if it is answered, or waits
/// for those before it.
std::optional<IngestHub::Part> IngestHub::partOf(WaitingBatch& waiting, std::map<LaneKey, std::int64_t>& planned) {
    const v1::Batch& batch = *waiting.batch;
    const std::int64_t known = positionOf(waiting);
    std::int64_t& position = planned.try_emplace({waiting.stream, waiting.lane()}, known).first->second;
    const auto first = static_cast<std::int64_t>(batch.first_seq());
    const auto last = static_cast<std::int64_t>(batch.last_seq());
    if (position < 0) {
        waiting.peer->outOfOrder("the spool belongs to another sensor");
        waiting.done = true;
        return std::nullopt;
    }
    if (setBack_.contains(waiting.stream) || (waiting.trial == 0 && first <= known && contradicts(waiting, known))) {
        if (setBack_.size() >= kSetBack) {
            setBack_.clear();  // they are found again
        }
        setBack_.insert(waiting.stream);
        waiting.peer->outOfOrder("records from number " + std::to_string(first) + " of lane " +
                                 std::to_string(waiting.lane()) +
                                 " are not those that were sent under these numbers before: the sensor's machine was "
                                 "set back to an older state, and its spool is to take a new id");
        waiting.done = true;
        return std::nullopt;
    }
    switch (judge(position, first, last)) {
        case Verdict::Duplicate:
            if (known >= last) {
                counters_.duplicate();
                waiting.peer->committed(waiting.lane(), last);
                waiting.done = true;
            }
            return std::nullopt;
        case Verdict::Gap:
            counters_.hole();
            waiting.peer->outOfOrder("records " + std::to_string(first) + ".." + std::to_string(last) + " of lane " +
                                     std::to_string(waiting.lane()) + " where " + std::to_string(position + 1) +
                                     " was due");
            waiting.done = true;
            return std::nullopt;
        case Verdict::New:
        case Verdict::Overlap:
            break;
    }
    Part part{.waiting = &waiting,
              .part = {.stream = waiting.stream,
                       .sensorId = waiting.sensorId,
                       .clockOffsetMs = waiting.clockOffsetMs,
                       .batch = &batch,
                       .from = firstBeyond(batch, position),
                       .to = batch.entries_size(),
                       .first = position + 1}};
    if (waiting.trial > 0) {
        part.part.to = std::min(part.part.to, part.part.from + waiting.trial);
    }
    position = part.part.last();
    return part;
}

/// Writes what of the batches is new, and answers for the rest. Those that are not answered then are to be tried again.
void IngestHub::attempt(std::vector<WaitingBatch>& batches) {
    std::vector<Part> parts;
    std::map<LaneKey, std::int64_t> planned;
    for (WaitingBatch& waiting : batches) {
        if (waiting.done) {
            continue;
        }
        if (const auto part = partOf(waiting, planned)) {
            parts.push_back(*part);
        }
    }
    std::ranges::stable_sort(parts, {}, [](const Part& part) { return part.part.sensorId; });
    if (!parts.empty()) {
        commit(parts);
    }
    // A batch that came twice is answered now that the first of the two is written.
    for (WaitingBatch& waiting : batches) {
        const auto last = static_cast<std::int64_t>(waiting.batch->last_seq());
        if (!waiting.done && positionOf(waiting) >= last) {
            counters_.duplicate();
            waiting.peer->committed(waiting.lane(), last);
            waiting.done = true;
        }
    }
}

/// Writes the parts in one transaction. If it fails for what it holds, halves it down to the sensor, whose batches are
/// then tried in smaller and smaller pieces, down to the record.
void IngestHub::commit(std::span<const Part> parts) {
    IngestRows rows;
    WriteOutcome outcome = write(parts, rows);
    if (const auto* unfit = std::get_if<Unfit>(&outcome)) {
        const std::int32_t middle = parts[parts.size() / 2].part.sensorId;
        if (parts.front().part.sensorId == parts.back().part.sensorId) {
            refused(parts, *unfit);
            return;
        }
        const auto half = std::ranges::find_if(parts, [&](const Part& part) {
            return middle == parts.front().part.sensorId ? part.part.sensorId != middle : part.part.sensorId == middle;
        });
        const auto left = static_cast<std::size_t>(half - parts.begin());
        commit(parts.first(left));
        commit(parts.subspan(left));
        return;
    }
    if (std::holds_alternative<Stale>(outcome)) {
        throw LedgerMoved{};
    }
    remember(rows);
    announce(parts, std::move(rows));
}

/// Parts of one sensor were refused: the next try is with half as many entries; a single one is put aside.
void IngestHub::refused(std::span<const Part> parts, const Unfit& why) {
    queue_.setApart(parts.front().part.sensorId, kApart);
    if (parts.size() == 1 && parts.front().part.size() == 1) {
        putAside(parts.front(), why);
        return;
    }
    for (const Part& part : parts) {
        part.waiting->trial = parts.size() > 1 ? part.part.size() : (part.part.size() + 1) / 2;
    }
}

void IngestHub::putAside(const Part& part, const Unfit& why) {
    IngestRows rows = RowBuilder::putAside(part.part, why);
    const WriteOutcome outcome = timedWrite(rows);
    if (const auto* unfit = std::get_if<Unfit>(&outcome)) {
        throw SinkUnavailable("a record cannot even be put aside: " + unfit->message);
    }
    if (std::holds_alternative<Stale>(outcome)) {
        throw LedgerMoved{};
    }
    remember(rows);
    announce(std::span(&part, 1), std::move(rows));
}

/// Puts back what is not answered, and charges a sensor for what its records took beyond their number.
void IngestHub::settle(std::vector<WaitingBatch> batches, std::chrono::steady_clock::duration took) {
    const double micros = std::chrono::duration<double, std::micro>(took).count();
    double cost = 0;
    std::set<std::int32_t> culprits;
    for (const WaitingBatch& waiting : batches) {
        cost += waiting.cost();
        if (waiting.trial > 0) {
            culprits.insert(waiting.sensorId);
        }
    }
    if (culprits.empty()) {
        microsPerCost_ += (micros / cost - microsPerCost_) / 16;
    }
    for (const std::int32_t sensor : culprits) {
        queue_.charge(sensor, micros / microsPerCost_ / static_cast<double>(culprits.size()));
    }
    std::erase_if(batches, [](const WaitingBatch& waiting) { return waiting.done; });
    queue_.giveBack(std::move(batches));
}

/// Makes rows of the parts and writes them. An exception on the way is taken for the fault of what they hold: a record
/// that nobody foresaw must not end the collector, and with it what all other sensors send.
WriteOutcome IngestHub::write(std::span<const Part> parts, IngestRows& rows) {
    const Window window = sink_.window(clock_());
    try {
        RowBuilder builder(open_, window);
        for (const Part& part : parts) {
            builder.add(part.part);
        }
        if (const auto unknown = builder.unknown(); !unknown.empty()) {
            open_.merge(sink_.findOpen(unknown));
        }
        if (const auto doubtful = builder.doubtful(); !doubtful.empty()) {
            builder.setEnded(sink_.findEnded(doubtful));
        }
        builder.limitOpen(settings_.openSessions, openOf(parts));
        rows = builder.build();
        return timedWrite(rows);
    } catch (const SinkUnavailable&) {
        throw;
    } catch (const std::bad_alloc&) {
        throw;  // the fault of the machine
    } catch (const std::exception& bug) {
        return Unfit{.sqlstate = {}, .message = std::string("no rows can be made of it: ") + bug.what()};
    }
}

WriteOutcome IngestHub::timedWrite(IngestRows& rows) {
    const auto began = std::chrono::steady_clock::now();
    WriteOutcome outcome = sink_.write(rows);
    counters_.wrote(std::chrono::steady_clock::now() - began);
    return outcome;
}

/// How many sessions the sensors of the parts have open. A sensor with too many is counted in the database now and
/// then: sessions that went aside or were closed for it are not followed here.
OpenCounts IngestHub::openOf(std::span<const Part> parts) {
    const Moment now = clock_();
    std::set<std::int32_t> sensors;
    std::vector<std::int32_t> unknown;
    for (const Part& part : parts) {
        const std::int32_t sensor = part.part.sensorId;
        if (!sensors.insert(sensor).second) {
            continue;
        }
        const auto known = openCounts_.find(sensor);
        if (known == openCounts_.end() || (known->second >= settings_.openSessions &&
                                           (now >= countedAt_[sensor] + kCountAgain || now < countedAt_[sensor]))) {
            unknown.push_back(sensor);
            countedAt_[sensor] = now;
        }
    }
    if (!unknown.empty()) {
        const OpenCounts counted = sink_.countOpen(unknown);
        for (const std::int32_t sensor : unknown) {
            const auto found = counted.find(sensor);
            openCounts_[sensor] = found == counted.end() ? 0 : found->second;
        }
    }
    OpenCounts present;
    for (const std::int32_t sensor : sensors) {
        present[sensor] = openCounts_[sensor];
    }
    return present;
}

}  // namespace apiary::collector
