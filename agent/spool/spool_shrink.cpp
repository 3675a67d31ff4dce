#include "agent/spool/spool_upkeep.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace apiary::agent {
namespace {

constexpr std::size_t kDroppedAtOnce = 200'000;  // rows in one transaction
constexpr std::uint64_t kRowOverhead = 48;       // bytes of a row besides its body
constexpr std::uint64_t kWorthwhile = 1024;      // bytes of a session; its trace and gaps take some hundred
constexpr std::uint64_t kWorthAwaiting = 64;     // of this part of the bound
constexpr const char* kReason = "spool full";

/// Which rows of a lane may be dropped: those up to a number.
using Ends = std::unordered_map<std::uint32_t, std::uint64_t>;

Ends endsOf(const SpoolLedger& ledger, Drops drops) {
    Ends ends;
    for (const auto& [lane, state] : ledger.lanes) {
        ends[lane] = drops == Drops::Anything ? kHighestSeq : state.journalled.value_or(kHighestSeq);
    }
    return ends;
}

struct Chosen {
    std::unordered_set<Uuid> sessions;
    std::uint64_t later = 0;  // bytes that may be dropped once the text logs hold them, if more are needed
};

/// The sessions with the most bytes of that kind that may be dropped, as many as are needed to free `bytes`.
Chosen longest(SpoolFile& file, const Ends& ends, RecordKind kind, std::uint64_t bytes) {
    struct Size {
        std::uint64_t bytes = 0;
        std::uint64_t later = 0;  // of rows that may not be dropped yet
    };
    std::unordered_map<Uuid, Size> sizes;
    // Shared bytes count as what each row that refers to them has of them. What has an end in time is a trace.
    Statement rows(file.database(),
                   "SELECT session, length(body) + coalesce(size / max(refs, 1), 0), key FROM record "
                   "LEFT JOIN blob ON number = blob WHERE kind = ? AND session IS NOT NULL AND until IS NULL");
    rows.bind(1, static_cast<std::int64_t>(kind));
    while (rows.step()) {
        const std::int64_t key = rows.integer(2);
        Size& size = sizes[*Uuid::ofBytes(rows.blob(0))];
        (seqOf(key) <= ends.at(laneOf(key)) ? size.bytes : size.later) +=
            static_cast<std::uint64_t>(rows.integer(1)) + kRowOverhead;
    }
    std::vector<std::pair<std::uint64_t, Uuid>> order;
    order.reserve(sizes.size());
    Chosen chosen;
    for (const auto& [session, size] : sizes) {
        order.emplace_back(size.bytes, session);
        chosen.later += size.bytes + size.later >= kWorthwhile ? size.later : 0;
    }
    std::ranges::sort(order, std::greater<>());
    std::uint64_t freed = 0;
    for (const auto& [size, session] : order) {
        if (freed >= bytes || size < kWorthwhile) {
            break;
        }
        freed += size;
        chosen.sessions.insert(session);
    }
    chosen.later = freed < bytes ? chosen.later : 0;
    return chosen;
}

/// Rows to drop, gathered into runs without hole.
struct Run {
    std::int64_t first = 0;
    std::int64_t lastRow = 0;  // key of the last row in it
    std::uint64_t lastSeq = 0;
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    std::int64_t from = 0;
    std::int64_t until = 0;
    bool onlyGap = false;  // nothing new in it
};

struct Trace {
    SpoolRow first;
    std::int64_t at = 0;
    std::int64_t until = 0;
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
};

class Dropping {
public:
    Dropping(SpoolFile& file, const SpoolLedger& ledger, const Ends& ends, const SpoolSettings& settings)
        : file_(file), ledger_(ledger), ends_(ends), settings_(settings) {}

