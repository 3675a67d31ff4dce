#include "agent/spool/spool_file.hpp"

#include "agent/spool/checksum.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace apiary::agent {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr const char* kVersion = "2";
constexpr std::size_t kKnownBlobs = 128;      // held in memory for the rows to come
constexpr std::uint64_t kRowsOfABlob = 1000;  // that are lost with it if it is damaged

// `span`, `until`, `records` and `bytes` are null but in gaps. `body` comes last: what does not look at it does not
// read it.
constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lane(lane INTEGER PRIMARY KEY, last INTEGER NOT NULL, acknowledged INTEGER NOT NULL,
  journalled INTEGER, scanned INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS session(session BLOB PRIMARY KEY, lane INTEGER NOT NULL, first INTEGER NOT NULL,
  closing INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS record(key INTEGER PRIMARY KEY, kind INTEGER NOT NULL, session BLOB, at INTEGER NOT NULL,
  crc INTEGER NOT NULL, span INTEGER, until INTEGER, records INTEGER, bytes INTEGER, blob INTEGER, cut INTEGER,
  body BLOB NOT NULL);
)";

// `refs` counts the rows that refer to it. Numbers are never used again. The bytes stand apart, so that counting does
// not write them.
constexpr const char* kBlobSchema = R"(
CREATE TABLE blob(number INTEGER PRIMARY KEY AUTOINCREMENT, refs INTEGER NOT NULL, size INTEGER NOT NULL);
CREATE TABLE blob_bytes(number INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
)";

}  // namespace

std::int64_t microsOf(std::chrono::system_clock::time_point at) {
    return std::chrono::floor<std::chrono::microseconds>(at.time_since_epoch()).count();
}

std::chrono::system_clock::time_point timeOf(std::int64_t micros) {
    constexpr std::int64_t kMost = 9'000'000'000'000'000;  // a damaged row may say anything, and nanoseconds overflow
    return std::chrono::system_clock::time_point(std::chrono::microseconds(std::clamp(micros, -kMost, kMost)));
}

std::string withShared(const StoredRow& row, std::string_view shared) {
    std::string whole;
    whole.reserve(row.body.size() + shared.size());
    whole.append(row.body.substr(0, row.cut)).append(shared).append(row.body.substr(row.cut));
    return whole;
}

std::uint32_t checksumOf(const StoredRow& row) {
    std::array<std::int64_t, 4> numbers{row.key, static_cast<std::int64_t>(row.span),
                                        static_cast<std::int64_t>(row.kind), row.at};
    std::array<char, sizeof numbers> raw{};
    std::memcpy(raw.data(), numbers.data(), raw.size());
    const std::uint32_t crc = crc32c(row.body, crc32c(row.session, crc32c({raw.data(), raw.size()})));
    if (row.blob == 0) {
        return crc;
    }
    const std::array<std::uint64_t, 2> place{row.cut, row.blobCrc};
    std::memcpy(raw.data(), place.data(), sizeof place);
    return crc32c({raw.data(), sizeof place}, crc);
}

