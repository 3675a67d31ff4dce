#include "agent/spool/spool_reader.hpp"

#include "agent/spool/checksum.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kHeld = std::size_t{1} << 20U;  // bytes of shared ones in memory

constexpr const char* kColumns =
    "SELECT key, span, session, kind, at, crc, until, records, bytes, body, blob, cut FROM record ";

std::string select(const char* where) {
    return std::string(kColumns) + where;
}

StoredRow stored(const Statement& row) {
    return {.key = row.integer(0),
            .span = static_cast<std::uint64_t>(row.integer(1)),
            .session = row.blob(2),
            .kind = static_cast<RecordKind>(row.integer(3)),
            .at = row.integer(4),
            .until = row.integer(6),
            .records = static_cast<std::uint64_t>(row.integer(7)),
            .bytes = static_cast<std::uint64_t>(row.integer(8)),
            .body = row.blob(9),
            .blob = row.integer(10),
            .cut = static_cast<std::uint64_t>(row.integer(11))};
}

bool sound(const Statement& row, const StoredRow& read) {
    return checksumOf(read) == static_cast<std::uint32_t>(row.integer(5)) &&
           (read.session.empty() || read.session.size() == sizeof(Uuid::bytes)) && read.cut <= read.body.size();
}

}  // namespace

SpoolReader::SpoolReader(const SpoolSettings& settings)
    : settings_(settings),
      database_(settings.path, settings.vfs, true),
      rows_(database_, select("WHERE key > ? AND key <= ? ORDER BY key")),
      before_(database_, "SELECT key, span FROM record WHERE key <= ? ORDER BY key DESC LIMIT 1"),
      row_(database_, select("WHERE key = ?")),
      time_(database_, "SELECT at FROM record WHERE key > ? AND key <= ? ORDER BY key LIMIT 1"),
      bytes_(database_, "SELECT bytes FROM blob_bytes WHERE number = ?") {}

std::vector<SpoolRow> SpoolReader::read(std::uint32_t lane, std::uint64_t after, std::uint64_t acknowledged,
                                        std::uint64_t last, std::size_t records, std::size_t bytes) {
    std::vector<SpoolRow> rows;
    std::uint64_t next = after + 1;
    std::size_t size = 0;
    const auto room = [&] { return rows.empty() || (rows.size() < records && size < bytes); };
    const auto add = [&](SpoolRow row) {
        next = row.seqEnd + 1;
        size += row.body.size();
        rows.push_back(std::move(row));
    };
    // A gap may have grown over numbers that were sent before; what is left of it stands for the rest.
    before_.bind(1, rowKey(lane, after));
    if (before_.step() && laneOf(before_.integer(0)) == lane) {
        const std::uint64_t end = seqOf(before_.integer(0)) + static_cast<std::uint64_t>(before_.integer(1));
        if (end > after && end <= last) {
            add(gap(
                next, end,
                {.what = "payload", .records = end - after, .bytes = 0, .from = {}, .to = {}, .reason = "spool full"}));
        }
    }
    before_.reset();
    rows_.bind(1, rowKey(lane, next - 1)).bind(2, rowKey(lane, last));
    bool ended = false;
    try {
        while (room() && next <= last) {
            if (!rows_.step()) {
                ended = true;
                break;
            }
            StoredRow read = stored(rows_);
            const std::string_view shared = sharedOf(read);
            if (seqOf(read.key) > next) {
                add(missing(lane, next, seqOf(read.key) - 1, acknowledged));
                if (!room()) {
                    break;
                }
            }
            if (sound(rows_, read)) {
                if (!rows.empty() && size + read.body.size() + shared.size() > bytes) {
                    break;
                }
                add(taken(read, shared));
            } else {
                if (damaged_.insert(read.key).second) {
                    damagedNow_.push_back({lane, next, next});
                }
                const auto at = timeOf(read.at);
                add(gap(next, next,
                        {.what = "spool",
                         .records = 1,
                         .bytes = read.body.size(),
                         .from = at,
                         .to = at,
                         .reason = "damaged record"}));
            }
        }
    } catch (const SqliteError&) {
        rows_.reset();
        bytes_.reset();
        if (rows.empty()) {
            throw;
        }
        return rows;  // a disk that fails now and then must not keep what it gave; the next read tells if it still
                      // fails
    }
    rows_.reset();
    if (ended && next <= last) {
        add(missing(lane, next, last, acknowledged));
    }
    return rows;
}

std::optional<SpoolRow> SpoolReader::row(std::uint32_t lane, std::uint64_t seq, const Uuid& session) {
    std::optional<SpoolRow> found;
    row_.bind(1, rowKey(lane, seq));
    if (row_.step()) {
        StoredRow read = stored(row_);
        const std::string_view shared = sharedOf(read);
        if (sound(row_, read) && read.session == session.view()) {
            found = taken(read, shared);
        }
    }
    row_.reset();
    return found;
}

std::optional<std::chrono::system_clock::time_point> SpoolReader::timeBehind(std::uint32_t lane, std::uint64_t seq) {
    std::optional<std::chrono::system_clock::time_point> at;
    time_.bind(1, rowKey(lane, seq)).bind(2, rowKey(lane, kHighestSeq));
    if (time_.step()) {
        at = timeOf(time_.integer(0));
    }
    time_.reset();
    return at;
}

/// The shared bytes that a row refers to, until the next call; notes their checksum in it. Nothing if they are gone:
/// the row's own checksum is then not right.
std::string_view SpoolReader::sharedOf(StoredRow& read) {
    if (read.blob == 0) {
        return {};
    }
    auto known = shared_.find(read.blob);
    if (known == shared_.end()) {
        if (bytes_.bind(1, read.blob).step()) {
            if (sharedBytes_ > kHeld) {
                shared_.clear();
                sharedBytes_ = 0;
            }
            std::string bytes(bytes_.blob(0));
            const std::uint32_t crc = crc32c(bytes);
            sharedBytes_ += bytes.size();
            known = shared_.emplace(read.blob, Shared{.bytes = std::move(bytes), .crc = crc}).first;
        }
        bytes_.reset();
    }
    if (known == shared_.end()) {
        return {};
    }
    read.blobCrc = known->second.crc;
    return known->second.bytes;
}

SpoolRow SpoolReader::taken(const StoredRow& read, std::string_view shared) {
    return {.seq = seqOf(read.key),
            .seqEnd = seqOf(read.key) + read.span,
            .session = Uuid::ofBytes(read.session).value_or(Uuid{}),
            .kind = read.kind,
            .body = withShared(read, shared)};
}

std::vector<SpoolRange> SpoolReader::takeDamaged() {
    return std::exchange(damagedNow_, {});
}

SpoolRow SpoolReader::missing(std::uint32_t lane, std::uint64_t first, std::uint64_t last, std::uint64_t acknowledged) {
    const bool freed = first <= acknowledged;
    if (!freed && damaged_.insert(rowKey(lane, first)).second) {
        damagedNow_.push_back({lane, first, last});
    }
    return gap(first, last,
               {.what = freed ? "restore" : "spool",
                .records = last - first + 1,
                .bytes = 0,
                .from = {},
                .to = {},
                .reason = freed ? "confirmed before, and freed: the database was set back, or this spool took a new id"
                                : "missing from the spool"});
}

SpoolRow SpoolReader::gap(std::uint64_t first, std::uint64_t last, const SpoolSettings::Lost& lost) const {
    return {.seq = first, .seqEnd = last, .session = {}, .kind = RecordKind::Gap, .body = settings_.gapBody(lost)};
}

}  // namespace apiary::agent
