#pragma once

#include "collector/ingest/rows.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace apiary::collector {

/// The sink cannot work now (no database, a connection that broke, a commit in doubt). Nothing is known of what was
/// under way: ask it again for the positions.
class SinkUnavailable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// It cannot because there is no database, or none any more.
class SinkAway final : public SinkUnavailable {
public:
    using SinkUnavailable::SinkUnavailable;
};

/// What evidence needs to know of its session.
struct SessionOwner {
    std::int32_t sensorId = 0;
    Endpoint source;
    std::string protocol;
};
using SessionOwners = std::unordered_map<Uuid, SessionOwner>;

/// How many sessions sensors have open.
using OpenCounts = std::map<std::int32_t, std::int64_t>;

/// Highest committed number of each lane of a stream.
using LanePositions = std::map<std::int16_t, std::int64_t>;

/// A sensor that may send.
struct Admission {
    std::int32_t sensorId = 0;
    Uuid stream;
    LanePositions positions;
    bool setBack{};  // what it sent under numbers that it had given out before contradicts what is stored
};
/// A sensor that may not; the reason is for our log.
struct Refusal {
    std::string reason;
};

/// Rows are accepted whose session began in [from, to), and not before `keptFrom`: earlier days retention has dropped.
struct Window {
    Moment from;
    Moment to;
    Moment keptFrom{};
};

struct Committed {};
/// The ledger did not stand where the rows begin: ask again for the positions.
struct Stale {};
/// The database refuses the rows for what they hold.
struct Unfit {
    std::string sqlstate;
    std::string message;
};
using WriteOutcome = std::variant<Committed, Stale, Unfit>;

/// What ingest asks, and has done, before it writes. Used by one thread; every call may block, and throws
/// SinkUnavailable when the database fails: nothing of that call has happened then.
class SessionLedger {
public:
    virtual ~SessionLedger() = default;

    /// Looks up a sensor, and how far the lanes of its spool are committed: those asked for, and others that it has.
    /// Registers the first of them, and with it whose the spool is; position() registers the others. The positions are
    /// safe.
    virtual std::variant<Admission, Refusal> admit(const Uuid& sensor, const Uuid& stream,
                                                   std::span<const std::int16_t> lanes) = 0;

    /// The highest committed number of a lane, which is safe; the lane is registered if it is new. Nothing if the
    /// stream is another sensor's.
    virtual std::optional<std::int64_t> position(std::int32_t sensorId, const Uuid& stream, std::int16_t lane) = 0;

    /// Those of the sessions that are open, in the database; closeStale() does not count as their end.
    virtual SessionOwners findOpen(std::span<const Uuid> sessions) = 0;

    /// Those of the sessions that have ended, in the database.
    virtual std::vector<Uuid> findEnded(std::span<const Uuid> sessions) = 0;

    /// The end of a session, as record `seq` of its lane says it.
    struct Ending {
        std::int64_t seq = 0;
        Uuid session;
    };
    /// Those of the sessions of which the database knows nothing, although these records of the lane are committed: no
    /// row, open or ended, and the record is not in quarantine either.
    virtual std::vector<Uuid> findUnheardOf(const Uuid& /*stream*/, std::int16_t /*lane*/,
                                            std::span<const Ending> /*endings*/) {
        return {};
    }

    /// How many sessions each of these sensors has open, in the database.
    virtual OpenCounts countOpen(std::span<const std::int32_t> sensors) = 0;

    /// Closes as unfinished at most `most` of the sensor's open sessions that began before the time, the oldest first;
    /// returns how many. If anybody speaks of one of them again, findOpen() opens it anew. Nothing may be under way.
    virtual std::size_t closeStale(std::int32_t /*sensorId*/, Moment /*before*/, const std::string& /*reason*/,
                                   int /*most*/) {
        return 0;
    }

    virtual Window window(Moment now) = 0;
};

/// Where ingest puts what it has made of records. As its ledger is; of a write() that throws it is not known whether it
/// has happened.
class SessionSink : public SessionLedger {
public:
    /// All of it in one transaction, the ledger first; or nothing. Tags what is known before it is written.
    virtual WriteOutcome write(IngestRows& rows) = 0;

    /// The way for rows that are expected to be fit and the next ones of their streams, by which the rows of a
    /// transaction travel while the one before it is counted and committed: begin(), then settle() of the one before,
    /// then conclude(), then, when the next one has begun, settle(). Other calls but write() may come between. If a
    /// step returns false, or throws, both are given up, and of one that was concluded it is not known whether it is
    /// committed: ask for the positions, and write() what is new. `rows` must outlive its settle().
    virtual bool begin(IngestRows&) { return false; }
    /// All before it are committed: it goes on to its commit, behind the ledger. Does not wait for it. One that is not
    /// `durable` is safe only when a later one is, or behind harden(): until then a crash of the database may undo it.
    virtual bool conclude(bool /*durable*/) { return false; }
    /// Waits until the one that was concluded is committed.
    virtual bool settle() { return false; }
    /// Waits until all that is settled is safe. Nothing may be under way.
    virtual bool harden() { return false; }
    /// Gives up what has begun and what is not settled.
    virtual void abandon() {}
};

}  // namespace apiary::collector
