#pragma once

#include "common/result.hpp"
#include "common/uuid.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// What a record is to the spool, which does not look inside.
enum class RecordKind : std::uint8_t {
    Opening = 1,      // first of its session
    Payload = 2,      // packets, pieces of uploads: the first to go when a bound is reached
    Observation = 3,  // evidence besides the bytes
    Closing = 4,      // last of its session: never dropped
    Probe = 5,
    Gap = 6,
    Manifest = 7,
};

/// A record before it has a number.
struct NewRecord {
    std::uint32_t lane = 0;
    Uuid session;  // nil for probes, gaps and manifests
    RecordKind kind = RecordKind::Observation;
    std::chrono::system_clock::time_point at;
    std::string body;
    /// Bytes that stand in `body` at `sharedAt`, and in other records too: the file keeps those of one such object once
    /// for many records. Null, or not empty.
    std::shared_ptr<const std::string> shared = {};
    std::size_t sharedAt = 0;
    bool fromAside = false;  // it may stand in what was set aside: with its commit all of that goes
};

/// A row of the spool: one record, or a gap that stands for all of seq..seqEnd.
struct SpoolRow {
    std::uint64_t seq = 0;
    std::uint64_t seqEnd = 0;
    Uuid session;
    RecordKind kind = RecordKind::Observation;
    std::string body;
};

struct LaneView {
    std::uint32_t lane = 0;
    std::uint64_t acknowledged = 0;  // all up to here
    std::uint64_t last = 0;          // highest number given out
};

/// Numbers of a lane that follow each other.
struct SpoolRange {
    std::uint32_t lane = 0;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};

/// Numbers of a lane of a spool that is gone, or was set back to an old copy.
struct LostNumbers {
    Uuid spool;
    std::uint32_t lane = 0;
    std::uint64_t kept = 0;  // what the file that is here now has of them: all up to here
    std::uint64_t last = 0;  // highest one that is known to have been given out
    bool exact = false;      // no higher one was; else there may be more, in other lanes too
};

struct SpoolSettings {
    std::string path;                                   // of the SQLite file; its folder must exist
    std::uint64_t bytes = std::uint64_t{1} << 30U;      // bound of the file
    std::uint64_t ballast = std::uint64_t{512} << 10U;  // kept beside it against others who fill the disk
    /// Writes the body of the gap that replaces dropped or damaged rows.
    struct Lost {
        std::string what;  // payload, spool
        std::uint64_t records = 0;
        std::uint64_t bytes = 0;
        std::chrono::system_clock::time_point from;
        std::chrono::system_clock::time_point to;
        std::string reason;
        std::optional<LostNumbers> numbers = {};  // of the spool before; `records` is 0 then
    };
    std::function<std::string(const Lost&)> gapBody;
    /// Writes the body that takes the place of the first payload row dropped of a session, and is an Observation:
    /// the trace, within the session, of what is missing. Without it that row becomes a gap like the others.
    std::function<std::string(const SpoolRow& first, const Lost&)> droppedBody = {};
    /// How many contacts a probe's record stands for: the gap in its place counts them. Without it: one.
    std::function<std::uint64_t(std::string_view body)> contacts = {};
    std::string vfs = {};  // SQLite's name of the file system layer; empty: its default
    /// So long a record waits for the text logs to hold what is to be dropped for it; then that is dropped all the
    /// same.
    std::chrono::milliseconds logPatience = std::chrono::seconds(5);
};

/// How near to its bound the spool may come. The last of it is kept for what makes room again: freeing rows, closing
/// the sessions of the run before, telling of a loss.
enum class SpoolRoom : std::uint8_t { Usual, Kept };

/// Waits before a disk that refused is tried again, for as long as it is told or shorter; false: try no more.
using RetryWait = std::function<bool(std::chrono::milliseconds)>;

/// The disk does not let the spool be read; the text names the file and says why. What is in it stays there, and a
/// later try may succeed.
class SpoolReadError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Durable, numbered records, kept until they are acknowledged (SQLite, WAL, synchronous=FULL).
///
/// Invariants: numbers of a lane have no hole; a number once given out is never given to another record; a row leaves
/// only when its number is acknowledged, its session is over, and release() was called behind it. Near the bound in
/// bytes payload of the longest sessions is replaced, in place, by gap rows; then probes, the oldest first; then
/// evidence of the longest sessions. Openings, closings, gaps and the traces of what was dropped never are: when only
/// they are left it is full(). Of sessions only what the text logs hold is dropped (see journalled()), as long as these
/// are written at all: what is in neither would be lost.
/// Shared bytes are committed with or before the first record that they stand in, and go with the last; a row that is
/// read has them in its body.
///
/// Everything may be called from any thread, and does its I/O on the caller's.
/// A commit that fails is in doubt: append() closes, reopens, compares and either goes on or writes again.
class Spool {
public:
    /// Opens or makes the spool. A damaged file is moved aside: a new id and a gap record for each lane take its place,
    /// which say up to which number it is gone. A file that came from another machine gets a new id. An Error says what
    /// stands in the way (folder, rights, locked).
    static Result<std::unique_ptr<Spool>> open(SpoolSettings settings);
    virtual ~Spool() = default;

