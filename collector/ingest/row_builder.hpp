#pragma once

#include "collector/ingest/session_sink.hpp"
#include "proto/apiary/v1/ingest.pb.h"
#include "proto/apiary/v1/session.pb.h"

#include <cstdint>
#include <deque>
#include <limits>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace apiary::collector {

/// Entries [from, to) of a checked batch, and where they come from. The batch must outlive the part.
struct BatchPart {
    Uuid stream;
    std::int32_t sensorId = 0;
    std::int32_t clockOffsetMs = 0;
    const v1::Batch* batch = nullptr;
    int from = 0;
    int to = 0;
    std::int64_t first = 0;  // number at which it begins: a gap's entry may have been committed in part

    std::int16_t lane() const { return static_cast<std::int16_t>(batch->lane()); }
    std::int64_t last() const { return static_cast<std::int64_t>(batch->entries(to - 1).seq_end()); }
    int size() const { return to - from; }
};

/// Makes rows of records, for one transaction. Nothing is believed: what is not as it should be goes to quarantine,
/// with a reason and the record as it came, and the others go on.
///
/// Use: add() for each part in the order of their streams; put what is found of the unknown() sessions into `open`, say
/// which of the doubtful() ones have ended, and how many a sensor may have open; then build(). Pure: no clock, no
/// database. One thread.
class RowBuilder {
public:
    /// `open` are the sessions known to be open; it must outlive the builder.
    RowBuilder(const SessionOwners& open, Window window) : open_(open), window_(window) {}

    void add(const BatchPart& part);

    /// Sessions that records speak of, of which neither `open` nor the records before say anything.
    std::vector<Uuid> unknown() const { return {unknown_.begin(), unknown_.end()}; }

    /// Sessions that begin here and stay open, or end here and are not known to be open: they may have ended long ago,
    /// here or at another sensor. Ask when `open` has been completed.
    std::vector<Uuid> doubtful() const;
    void setEnded(std::span<const Uuid> sessions) { ended_ = {sessions.begin(), sessions.end()}; }

    /// What goes beyond `most` open sessions of a sensor is put aside; `present` are open already. Without it there is
    /// no bound.
    void limitOpen(std::int64_t most, OpenCounts present);

    IngestRows build();

    /// The rows by which a part of one entry is put aside because no others can be written of it.
    static IngestRows putAside(const BatchPart& part, const Unfit& why);

private:
    struct Parsed {
        const BatchPart* part = nullptr;
        const v1::Entry* entry = nullptr;
        v1::Record record;
        Uuid session;
        std::string flaw;  // why it can be no row, if that shows already
    };
    /// A session that begins or ends in this transaction.
    struct Within {
        SessionOwner owner;
        std::size_t openedAt = 0;  // index in rows_.opened
        bool openedHere = false;
        bool closed = false;
        std::vector<std::string> normalized;  // its commands here
    };

    std::string flawOf(const Parsed& parsed) const;
    const SessionOwner* ownerOf(const Uuid& session) const;
    std::string take(Parsed& parsed);
    std::string takeOpening(Parsed& parsed);
    std::string takeClosing(Parsed& parsed);
    std::string takeInSession(Parsed& parsed);
    std::string takeProbe(Parsed& parsed);
    std::string takeGap(Parsed& parsed);
    std::string takeManifest(Parsed& parsed);
    std::string fillHead(const v1::SessionHead& head, const Parsed& parsed, OpenRow& row) const;
    void addEvent(const Parsed& parsed, EventKind kind, std::int16_t channel, std::string bytes);

    const SessionOwners& open_;
    const Window window_;
    std::deque<BatchPart> parts_;
    std::vector<Parsed> parsed_;
    std::unordered_set<Uuid> announced_;
    std::unordered_set<Uuid> whole_;  // begin and end here: the key of their rows tells if they have ended before
    std::unordered_set<Uuid> unknown_;
    std::unordered_set<Uuid> ended_;
    std::int64_t mostOpen_ = std::numeric_limits<std::int64_t>::max();
    std::unordered_map<Uuid, Within> within_;
    std::vector<bool> openedGone_;  // of rows_.opened: closed in the same transaction
    IngestRows rows_;
};

}  // namespace apiary::collector