Database& SpoolFile::prepare(Database& database, std::uint64_t bound, bool checked) {
    database.execute("PRAGMA page_size=4096");
    database.execute("PRAGMA journal_mode=WAL");
    database.execute("PRAGMA synchronous=FULL");
    database.execute("PRAGMA temp_store=MEMORY");
    database.execute("PRAGMA journal_size_limit=16777216");  // the log keeps blocks to work with on a full disk
    database.execute("PRAGMA wal_autocheckpoint=4000");      // who waits for a commit waits for this: as rarely as fits
    database.execute("PRAGMA cache_size=-2048");  // appending needs little, and memory belongs to the sessions
    if (checked && database.text("PRAGMA quick_check(1)") != "ok") {
        if (database.readRefused()) {
            throw SqliteError(10 /* SQLITE_IOERR */, "the disk did not let it be checked");
        }
        throw SqliteError(11 /* SQLITE_CORRUPT */, "its check found it unsound");
    }
    // Outside the first transaction of each start nothing is written: a full disk must not prevent opening.
    if (database.number("SELECT count(*) FROM sqlite_master WHERE name = 'record'") == 0) {
        database.execute("BEGIN IMMEDIATE");
        database.execute(kSchema);
        database.execute(kBlobSchema);
        database.execute((std::string("INSERT INTO meta VALUES('version', ") + kVersion + ")").c_str());
        database.execute("INSERT INTO lane VALUES(0, 0, 0, NULL, 0)");
        database.execute("COMMIT");
    } else {
        migrate(database);
    }
    // Behind all that makes tables: a file at its bound opens too.
    database.execute(("PRAGMA max_page_count=" + std::to_string(std::max(bound / kPage, std::uint64_t{16}))).c_str());
    return database;
}

/// A file of version 1 has no shared bytes. Its rows stay as they are.
void SpoolFile::migrate(Database& database) {
    const std::string version = database.text("SELECT value FROM meta WHERE name = 'version'");
    if (version == kVersion) {
        return;
    }
    if (version != "1") {
        throw SqliteError(26 /* SQLITE_NOTADB */, "not of a version that this program reads");
    }
    database.execute("BEGIN IMMEDIATE");
    database.execute("ALTER TABLE record ADD COLUMN blob INTEGER");
    database.execute("ALTER TABLE record ADD COLUMN cut INTEGER");
    database.execute(kBlobSchema);
    database.execute((std::string("UPDATE meta SET value = ") + kVersion + " WHERE name = 'version'").c_str());
    database.execute("COMMIT");
}

