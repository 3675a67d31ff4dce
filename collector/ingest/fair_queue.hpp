#pragma once

#include "collector/ingest/session_sink.hpp"
#include "proto/apiary/v1/ingest.pb.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// A sensor's stream, as ingest sees it. Called on the hub's thread, comeAgain() on any; must not block.
class IngestPeer {
public:
    virtual ~IngestPeer() = default;

    virtual void admitted(const Admission& admission) = 0;
    virtual void refused(const std::string& reason) = 0;

    /// All of the lane up to `seq` is in the database.
    virtual void committed(std::int16_t lane, std::int64_t seq) = 0;

    /// The stream cannot go on: what it sent does not follow what is committed. Nothing more of it is taken.
    virtual void outOfOrder(const std::string& reason) = 0;

    /// Nothing more of the stream is taken, for no fault of what it sent: its sensor is to connect again.
    virtual void comeAgain(const std::string& reason) = 0;

    /// There was no room for more, and is again.
    virtual void roomAgain() = 0;
};

/// A stream that asks to be let in.
struct WaitingHello {
    std::shared_ptr<IngestPeer> peer;
    Uuid sensor;
    Uuid stream;
    std::vector<std::int16_t> lanes;
};

/// A batch that waits to be written.
struct WaitingBatch {
    std::shared_ptr<IngestPeer> peer;
    std::int32_t sensorId = 0;
    std::int32_t clockOffsetMs = 0;
    Uuid stream;
    std::unique_ptr<v1::Batch> batch;
    std::size_t bytes = 0;  // that it takes in memory
    bool done = false;      // answered
    int trial = 0;          // entries to write at a time, because all of them together were refused; 0: all

    std::int16_t lane() const { return static_cast<std::int16_t>(batch->lane()); }

    /// What it costs to write, in the cost of an ordinary record.
    double cost() const { return batch->entries_size() + static_cast<double>(bytes) / 1024; }
};

/// What waits to be written, in a line for each sensor.
///
/// Every sensor gets the same share of the cost: the one that has had least is next, and one that comes back does not
/// get what it did not ask for meanwhile. So a sensor that sends little waits for none of those that send much. Of one
/// sensor the newest lane goes first; the batches of a lane keep their order. A sensor whose records the database
/// refused is written by itself for a while, at its own cost.
///
/// A sensor that has little or nothing waiting may always bring a batch, so that those who send much cannot fill the
/// queue before one who sends little; beyond that, what waits is bounded for each sensor and in all. One that connects
/// again and again cannot go round that: of its streams that ask to be let in the newest waits, in the place of the one
/// before, and what each of the others brought counts as its own. Everything but
/// take(), giveBack(), setApart() and charge(), which belong to one thread, may be called from any.
class FairQueue {
public:
    struct Bounds {
        std::size_t bytes = 0;        // in all
        std::size_t bytesAlways = 0;  // of one sensor, however much there is in all
        std::size_t bytesOfOne = 0;   // of one sensor
        std::size_t bytesAtMost = 0;  // of one sensor that does not heed that, as it comes with stream after stream
        int groupEntries = 0;         // taken together
        std::size_t groupBytes = 0;   // likewise; one batch may be larger than both
    };

    explicit FairQueue(Bounds bounds) : bounds_(bounds) {}

    /// False after close(): it is dropped.
    bool push(WaitingHello hello);

    /// Takes a batch; after close() it is dropped. Returns whether its peer may bring more at once; if not, the peer is
    /// named by a take() when there is room. If the sensor has `bytesAtMost` waiting already, the batch is
    /// dropped, and the peer told to come again.
    bool push(WaitingBatch batch);

    struct Taken {
        std::vector<WaitingHello> hellos;
        /// To be written in one transaction. Of a batch on trial, or a sensor set apart, nothing else is with it.
        std::vector<WaitingBatch> batches;
        std::vector<std::shared_ptr<IngestPeer>> haveRoom;
        bool more = false;  // batches are left
        bool over = false;  // closed, and nothing is left
    };

    /// Waits until something is there, for `idle` at most.
    Taken take(std::chrono::milliseconds idle);

    /// Puts batches of one sensor back, in their order, before all others of their lanes.
    void giveBack(std::vector<WaitingBatch> batches);

    /// Writes the sensor's batches with no others' for so many groups.
    void setApart(std::int32_t sensor, int groups);

    /// The sensor's records have cost so much more than their number says.
    void charge(std::int32_t sensor, double cost);

    /// Of all batches that wait.
    std::size_t bytes() const;

    /// Nothing is accepted any more; what is there may be taken.
    void close();

private:
    struct Line {
        std::map<std::int16_t, std::deque<WaitingBatch>, std::greater<>> lanes;  // none of them empty
        std::size_t bytes = 0;
        double used = 0;  // cost so far
        int apart = 0;
        std::vector<std::shared_ptr<IngestPeer>> waiting;  // for room
    };

    bool add(Line& line, WaitingBatch batch);
    bool hasRoom(const Line& line) const;
    static const WaitingBatch& front(const Line& line);
    template <typename Fits>
    Line* next(Fits fits);
    WaitingBatch pop(Line& line);
    void takeBatches(Taken& taken);
    void findRoom(Taken& taken);

    const Bounds bounds_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<WaitingHello> hellos_;
    std::map<std::int32_t, Line> lines_;
    std::size_t bytes_ = 0;
    double served_ = 0;  // what the sensor had used that was served last: who comes now begins there
    bool closed_ = false;
};

}  // namespace apiary::collector
