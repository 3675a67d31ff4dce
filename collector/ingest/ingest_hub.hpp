#pragma once

#include "collector/ingest/live_feed.hpp"
#include "collector/ingest/row_builder.hpp"
#include "collector/ingest/session_sink.hpp"
#include "common/concurrent/bounded_queue.hpp"
#include "common/concurrent/guarded.hpp"
#include "proto/apiary/v1/ingest.pb.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace apiary::collector {

/// A sensor's stream, as ingest sees it. Called on the hub's thread; must not block.
class IngestPeer {
public:
    virtual ~IngestPeer() = default;

    virtual void admitted(const Admission& admission) = 0;
    virtual void refused(const std::string& reason) = 0;

    /// All of the lane up to `seq` is in the database.
    virtual void committed(std::int16_t lane, std::int64_t seq) = 0;

    /// The stream cannot go on: what it sent does not follow what is committed. Nothing more of it is taken.
    virtual void outOfOrder(const std::string& reason) = 0;

    /// The queue was full, and is not any more.
    virtual void roomAgain() = 0;
};

/// Where the streams of all sensors meet the database: it collects their batches, writes those that wait together in
/// one transaction, and acknowledges them when that is committed.
///
/// Invariants: the records of a lane are written in their order and once, however often they are sent; an
/// acknowledgement follows its commit. When the database is away everything waits in the queue, whose bound stops the
/// readers. A record that the database refuses, or of which no rows can be made, is put aside with its reason and the
/// others go on.
///
/// hello(), submit() and stop() may be called from any thread and do not block; run() belongs to one thread, which is
/// the only one that uses the sink.
class IngestHub {
public:
    struct Settings {
        std::size_t queueBytes = std::size_t{64} << 20U;  // of batches that wait; what is being written comes on top
        int groupEntries = 5000;                          // in one transaction
        std::int64_t openSessions = 100'000;              // of one sensor; what it opens beyond goes to quarantine
        std::chrono::milliseconds firstPause{200};        // after the database failed
        std::chrono::milliseconds longestPause{5000};
        std::chrono::milliseconds stopWithin{5000};  // for what waits when stop() is called
    };
    using Clock = std::function<Moment()>;

    /// `sink` and `feed` must outlive the hub.
    IngestHub(SessionSink& sink, LiveFeed& feed, Clock clock, Settings settings);

    /// Asks to be admitted; admitted() or refused() follows.
    void hello(std::shared_ptr<IngestPeer> peer, const Uuid& sensor, const Uuid& stream,
               std::vector<std::int16_t> lanes);

    /// Takes a batch that checkBatch() passed. Returns whether there is room for more: if not, read no further until
    /// roomAgain(). After stop() batches are dropped: they were not acknowledged.
    bool submit(std::shared_ptr<IngestPeer> peer, const Admission& admission, std::int32_t clockOffsetMs,
                std::unique_ptr<v1::Batch> batch);

    /// Writes until stop() was called and the queue is empty, or the time for that is over.
    void run();

    void stop();

    /// False while the database does not answer.
    bool databaseAnswers() const { return answers_; }

private:
    struct Hello {
        std::shared_ptr<IngestPeer> peer;
        Uuid sensor;
        Uuid stream;
        std::vector<std::int16_t> lanes;
    };
    struct Pending {
        std::shared_ptr<IngestPeer> peer;
        std::int32_t sensorId = 0;
        std::int32_t clockOffsetMs = 0;
        Uuid stream;
        std::unique_ptr<v1::Batch> batch;
        bool done = false;
    };
    using Item = std::variant<Hello, Pending>;
    struct Part {
        Pending* pending = nullptr;
        BatchPart part;
    };
    using LaneKey = std::pair<Uuid, std::int16_t>;

    bool untilItWorks(const std::function<void()>& work);
    bool pause(std::chrono::milliseconds length);
    void admit(const Hello& hello);
    void writeGroup(std::span<Pending*> group);
    void attempt(std::span<Pending*> group);
    void commit(std::span<const Part> parts);
    WriteOutcome write(std::span<const Part> parts, IngestRows& rows);
    OpenCounts openOf(std::span<const Part> parts);
    void applied(std::span<const Part> parts, IngestRows rows);
    std::int64_t positionOf(const Pending& pending);
    void notifyRoom();

    SessionSink& sink_;
    LiveFeed& feed_;
    const Clock clock_;
    const Settings settings_;
    BoundedQueue<Item> queue_;
    /// Shared with the reactors: a stream may end while it waits for room.
    Guarded<std::vector<std::shared_ptr<IngestPeer>>> waitingForRoom_;
    std::mutex stopMutex_;
    std::condition_variable stopped_;
    bool stopping_ = false;
    std::chrono::steady_clock::time_point stopBy_;
    std::atomic<bool> answers_ = true;

    // Of the hub's thread.
    std::map<LaneKey, std::int64_t> positions_;
    SessionOwners open_;
    OpenCounts openCounts_;  // of sensors that were counted
    std::map<std::int32_t, Moment> countedAt_;
};

}  // namespace apiary::collector
