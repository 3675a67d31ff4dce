#pragma once

#include "collector/ingest/fair_queue.hpp"
#include "collector/ingest/ingest_counters.hpp"
#include "collector/ingest/live_feed.hpp"
#include "collector/ingest/row_builder.hpp"
#include "collector/ingest/session_sink.hpp"
#include "common/concurrent/guarded.hpp"
#include "proto/apiary/v1/ingest.pb.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace apiary::collector {

/// Where the streams of all sensors meet the database: it collects their batches, writes those that wait together in
/// one transaction, and acknowledges them when that is committed and on disk. While a transaction is counted and
/// committed the rows of the next one travel already, unless something about either is out of the ordinary.
///
/// Invariants: the records of a lane are written in their order and once, however often they are sent; an
/// acknowledgement follows its commit; every sensor gets its share, as FairQueue says. When the database is away
/// everything waits in the queue, whose bounds stop the readers. A record that the database refuses, or of which no
/// rows can be made, is put aside with its reason; finding it is at the cost of its sensor, step by step between what
/// the others send. What is sent again is answered as committed only if it says nothing that contradicts that: a
/// machine that was set back to a snapshot gives its numbers out a second time.
///
/// hello(), submit(), closeStale() and stop() may be called from any thread and do not block; run() belongs to one
/// thread, which is the only one that uses the sink.
class IngestHub {
public:
    struct Settings {
        std::size_t queueBytes = std::size_t{64} << 20U;  // of batches that wait; what is being written comes on top
        std::size_t queueBytesOfOne = std::size_t{8} << 20U;  // of those of one sensor
        int groupEntries = 5000;                              // in one transaction
        std::size_t groupBytes = std::size_t{8} << 20U;       // likewise, in memory
        std::int64_t openSessions = 100'000;                  // of one sensor; what it opens beyond goes to quarantine
        std::chrono::milliseconds firstPause{200};            // after the database failed
        std::chrono::milliseconds longestPause{5000};
        std::chrono::milliseconds stopWithin{5000};  // for what waits when stop() is called
        /// Told, on run()'s thread, why there is no database, each time that it is missed: it says so in the log.
        std::function<void(const std::string&)> missed = [](const std::string& /*why*/) {};
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

    /// Has the sensor's sessions closed as unfinished that began before the time and are open still, between what is
    /// written: as SessionSink::closeStale(). A later wish for the same sensor takes the place of this one.
    void closeStale(std::int32_t sensorId, Moment before, const std::string& reason);

    /// Writes until stop() was called and the queue is empty, or the time for that is over.
    void run();

    void stop();

    /// False while the database does not answer.
    bool databaseAnswers() const { return answers_; }

    IngestCounters::View counters() const { return counters_.view(); }

    /// Bytes of batches that wait, and how many may.
    std::size_t queuedBytes() const { return queue_.bytes(); }
    std::size_t queueLimit() const { return settings_.queueBytes; }

private:
    struct Part {
        WaitingBatch* waiting = nullptr;
        BatchPart part;
    };
    using LaneKey = std::pair<Uuid, std::int16_t>;

    /// Batches whose transaction is on its way. What is remembered of lanes and sessions counts it already.
    struct Flight {
        std::vector<WaitingBatch> held;
        std::vector<Part> parts;  // point into it
        IngestRows rows;
        bool durable = true;
        std::chrono::steady_clock::time_point tookOff;
    };
    static constexpr std::size_t kOpenKept = 200'000;  // sessions remembered; the database knows the others

    struct StaleWish {
        Moment before;
        std::string reason;
    };

    bool untilItWorks(const std::function<void()>& work);
    bool pause(std::chrono::milliseconds length);
    bool staleDue(bool idle) const;
    void closeStale();
    void admit(const WaitingHello& hello);
    void write(std::vector<WaitingBatch> batches, bool more);
    bool planned(Flight& flight);
    bool built(Flight& flight);
    bool takeOff(Flight& flight, bool more);
    bool land();
    bool secure();
    void announceLanded();
    void giveUp(std::vector<WaitingBatch> behind);
    void writeAlone(std::vector<WaitingBatch> batches);
    void attempt(std::vector<WaitingBatch>& batches);
    bool contradicts(const WaitingBatch& waiting, std::int64_t committed);
    std::optional<Part> partOf(WaitingBatch& waiting, std::map<LaneKey, std::int64_t>& planned);
    void commit(std::span<const Part> parts);
    void putAside(const Part& part, const Unfit& why);
    WriteOutcome write(std::span<const Part> parts, IngestRows& rows);
    WriteOutcome timedWrite(IngestRows& rows);
    OpenCounts openOf(std::span<const Part> parts);
    void refused(std::span<const Part> parts, const Unfit& why);
    void remember(const IngestRows& rows);
    void forget();
    void announce(std::span<const Part> parts, IngestRows rows);
    void settle(std::vector<WaitingBatch> batches, std::chrono::steady_clock::duration took);
    std::int64_t positionOf(const WaitingBatch& waiting);

    SessionSink& sink_;
    LiveFeed& feed_;
    const Clock clock_;
    const Settings settings_;
    FairQueue queue_;
    std::mutex stopMutex_;
    std::condition_variable stopped_;
    bool stopping_ = false;
    std::chrono::steady_clock::time_point stopBy_;
    std::atomic<bool> answers_ = true;
    IngestCounters counters_;
    Guarded<std::map<std::int32_t, StaleWish>> stale_;  // by sensor

    // Of the hub's thread.
    bool refused_ = false;  // by a database that is there, which is said
    bool staleLeft_ = false;
    std::chrono::steady_clock::time_point staleAt_;
    std::map<LaneKey, std::int64_t> positions_;
    std::set<Uuid> setBack_;  // streams whose numbers stand for other records than those that are committed
    SessionOwners open_;
    OpenCounts openCounts_;  // of sensors that were counted
    std::map<std::int32_t, Moment> countedAt_;
    std::unique_ptr<Flight> flight_;               // concluded, not settled
    std::vector<std::unique_ptr<Flight>> landed_;  // committed before it, but not known to be durable
    int alone_ = 0;                                // groups to be written without overlapping, as something went wrong
    double microsPerCost_ = 30;                    // what an ordinary record has taken lately
};

}  // namespace apiary::collector
