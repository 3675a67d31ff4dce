#include "collector/ingest/ingest_hub.hpp"

#include "common/log/log.hpp"

#include <algorithm>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::chrono::milliseconds kIdle{1000};
constexpr std::chrono::milliseconds kAtOnce{0};
constexpr int kStaleAtOnce = 500;  // sessions of one sensor that are closed between two groups
constexpr std::chrono::seconds kStaleEvery{5};

}  // namespace

IngestHub::IngestHub(SessionSink& sink, LiveFeed& feed, Clock clock, Settings settings)
    : sink_(sink),
      feed_(feed),
      clock_(std::move(clock)),
      settings_(settings),
      queue_({.bytes = settings.queueBytes,
              .bytesAlways = settings.queueBytes / 512,
              .bytesOfOne = settings.queueBytesOfOne,
              .bytesAtMost = 4 * settings.queueBytesOfOne,
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
        FairQueue::Taken taken = queue_.take(flight_ || staleLeft_ ? kAtOnce : kIdle);
        for (const auto& peer : taken.haveRoom) {
            peer->roomAgain();
        }
        const bool stale = staleDue(taken.batches.empty());
        if (!taken.batches.empty() && taken.hellos.empty() && !stale) {
            write(std::move(taken.batches), taken.more);
            continue;
        }
        const bool safe = secure();
        if (!safe) {
            giveUp(std::exchange(taken.batches, {}));
        } else if (stale && !taken.over) {
            closeStale();
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
            answers_ = true;
            if (std::exchange(refused_, false)) {
                log::info("the database takes records again");
            }
            return true;
        } catch (const SinkAway& away) {
            forget();
            answers_ = false;
            settings_.missed(away.what());
        } catch (const SinkUnavailable& unavailable) {
            forget();
            answers_ = false;
            if (!std::exchange(refused_, true)) {
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

void IngestHub::closeStale(std::int32_t sensorId, Moment before, const std::string& reason) {
    stale_.with([&](auto& stale) { stale.insert_or_assign(sensorId, StaleWish{.before = before, .reason = reason}); });
}

/// Whether sessions are to be closed now: whenever there is nothing else to do, and now and then if there always is.
bool IngestHub::staleDue(bool idle) const {
    return (idle || std::chrono::steady_clock::now() - staleAt_ >= kStaleEvery) &&
           stale_.with([](const auto& stale) { return !stale.empty(); });
}

/// Closes some of what no sensor closes any more. Nothing is under way, and of what is remembered to be open nothing is
/// believed any more: who speaks of it has it looked up, and opened again.
void IngestHub::closeStale() {
    const auto next =
        stale_.with([](const auto& stale) { return stale.empty() ? std::nullopt : std::optional(*stale.begin()); });
    staleLeft_ = false;
    staleAt_ = std::chrono::steady_clock::now();
    if (!next) {
        return;
    }
    const auto& [sensor, sessions] = *next;
    std::size_t closed = 0;
    try {
        closed = sink_.closeStale(sensor, sessions.before, sessions.reason, kStaleAtOnce);
    } catch (const SinkUnavailable&) {
        forget();
        return;  // it is tried again
    }
    if (closed > 0) {
        open_.clear();
        openCounts_.erase(sensor);
        log::info("sensor " + std::to_string(sensor) + ": " + std::to_string(closed) +
                  " session(s) closed as unfinished: " + sessions.reason);
    }
    staleLeft_ = stale_.with([&](auto& stale) {
        const auto now = stale.find(sensor);
        if (closed < kStaleAtOnce && now != stale.end() && now->second.before == sessions.before) {
            stale.erase(now);
        }
        return !stale.empty();
    });
}

void IngestHub::admit(const WaitingHello& hello) {
    auto answer = sink_.admit(hello.sensor, hello.stream, hello.lanes);
    if (const auto* refusal = std::get_if<Refusal>(&answer)) {
        hello.peer->refused(refusal->reason);
        return;
    }
    auto& admission = std::get<Admission>(answer);
    admission.setBack = setBack_.contains(admission.stream);
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
