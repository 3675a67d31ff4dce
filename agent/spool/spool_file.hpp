#pragma once

#include "agent/spool/spool.hpp"
#include "agent/spool/sqlite.hpp"
#include "common/uuid.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace apiary::agent {

/// Where a row lies in the table: lane and number in one integer, so that a lane grows at its end.
constexpr unsigned kSeqBits = 44;
constexpr std::uint64_t kHighestSeq = (std::uint64_t{1} << kSeqBits) - 1;
constexpr std::int64_t rowKey(std::uint32_t lane, std::uint64_t seq) {
    return static_cast<std::int64_t>((static_cast<std::uint64_t>(lane) << kSeqBits) | seq);
}
constexpr std::uint32_t laneOf(std::int64_t key) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(key) >> kSeqBits);
}
constexpr std::uint64_t seqOf(std::int64_t key) {
    return static_cast<std::uint64_t>(key) & kHighestSeq;
}

std::int64_t microsOf(std::chrono::system_clock::time_point at);
std::chrono::system_clock::time_point timeOf(std::int64_t micros);

/// A lane as the file has it.
struct LaneState {
    std::uint64_t last = 0;
    std::uint64_t acknowledged = 0;
    std::optional<std::uint64_t> journalled;
    std::uint64_t scanned = 0;  // table session is right for the openings up to here
    std::uint64_t cleanTo = 0;  // rows up to here are gone, or of sessions that are held
    bool again = false;         // one of those sessions is over since
};

/// A session whose rows must stay: open, or its text log is not known to be synced.
struct HeldSession {
    std::uint32_t lane = 0;
    std::uint64_t first = 0;
    std::uint64_t closing = 0;        // 0 while it is open
    bool stored = false;              // stands in table session
    bool leftBehind = false;          // release() passed rows of it
    std::vector<std::uint64_t> rows;  // those that were there when the file was opened
};

/// What the writer knows of its file; as committed, but for what the next transaction carries along.
struct SpoolLedger {
    std::map<std::uint32_t, LaneState> lanes;
    std::unordered_map<Uuid, HeldSession> held;
};

/// A row as the table has it, gap columns included.
struct StoredRow {
    std::int64_t key = 0;
    std::uint64_t span = 0;    // numbers it stands for besides its own
    std::string_view session;  // empty for none
    RecordKind kind = RecordKind::Observation;
    std::int64_t at = 0;
    std::int64_t until = 0;  // gaps only, as the next two
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    std::string_view body;
    std::int64_t blob = 0;  // number of the shared bytes that stand in the body at `cut`; 0: none
    std::uint64_t cut = 0;
    std::uint32_t blobCrc = 0;  // of these bytes
};

/// The record's body: that of the row, with the shared bytes in their place, which is within it.
std::string withShared(const StoredRow& row, std::string_view shared);

/// The checksum that stands beside the row. It covers shared bytes by theirs.
std::uint32_t checksumOf(const StoredRow& row);

/// Shared bytes in the file.
struct StoredBlob {
    std::int64_t number = 0;
    std::uint32_t crc = 0;
};

/// The SQLite file, open for writing. Belongs to one thread at a time; everything throws SqliteError.
class SpoolFile {
public:
    /// Opens or makes it, sets its bounds, and checks that it is sound if `checked`.
    SpoolFile(const SpoolSettings& settings, bool checked);

    /// Names this file and the machine it was made on; false if it carries another machine's mark.
    Uuid id();
    bool madeHere(std::string_view machine);
    void mark(const Uuid& id, std::string_view machine);
    /// Another id, on the same machine.
    void rename(const Uuid& id);

    /// Reads lanes and held sessions. Walks the rows that came after the last release().
    SpoolLedger load();

    void begin();
    void commit();
    /// Ends a transaction that failed, if SQLite has not done so.
    void rollBack();

    void insert(const StoredRow& row);
    /// Puts `row` in the place of the one with its key, whose shared bytes are let go of separately.
    void replace(const StoredRow& row);
    void erase(std::int64_t first, std::int64_t last);

    /// Where the file has these bytes; writes them if it does not, or if as many rows refer to what it has as are to be
    /// lost with it at once. Counts nothing.
    StoredBlob blob(const std::shared_ptr<const std::string>& bytes);
    /// So many rows refer to it now that did not before (or less, if negative). What no row refers to goes.
    void countReferences(std::int64_t blob, std::int64_t change);
    /// What stands beside the records; empty: nothing.
    std::string aside();
    void saveAside(std::string_view text);
    void saveLane(std::uint32_t lane, const LaneState& state);
    void saveHeld(const Uuid& session, const HeldSession& held);
    void forgetHeld(const Uuid& session);

    /// Bytes that rows take, and may take.
    std::uint64_t used();
    std::uint64_t bound() const { return bound_; }

    Database& database() { return database_; }

private:
    /// Shared bytes that this connection wrote and new rows may refer to.
    struct Known {
        std::shared_ptr<const std::string> bytes;  // held, so that no others take its address
        StoredBlob stored;
        std::uint64_t rows = 0;
    };

    static Database& prepare(Database& database, std::uint64_t bound, bool checked);
    static void migrate(Database& database);

    std::uint64_t bound_;
    Database database_;
    Statement begin_;
    Statement commit_;
    Statement insert_;
    Statement replace_;
    Statement erase_;
    Statement saveLane_;
    Statement saveHeld_;
    Statement forgetHeld_;
    Statement insertBlob_;
    Statement countBlob_;
    Statement eraseBlob_;
    Statement eraseBytes_;
    Statement insertBytes_;
    Statement pageCount_;
    Statement freePages_;
    std::unordered_map<const std::string*, Known> known_;
};

}  // namespace apiary::agent