    /// 16 random bytes that name this spool to the collector.
    virtual Uuid id() const = 0;

    /// The collector has records under this id that the file never gave out: it is an old copy, put back. From now on
    /// it has an id of its own, and a gap record for each lane that tells of the loss for `reason`. An Error: the disk
    /// refuses.
    virtual Status renew(const std::string& reason) = 0;

    /// Commits all of them, in order, and returns only when they are durable: the numbers they got, one each. While the
    /// disk refuses it waits by `wait` and tries again, and says so in the log; when `wait` is false it throws.
    virtual std::vector<std::uint64_t> append(std::span<const NewRecord> records, const RetryWait& wait,
                                              SpoolRoom room) = 0;
    std::vector<std::uint64_t> append(std::span<const NewRecord> records, const RetryWait& wait) {
        return append(records, wait, SpoolRoom::Usual);
    }

    /// Keeps these in the file without numbers, in the place of what was set aside before, and takes the room that is
    /// kept for it: give it no more than a hundredth of the bound. It goes when a record that says so is committed, and
    /// is there at the next start. Lane and session are not kept. False: the disk refuses.
    virtual bool setAside(std::span<const NewRecord> records) = 0;
    virtual std::vector<NewRecord> aside() = 0;

    /// How many of them, from the first on, append() commits before it makes room again. Who must call journalled()
    /// gives it no more at once: the rows of a batch that is larger than the spool would else wait for the end of the
    /// batch, acknowledged or not, and that for room.
    virtual std::size_t together(std::span<const NewRecord> records) const = 0;

    /// Rows of a lane behind `after`, in order, without hole: at most `records` of them and about `bytes`, but at least
    /// one if there is any. Throws SpoolReadError.
    virtual std::vector<SpoolRow> read(std::uint32_t lane, std::uint64_t after, std::size_t records,
                                       std::size_t bytes) const = 0;

    /// All of the lane up to `seq` is safe at the collector.
    virtual void acknowledge(std::uint32_t lane, std::uint64_t seq) = 0;

    /// The text logs hold what the lane's records up to `seq` say, and are synced. Once this was called for a lane,
    /// release() frees none of its rows behind it, nor any row of a session whose closing is behind it, and append()
    /// drops none of a session's behind it before it has waited for `logPatience`. Lanes that are opened later follow
    /// the one before.
    virtual void journalled(std::uint32_t lane, std::uint64_t seq) = 0;

    /// True while append() would have dropped rows if they had been journalled(): the sooner they are, the better.
    virtual bool wantsLogs() const = 0;

    /// Frees the rows that are acknowledged and whose session is over, in steps that hold up append() for milliseconds
    /// only. Call it after the journal was synced; in the product Recording::upkeep() does both.
    virtual void release() = 0;

    virtual std::vector<LaneView> lanes() const = 0;

    /// The lane for sessions that start from now on; openLane() begins the next one and returns it, or, if the disk
    /// refuses, the present one.
    virtual std::uint32_t currentLane() const = 0;
    virtual std::uint32_t openLane() = 0;

    /// Records that no acknowledgement covers, and the time of the oldest of them; while the disk cannot be read, the
    /// last one known.
    struct Backlog {
        std::uint64_t records = 0;
        std::optional<std::chrono::system_clock::time_point> oldest;
    };
    virtual Backlog backlog() const = 0;

    /// Sessions that have an opening but no closing, each with all its rows still here, in order. For recovery at
    /// start.
    struct OpenSession {
        Uuid session;
        std::uint32_t lane = 0;
        std::vector<SpoolRow> rows;
    };
    virtual std::vector<Uuid> openSessions() const = 0;

    /// Sessions that an earlier run closed, but whose logs were not known to be synced when it ended.
    virtual std::vector<Uuid> unjournalledSessions() const = 0;

    /// The rows of one of these sessions, of what was there when the spool was opened. Throws SpoolReadError.
    virtual OpenSession openSession(const Uuid& session) const = 0;

    /// Bytes that its records take, as of the last upkeep; the bound; and where it begins to drop payload.
    struct Usage {
        std::uint64_t used = 0;
        std::uint64_t bound = 0;
        std::uint64_t dropsFrom = 0;
    };
    virtual Usage usage() const = 0;

    /// True while what may be dropped is dropped and little room is left: begin nothing new, so that what is under way
    /// can be recorded to its end.
    virtual bool full() const = 0;

    /// Records dropped since the spool was opened.
    virtual std::uint64_t lost() const = 0;

    /// Numbers whose records were found damaged or missing since the last call, whatever they were, closings too.
    virtual std::vector<SpoolRange> takeDamaged() = 0;

    /// Called after each commit, on the appending thread: the uplink wakes up here.
    virtual void onAppended(std::function<void()> call) = 0;
};

}  // namespace apiary::agent