SpoolFile::SpoolFile(const SpoolSettings& settings, bool checked)
    : bound_(settings.bytes),
      database_(settings.path, settings.vfs, false),
      begin_(prepare(database_, settings.bytes, checked), "BEGIN IMMEDIATE"),
      commit_(database_, "COMMIT"),
      insert_(database_,
              "INSERT INTO record(key, kind, session, at, crc, body, blob, cut) VALUES(?, ?, ?, ?, ?, ?, ?, ?)"),
      replace_(database_,
               "INSERT INTO record(key, kind, session, at, crc, span, until, records, bytes, body) "
               "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      erase_(database_, "DELETE FROM record WHERE key BETWEEN ? AND ?"),
      saveLane_(database_, "INSERT OR REPLACE INTO lane VALUES(?, ?, ?, ?, ?)"),
      saveHeld_(database_, "INSERT OR REPLACE INTO session VALUES(?, ?, ?, ?)"),
      forgetHeld_(database_, "DELETE FROM session WHERE session = ?"),
      insertBlob_(database_, "INSERT INTO blob(refs, size) VALUES(0, ?) RETURNING number"),
      countBlob_(database_, "UPDATE blob SET refs = refs + ?2 WHERE number = ?1 RETURNING refs"),
      eraseBlob_(database_, "DELETE FROM blob WHERE number = ?"),
      eraseBytes_(database_, "DELETE FROM blob_bytes WHERE number = ?"),
      insertBytes_(database_, "INSERT INTO blob_bytes VALUES(?, ?)"),
      pageCount_(database_, "PRAGMA page_count"),
      freePages_(database_, "PRAGMA freelist_count") {}

Uuid SpoolFile::id() {
    return Uuid::ofBytes(database_.text("SELECT value FROM meta WHERE name = 'id'")).value_or(Uuid{});
}

bool SpoolFile::madeHere(std::string_view machine) {
    return database_.text("SELECT value FROM meta WHERE name = 'machine'") == machine;
}

void SpoolFile::mark(const Uuid& id, std::string_view machine) {
    Statement save(database_, "INSERT OR REPLACE INTO meta VALUES('id', ?), ('machine', ?)");
    save.bindBlob(1, id.view()).bindBlob(2, machine).run();
}

void SpoolFile::rename(const Uuid& id) {
    Statement save(database_, "UPDATE meta SET value = ? WHERE name = 'id'");
    save.bindBlob(1, id.view()).run();
}

std::string SpoolFile::aside() {
    return database_.text("SELECT value FROM meta WHERE name = 'aside'");
}

void SpoolFile::saveAside(std::string_view text) {
    Statement save(database_, text.empty() ? "DELETE FROM meta WHERE name = 'aside'"
                                           : "INSERT OR REPLACE INTO meta VALUES('aside', ?)");
    if (!text.empty()) {
        save.bindBlob(1, text);
    }
    save.run();
}

SpoolLedger SpoolFile::load() {
    SpoolLedger ledger;
    Statement lanes(database_, "SELECT lane, last, acknowledged, journalled, scanned FROM lane");
    while (lanes.step()) {
        LaneState state;
        state.last = static_cast<std::uint64_t>(lanes.integer(1));
        state.acknowledged = static_cast<std::uint64_t>(lanes.integer(2));
        if (!lanes.null(3)) {
            state.journalled = static_cast<std::uint64_t>(lanes.integer(3));
        }
        state.scanned = static_cast<std::uint64_t>(lanes.integer(4));
        ledger.lanes.emplace(static_cast<std::uint32_t>(lanes.integer(0)), state);
    }
    std::map<std::uint32_t, std::uint64_t> from;  // the row behind which to walk
    for (const auto& [lane, state] : ledger.lanes) {
        from[lane] = state.scanned;
    }
    Statement held(database_, "SELECT session, lane, first, closing FROM session");
    while (held.step()) {
        const auto lane = static_cast<std::uint32_t>(held.integer(1));
        const auto first = static_cast<std::uint64_t>(held.integer(2));
        from[lane] = std::min(from[lane], first - 1);
        ledger.held.emplace(Uuid::ofBytes(held.blob(0)).value_or(Uuid{}),
                            HeldSession{.lane = lane,
                                        .first = first,
                                        .closing = static_cast<std::uint64_t>(held.integer(3)),
                                        .stored = true,
                                        .leftBehind = true,
                                        .rows = {}});
    }
    Statement rows(database_,
                   "SELECT key, kind, session FROM record WHERE key > ? AND key <= ? AND session IS NOT NULL "
                   "ORDER BY key");
    for (const auto& [lane, after] : from) {
        const std::uint64_t scanned = ledger.lanes[lane].scanned;
        rows.bind(1, rowKey(lane, after)).bind(2, rowKey(lane, kHighestSeq));
        while (rows.step()) {
            const std::uint64_t seq = seqOf(rows.integer(0));
            const auto kind = static_cast<RecordKind>(rows.integer(1));
            const Uuid session = Uuid::ofBytes(rows.blob(2)).value_or(Uuid{});
            auto entry = ledger.held.find(session);
            if (kind == RecordKind::Opening && entry == ledger.held.end() && seq > scanned) {
                entry = ledger.held.emplace(session, HeldSession{.lane = lane, .first = seq, .rows = {}}).first;
            }
            if (entry != ledger.held.end()) {
                entry->second.rows.push_back(seq);
                if (kind == RecordKind::Closing) {
                    entry->second.closing = seq;
                }
            }
        }
        rows.reset();
    }
    return ledger;
}

void SpoolFile::begin() {
    begin_.run();
}

void SpoolFile::commit() {
    commit_.run();
}

void SpoolFile::rollBack() {
    if (database_.inTransaction()) {
        database_.execute("ROLLBACK");
    }
}

void SpoolFile::insert(const StoredRow& row) {
    insert_.bind(1, row.key).bind(2, static_cast<std::int64_t>(row.kind));
    row.session.empty() ? insert_.bindNull(3) : insert_.bindBlob(3, row.session);
    insert_.bind(4, row.at).bind(5, checksumOf(row)).bindBlob(6, row.body);
    if (row.blob == 0) {
        insert_.bindNull(7).bindNull(8);
    } else {
        insert_.bind(7, row.blob).bind(8, static_cast<std::int64_t>(row.cut));
    }
    insert_.run();
}

void SpoolFile::replace(const StoredRow& row) {
    erase(row.key, row.key);  // an UPDATE to less would leave the page as empty as it gets, and not join it with others
    replace_.bind(1, row.key).bind(2, static_cast<std::int64_t>(row.kind));
    row.session.empty() ? replace_.bindNull(3) : replace_.bindBlob(3, row.session);
    replace_.bind(4, row.at).bind(5, checksumOf(row));
    row.span == 0 ? replace_.bindNull(6) : replace_.bind(6, static_cast<std::int64_t>(row.span));
    replace_.bind(7, row.until);
    row.records == 0 ? replace_.bindNull(8) : replace_.bind(8, static_cast<std::int64_t>(row.records));
    replace_.bind(9, static_cast<std::int64_t>(row.bytes)).bindBlob(10, row.body).run();
}

void SpoolFile::erase(std::int64_t first, std::int64_t last) {
    erase_.bind(1, first).bind(2, last).run();
}

StoredBlob SpoolFile::blob(const std::shared_ptr<const std::string>& bytes) {
    if (const auto known = known_.find(bytes.get()); known != known_.end()) {
        if (known->second.rows++ < kRowsOfABlob) {
            return known->second.stored;
        }
        known_.erase(known);
    }
    if (known_.size() >= kKnownBlobs) {
        known_.clear();  // what is still in use is written once more
    }
    insertBlob_.bind(1, static_cast<std::int64_t>(bytes->size())).step();
    const StoredBlob stored{.number = insertBlob_.integer(0), .crc = crc32c(*bytes)};
    insertBlob_.run();
    insertBytes_.bind(1, stored.number).bindBlob(2, *bytes).run();
    known_.emplace(bytes.get(), Known{.bytes = bytes, .stored = stored, .rows = 1});
    return stored;
}

void SpoolFile::countReferences(std::int64_t blob, std::int64_t change) {
    countBlob_.bind(1, blob).bind(2, change);
    const bool gone = countBlob_.step() && countBlob_.integer(0) <= 0;
    countBlob_.run();
    if (gone) {
        eraseBlob_.bind(1, blob).run();
        eraseBytes_.bind(1, blob).run();
        std::erase_if(known_, [&](const auto& known) { return known.second.stored.number == blob; });
    }
}

void SpoolFile::saveLane(std::uint32_t lane, const LaneState& state) {
    saveLane_.bind(1, lane).bind(2, static_cast<std::int64_t>(state.last));
    saveLane_.bind(3, static_cast<std::int64_t>(state.acknowledged));
    state.journalled ? saveLane_.bind(4, static_cast<std::int64_t>(*state.journalled)) : saveLane_.bindNull(4);
    saveLane_.bind(5, static_cast<std::int64_t>(state.scanned)).run();
}

void SpoolFile::saveHeld(const Uuid& session, const HeldSession& held) {
    saveHeld_.bindBlob(1, session.view()).bind(2, held.lane).bind(3, static_cast<std::int64_t>(held.first));
    saveHeld_.bind(4, static_cast<std::int64_t>(held.closing)).run();
}

void SpoolFile::forgetHeld(const Uuid& session) {
    forgetHeld_.bindBlob(1, session.view()).run();
}

std::uint64_t SpoolFile::used() {
    std::uint64_t pages = pageCount_.step() ? static_cast<std::uint64_t>(pageCount_.integer(0)) : 0;
    pageCount_.reset();
    pages -= freePages_.step() ? static_cast<std::uint64_t>(freePages_.integer(0)) : 0;
    freePages_.reset();
    return pages * kPage;
}

}  // namespace apiary::agent