    Shrunk drop(RecordKind kind, const std::unordered_set<Uuid>& sessions, std::uint64_t bytes) {
        kind_ = kind;
        gather(sessions, bytes);
        std::map<std::uint32_t, bool> saved;
        for (const auto& [first, last] : removed_) {
            file_.erase(first, last);
            // Else the next start, after a kill, would take for lost what is gone since it was acknowledged.
            if (!std::exchange(saved[laneOf(first)], true)) {
                file_.saveLane(laneOf(first), ledger_.lanes.at(laneOf(first)));
            }
        }
        for (const Run& run : runs_) {
            if (!run.onlyGap) {
                write(run);
            }
        }
        for (const auto& [session, trace] : traces_) {
            write(trace);
        }
        for (const auto& [blob, count] : released_) {
            file_.countReferences(blob, -count);
        }
        return {.records = dropped_, .freed = dropped_ > 0 || !removed_.empty()};
    }

private:
    /// Of probes the first `bytes`; of other kinds those of `sessions`.
    void gather(const std::unordered_set<Uuid>& sessions, std::uint64_t bytes) {
        const bool probes = kind_ == RecordKind::Probe;
        std::uint64_t taken = 0;
        Statement rows(file_.database(),
                       "SELECT key, kind, session, at, span, until, records, bytes, length(body), blob, size, "
                       "CASE kind WHEN ?3 THEN body END FROM record LEFT JOIN blob ON number = blob "
                       "WHERE (kind = ?1 AND until IS NULL) OR (kind = ?2 AND records IS NOT NULL) ORDER BY key");
        rows.bind(1, static_cast<std::int64_t>(kind_));
        // A gap of probes joins none of payload: it says what it stands for.
        rows.bind(2, static_cast<std::int64_t>(probes ? kind_ : RecordKind::Gap));
        rows.bind(3, static_cast<std::int64_t>(RecordKind::Probe));
        while (dropped_ + removed_.size() < kDroppedAtOnce && !(probes && taken >= bytes) && rows.step()) {
            const std::int64_t key = rows.integer(0);
            const LaneState& lane = ledger_.lanes.at(laneOf(key));
            if (static_cast<RecordKind>(rows.integer(1)) == RecordKind::Gap) {
                const auto span = static_cast<std::uint64_t>(rows.integer(4));
                if (seqOf(key) > lane.acknowledged) {
                    join({.first = key,
                          .lastRow = key,
                          .lastSeq = seqOf(key) + span,
                          .records = static_cast<std::uint64_t>(rows.integer(6)),
                          .bytes = static_cast<std::uint64_t>(rows.integer(7)),
                          .from = rows.integer(3),
                          .until = rows.integer(5),
                          .onlyGap = true});
                }
                continue;
            }
            const auto session = Uuid::ofBytes(rows.blob(2));
            if (!probes && (!session || !sessions.contains(*session) || seqOf(key) > ends_.at(laneOf(key)))) {
                continue;
            }
            const auto size = static_cast<std::uint64_t>(rows.integer(8) + rows.integer(10));
            taken += size + kRowOverhead;
            if (seqOf(key) <= lane.acknowledged) {
                removed_.emplace_back(key, key);
                release(rows);
                continue;
            }
            ++dropped_;
            release(rows);
            if (!probes && settings_.droppedBody && !traced(*session, key, rows.integer(3), size)) {
                continue;
            }
            join({.first = key,
                  .lastRow = key,
                  .lastSeq = seqOf(key),
                  .records = probes && settings_.contacts ? settings_.contacts(rows.blob(11)) : 1,
                  .bytes = size,
                  .from = rows.integer(3),
                  .until = rows.integer(3)});
        }
    }

    /// A row goes, and with it what it refers to.
    void release(const Statement& row) {
        if (!row.null(9)) {
            ++released_[row.integer(9)];
        }
    }

    /// Counts a row in its session's trace; false if it is the first, whose place the trace takes.
    bool traced(const Uuid& session, std::int64_t key, std::int64_t at, std::uint64_t size) {
        auto [entry, first] = traces_.try_emplace(session);
        Trace& trace = entry->second;
        if (first) {
            trace.first.seq = trace.first.seqEnd = static_cast<std::uint64_t>(key);
            trace.first.session = session;
            trace.at = at;
        }
        trace.until = at;
        ++trace.records;
        trace.bytes += size;
        return !first;
    }

