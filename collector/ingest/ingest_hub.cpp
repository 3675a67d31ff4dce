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

constexpr std::size_t kOpenKept = 200'000;  // sessions remembered; the database knows the others
constexpr std::size_t kHelloWeight = 256;
constexpr std::chrono::milliseconds kIdle{1000};
constexpr std::chrono::seconds kCountAgain{10};  // the open sessions of a sensor that has too many

/// The ledger moved under us: another collector wrote this stream.
struct LedgerMoved {};

}  // namespace

IngestHub::IngestHub(SessionSink& sink, LiveFeed& feed, Clock clock, Settings settings)
    : sink_(sink), feed_(feed), clock_(std::move(clock)), settings_(settings), queue_(settings.queueBytes) {}

void IngestHub::hello(std::shared_ptr<IngestPeer> peer, const Uuid& sensor, const Uuid& stream,
                      std::vector<std::int16_t> lanes) {
    queue_.push(Hello{.peer = std::move(peer), .sensor = sensor, .stream = stream, .lanes = std::move(lanes)},
                kHelloWeight);
}

bool IngestHub::submit(std::shared_ptr<IngestPeer> peer, const Admission& admission, std::int32_t clockOffsetMs,
                       std::unique_ptr<v1::Batch> batch) {
    const std::size_t weight = batch->SpaceUsedLong();
    queue_.push(Pending{.peer = peer,
                        .sensorId = admission.sensorId,
                        .clockOffsetMs = clockOffsetMs,
                        .stream = admission.stream,
                        .batch = std::move(batch)},
                weight);
    if (!queue_.full()) {
        return true;
    }
    waitingForRoom_.with([&](auto& waiting) { waiting.push_back(std::move(peer)); });
    if (!queue_.full()) {
        notifyRoom();  // it was emptied between the two looks
    }
    return false;
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
        std::vector<Item> items = queue_.takeAll(1, std::chrono::milliseconds{0}, kIdle);
        notifyRoom();
        if (items.empty() && queue_.closed()) {
            return;
        }
        std::vector<Pending*> group;
        int entries = 0;
        const auto flush = [&] {
            if (!group.empty()) {
                writeGroup(group);
            }
            group.clear();
            entries = 0;
        };
        for (Item& item : items) {
            if (const auto* hello = std::get_if<Hello>(&item)) {
                flush();  // so that the answer counts what came before
                untilItWorks([&] { admit(*hello); });
                continue;
            }
            auto& pending = std::get<Pending>(item);
            if (entries + pending.batch->entries_size() > settings_.groupEntries) {
                flush();
            }
            entries += pending.batch->entries_size();
            group.push_back(&pending);
        }
        flush();
    }
}

