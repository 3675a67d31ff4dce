#include "collector/ingest/ingest_hub.hpp"

#include "collector/ingest/batch_order.hpp"
#include "common/log/log.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <set>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::chrono::milliseconds kIdle{1000};
constexpr std::chrono::milliseconds kAtOnce{0};
constexpr int kApart = 100;  // groups that a sensor writes by itself after something of it was refused
constexpr std::chrono::seconds kCountAgain{10};  // the open sessions of a sensor that has too many

/// The ledger moved under us: another collector wrote this stream.
struct LedgerMoved {};

}  // namespace

IngestHub::IngestHub(SessionSink& sink, LiveFeed& feed, Clock clock, Settings settings)
    : sink_(sink),
      feed_(feed),
      clock_(std::move(clock)),
      settings_(settings),
      queue_({.bytes = settings.queueBytes,
              .bytesAlways = settings.queueBytes / 512,
              .bytesOfOne = settings.queueBytesOfOne,
              .groupEntries = settings.groupEntries,
              .groupBytes = settings.groupBytes}) {}

void IngestHub::hello(std::shared_ptr<IngestPeer> peer, const Uuid& sensor, const Uuid& stream,
                      std::vector<std::int16_t> lanes) {
    queue_.push(WaitingHello{.peer = std::move(peer), .sensor = sensor, .stream = stream, .lanes = std::move(lanes)});
}

bool IngestHub::submit(std::shared_ptr<IngestPeer> peer, const Admission& admission, std::int32_t clockOffsetMs,
                       std::unique_ptr<v1::Batch> batch) {
    const std::size_t bytes = batch->SpaceUsedLong();
    return queue_.push(WaitingBatch{.peer = std::move(peer),
                                    .sensorId = admission.sensorId,
                                    .clockOffsetMs = clockOffsetMs,
                                    .stream = admission.stream,
                                    .batch = std::move(batch),
                                    .bytes = bytes});
}

void IngestHub::stop() {
    {
        const std::lock_guard lock(stopMutex_);
        stopping_ = true;
        stopBy_ = std::chrono::steady_clock::now() + settings_.stopWithin;
    }
    stopped_.notify_all();
    queue_.close();
}

void IngestHub::run() {
    for (;;) {
        FairQueue::Taken taken = queue_.take(flight_ ? kAtOnce : kIdle);
        for (const auto& peer : taken.haveRoom) {
            peer->roomAgain();
        }
        if (!taken.batches.empty() && taken.hellos.empty()) {
            write(std::move(taken.batches), taken.more);
            continue;
        }
        const bool safe = secure();
        if (!safe) {
            giveUp(std::exchange(taken.batches, {}));
        }
        for (const WaitingHello& hello : taken.hellos) {
            untilItWorks([&] { admit(hello); });
        }
        if (!taken.batches.empty()) {
            write(std::move(taken.batches), taken.more);
        } else if (taken.over && safe) {
            return;
        }
    }
}

/// Does the work, again and again while the database is away. False if the time to stop came first.
bool IngestHub::untilItWorks(const std::function<void()>& work) {
    for (auto length = settings_.firstPause;; length = std::min(length * 2, settings_.longestPause)) {
        try {
            work();
            if (!answers_.exchange(true)) {
                log::info("the database answers again");
            }
            return true;
        } catch (const SinkUnavailable& unavailable) {
            forget();
            if (answers_.exchange(false)) {
                log::error(std::string("the database does not take records, they wait at the sensors: ") +
                           unavailable.what());
            }
        }
        if (!pause(length)) {
            return false;
        }
    }
}

/// Waits; false if the time to stop is over.
bool IngestHub::pause(std::chrono::milliseconds length) {
    std::unique_lock lock(stopMutex_);
    const auto until = std::chrono::steady_clock::now() + length;
    stopped_.wait_until(lock, until, [&] { return stopping_; });
    if (!stopping_) {
        return true;
    }
    if (std::chrono::steady_clock::now() >= stopBy_) {
        return false;
    }
    stopped_.wait_until(lock, std::min(until, stopBy_), [] { return false; });
    return std::chrono::steady_clock::now() < stopBy_;
}

void IngestHub::admit(const WaitingHello& hello) {
    auto answer = sink_.admit(hello.sensor, hello.stream, hello.lanes);
    if (const auto* refusal = std::get_if<Refusal>(&answer)) {
        hello.peer->refused(refusal->reason);
        return;
    }
    const auto& admission = std::get<Admission>(answer);
    for (const auto& [lane, position] : admission.positions) {
        if (position > 0) {  // else it may not be registered
            positions_[{admission.stream, lane}] = position;
        }
    }
    hello.peer->admitted(admission);
}

/// Writes the batches, or lets them take off; `more` wait behind them.
void IngestHub::write(std::vector<WaitingBatch> batches, bool more) {
    auto flight = std::make_unique<Flight>();
    flight->held = std::move(batches);
    const bool ordinary = alone_ == 0 && (flight_ || more) && planned(*flight) && built(*flight);
    if (ordinary && takeOff(*flight, more)) {
        flight_ = std::move(flight);
    } else if (ordinary || !secure()) {
        giveUp(std::move(flight->held));
    } else {
        alone_ = std::max(0, alone_ - 1);
        writeAlone(std::move(flight->held));
    }
}

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
        if (known == openCounts_.end() ||
            (known->second >= settings_.openSessions && now >= countedAt_[sensor] + kCountAgain)) {
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

/// Where lanes and sessions stand behind these rows.
void IngestHub::remember(const IngestRows& rows) {
    for (const LedgerStep& step : rows.ledger) {
        positions_[{step.stream, step.lane}] = step.last;
    }
    for (const auto& [sensor, count] : rows.openNow) {
        openCounts_[sensor] = count;
    }
    if (open_.size() > kOpenKept) {
        open_.clear();
    }
    for (const OpenRow& row : rows.opened) {
        open_[row.session] = {.sensorId = row.sensorId, .source = row.source, .protocol = row.protocol};
    }
    for (const Uuid& session : rows.openBefore) {
        open_.erase(session);
    }
}

/// What is remembered may not have come to pass.
void IngestHub::forget() {
    positions_.clear();
    open_.clear();
    openCounts_.clear();
}

/// After the commit: acknowledges, and tells those who watch.
void IngestHub::announce(std::span<const Part> parts, IngestRows rows) {
    counters_.committed(rows);
    if (!rows.quarantine.empty()) {
        const QuarantineRow& first = rows.quarantine.front();
        log::warn("put aside in quarantine: " + std::to_string(rows.quarantine.size()) +
                  " record(s), the first number " + std::to_string(first.seq) + " of lane " +
                  std::to_string(first.lane) + " of sensor " + std::to_string(first.sensorId) + ": " + first.reason);
    }
    for (const auto& [waiting, part] : parts) {
        waiting->peer->committed(part.lane(), part.last());
        waiting->done = part.to == part.batch->entries_size();
        if (waiting->done) {
            counters_.batchDone();
        }
        waiting->trial *= 2;  // what follows may be sound
    }
    feed_.publish({.opened = std::move(rows.opened), .ended = std::move(rows.closed)});
}

}  // namespace apiary::collector