    void join(const Run& run) {
        if (!runs_.empty() && laneOf(runs_.back().first) == laneOf(run.first) &&
            runs_.back().lastSeq + 1 == seqOf(run.first)) {
            Run& last = runs_.back();
            last.lastRow = run.lastRow;
            last.lastSeq = run.lastSeq;
            last.records += run.records;
            last.bytes += run.bytes;
            last.from = std::min(last.from, run.from);
            last.until = std::max(last.until, run.until);
            last.onlyGap = false;
        } else {
            runs_.push_back(run);
        }
    }

    void write(const Run& run) {
        const bool probes = kind_ == RecordKind::Probe;
        const std::string body = settings_.gapBody({.what = probes ? "probe" : "payload",
                                                    .records = run.records,
                                                    .bytes = run.bytes,
                                                    .from = timeOf(run.from),
                                                    .to = timeOf(run.until),
                                                    .reason = kReason});
        if (run.lastRow > run.first) {
            file_.erase(run.first + 1, run.lastRow);
        }
        file_.replace({.key = run.first,
                       .span = run.lastSeq - seqOf(run.first),
                       .session = {},
                       .kind = RecordKind::Gap,
                       .at = run.from,
                       .until = run.until,
                       .records = probes ? 0 : run.records,  // 0: others do not join it
                       .bytes = run.bytes,
                       .body = body});
    }

    void write(const Trace& trace) {
        const auto key = static_cast<std::int64_t>(trace.first.seq);
        SpoolRow first{.seq = seqOf(key),
                       .seqEnd = seqOf(key),
                       .session = trace.first.session,
                       .kind = RecordKind::Payload,
                       .body = {}};
        Statement row(file_.database(),
                      "SELECT body, cut, bytes.bytes FROM record LEFT JOIN blob_bytes AS bytes ON number = blob "
                      "WHERE key = ?");
        if (row.bind(1, key).step()) {
            StoredRow read;
            read.body = row.blob(0);
            read.cut = std::min(static_cast<std::uint64_t>(row.integer(1)), std::uint64_t{read.body.size()});
            first.body = withShared(read, row.blob(2));
        }
        row.reset();
        const std::string body = settings_.droppedBody(first, {.what = "payload",
                                                               .records = trace.records,
                                                               .bytes = trace.bytes,
                                                               .from = timeOf(trace.at),
                                                               .to = timeOf(trace.until),
                                                               .reason = kReason});
        file_.replace({.key = key,
                       .span = 0,
                       .session = first.session.view(),
                       .kind = RecordKind::Observation,
                       .at = trace.at,
                       .until = trace.until,
                       .records = 0,
                       .bytes = 0,
                       .body = body});
    }

    SpoolFile& file_;
    const SpoolLedger& ledger_;
    const Ends& ends_;
    const SpoolSettings& settings_;
    std::vector<std::pair<std::int64_t, std::int64_t>> removed_;
    std::vector<Run> runs_;
    std::unordered_map<Uuid, Trace> traces_;
    std::map<std::int64_t, std::int64_t> released_;  // references to shared bytes
    std::uint64_t dropped_ = 0;
    RecordKind kind_ = RecordKind::Payload;
};

}  // namespace

Shrunk shrink(SpoolFile& file, const SpoolLedger& ledger, const SpoolSettings& settings, RecordKind kind,
              std::uint64_t bytes, Drops drops) {
    const Ends ends = endsOf(ledger, drops);
    const Chosen chosen = kind == RecordKind::Probe ? Chosen() : longest(file, ends, kind, bytes);
    Shrunk shrunk{.awaitsLogs = chosen.later > settings.bytes / kWorthAwaiting};
    if (kind != RecordKind::Probe && chosen.sessions.empty()) {
        return shrunk;
    }
    // Evidence leaves no trace of its own: a trace is evidence.
    SpoolSettings plain = settings;
    if (kind == RecordKind::Observation) {
        plain.droppedBody = nullptr;
    }
    const Shrunk dropped = Dropping(file, ledger, ends, plain).drop(kind, chosen.sessions, bytes);
    shrunk.records = dropped.records;
    shrunk.freed = dropped.freed;
    return shrunk;
}

}  // namespace apiary::agent