void IngestHub::notifyRoom() {
    for (const auto& peer : waitingForRoom_.with([](auto& waiting) { return std::exchange(waiting, {}); })) {
        peer->roomAgain();
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
            positions_.clear();
            open_.clear();
            openCounts_.clear();
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

void IngestHub::admit(const Hello& hello) {
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

void IngestHub::writeGroup(std::span<Pending*> group) {
    const bool written = untilItWorks([&] {
        for (;;) {
            try {
                attempt(group);
                return;
            } catch (const LedgerMoved&) {
                for (const Pending* pending : group) {
                    positions_.erase({pending->stream, static_cast<std::int16_t>(pending->batch->lane())});
                }
            }
        }
    });
    if (!written) {
        log::warn("stopped with " + std::to_string(group.size()) + " batches unwritten; their sensors send them again");
    }
}

std::int64_t IngestHub::positionOf(const Pending& pending) {
    const LaneKey key{pending.stream, static_cast<std::int16_t>(pending.batch->lane())};
    const auto known = positions_.find(key);
    if (known != positions_.end()) {
        return known->second;
    }
    const auto position = sink_.position(pending.sensorId, key.first, key.second);
    return positions_[key] = position.value_or(-1);
}

/// Writes what of the group is new, and answers for the rest.
void IngestHub::attempt(std::span<Pending*> group) {
    std::vector<Part> parts;
    std::map<LaneKey, std::int64_t> planned;
    for (Pending* pending : group) {
        if (pending->done) {
            continue;
        }
        const v1::Batch& batch = *pending->batch;
        const auto lane = static_cast<std::int16_t>(batch.lane());
        const auto position = planned.try_emplace({pending->stream, lane}, positionOf(*pending)).first;
        const auto first = static_cast<std::int64_t>(batch.first_seq());
        const auto last = static_cast<std::int64_t>(batch.last_seq());
        if (position->second < 0) {
            pending->peer->outOfOrder("the spool belongs to another sensor");
            pending->done = true;
            continue;
        }
        switch (judge(position->second, first, last)) {
            case Verdict::Duplicate:
                if (positions_.at({pending->stream, lane}) >= last) {
                    pending->peer->committed(lane, last);
                    pending->done = true;
                }
                break;
            case Verdict::Gap:
                pending->peer->outOfOrder("records " + std::to_string(first) + ".." + std::to_string(last) +
                                          " of lane " + std::to_string(lane) + " where " +
                                          std::to_string(position->second + 1) + " was due");
                pending->done = true;
                break;
            case Verdict::New:
            case Verdict::Overlap:
                parts.push_back({.pending = pending,
                                 .part = {.stream = pending->stream,
                                          .sensorId = pending->sensorId,
                                          .clockOffsetMs = pending->clockOffsetMs,
                                          .batch = &batch,
                                          .from = firstBeyond(batch, position->second),
                                          .to = batch.entries_size(),
                                          .first = position->second + 1}});
                position->second = last;
                break;
        }
    }
    if (!parts.empty()) {
        commit(parts);
    }
    // A batch that came twice in one group is answered now that the first of the two is written.
    for (Pending* pending : group) {
        if (!pending->done) {
            pending->peer->committed(static_cast<std::int16_t>(pending->batch->lane()),
                                     static_cast<std::int64_t>(pending->batch->last_seq()));
            pending->done = true;
        }
    }
}

/// Writes the parts in one transaction. If it fails for what it holds, halves it down to the record.
void IngestHub::commit(std::span<const Part> parts) {
    IngestRows rows;
    WriteOutcome outcome = write(parts, rows);
    if (const auto* unfit = std::get_if<Unfit>(&outcome)) {
        if (parts.size() > 1) {
            commit(parts.first(parts.size() / 2));
            commit(parts.subspan(parts.size() / 2));
            return;
        }
        if (parts.front().part.size() > 1) {
            Part left = parts.front();
            Part right = left;
            left.part.to = right.part.from = left.part.from + left.part.size() / 2;
            right.part.first = left.part.last() + 1;
            commit(std::span(&left, 1));
            commit(std::span(&right, 1));
            return;
        }
        rows = RowBuilder::putAside(parts.front().part, *unfit);
        outcome = sink_.write(rows);
        if (std::holds_alternative<Unfit>(outcome)) {
            throw SinkUnavailable("a record cannot even be put aside: " + std::get<Unfit>(outcome).message);
        }
    }
    if (std::holds_alternative<Stale>(outcome)) {
        throw LedgerMoved{};
    }
    applied(parts, std::move(rows));
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
        return sink_.write(rows);
    } catch (const SinkUnavailable&) {
        throw;
    } catch (const std::bad_alloc&) {
        throw;  // the fault of the machine
    } catch (const std::exception& bug) {
        return Unfit{.sqlstate = {}, .message = std::string("no rows can be made of it: ") + bug.what()};
    }
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

/// After the commit: remembers where lanes and sessions stand, acknowledges, and tells those who watch.
void IngestHub::applied(std::span<const Part> parts, IngestRows rows) {
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
    if (!rows.quarantine.empty()) {
        const QuarantineRow& first = rows.quarantine.front();
        log::warn("put aside in quarantine: " + std::to_string(rows.quarantine.size()) +
                  " record(s), the first number " + std::to_string(first.seq) + " of lane " +
                  std::to_string(first.lane) + " of sensor " + std::to_string(first.sensorId) + ": " + first.reason);
    }
    for (const auto& [pending, part] : parts) {
        pending->peer->committed(part.lane(), part.last());
        pending->done = part.to == part.batch->entries_size();
    }
    feed_.publish({.opened = std::move(rows.opened), .ended = std::move(rows.closed)});
}

}  // namespace apiary::collector
