#include "agent/spool/aside.hpp"
#include "agent/spool/durable_spool.hpp"
#include "agent/spool/spool_upkeep.hpp"
#include "common/log/log.hpp"

namespace apiary::agent {

bool DurableSpool::keepBound(Writer& writer, std::uint64_t bytes, SpoolRoom room, Drops drops) {
    const bool again = writer.loggedThen && (logged(writer.ledger) > *writer.loggedThen || drops == Drops::Anything);
    if (writer.sinceCheck + bytes >= part() || again) {
        writer.sinceCheck = 0;
        const std::uint64_t limit = dropsFrom();
        if (const std::uint64_t used = writer.file->used() + bytes; used > limit) {
            writer.barren = false;
            makeRoom(writer, used - limit + settings_.bytes / 10, drops);
        } else {
            awaitLogs(writer, false);
        }
    } else if (used_ < dropsFrom()) {
        return true;  // looked at now and then only, while there is much room
    }
    look(writer);
    if (room == SpoolRoom::Usual && used_ + bytes > takesUpTo()) {
        if (writer.loggedThen) {
            return false;
        }
        throw SqliteError(13 /* SQLITE_FULL */, "it is at its bound, but for what it takes to free rows");
    }
    return true;
}

void DurableSpool::awaitLogs(Writer& writer, bool awaits) {
    writer.loggedThen = awaits ? std::optional(logged(writer.ledger)) : std::nullopt;
    wantsLogs_ = awaits;
}

std::uint64_t DurableSpool::logged(const SpoolLedger& ledger) {
    std::uint64_t sum = 0;
    for (const auto& [lane, state] : ledger.lanes) {
        sum += state.journalled.value_or(0);
    }
    return sum;
}

bool DurableSpool::makeRoom(Writer& writer, std::uint64_t bytes, Drops drops) {
    if (writer.barren) {
        return false;
    }
    const std::uint64_t before = writer.file->used();
    std::uint64_t records = 0;
    bool awaitsLogs = false;
    for (const RecordKind kind : {RecordKind::Payload, RecordKind::Probe, RecordKind::Observation}) {
        // Where rows of many sessions lie in turns, pages become free only if most of them go.
        for (std::uint64_t asked = bytes; asked < 2 * settings_.bytes && writer.file->used() + bytes > before;) {
            const Shrunk step = shrinkOnce(writer, kind, asked, drops);
            records += step.records;
            awaitsLogs = step.awaitsLogs;
            asked *= step.freed ? 1 : 2;
        }
        if (awaitsLogs) {
            break;  // what is worth more does not go before what is worth less
        }
    }
    awaitLogs(writer, awaitsLogs);
    lost_ += records;
    if (records > 0) {
        log::warn("spool: full; " + std::to_string(records) +
                  " unacknowledged records were dropped, of the longest sessions first; gaps stand in their place" +
                  (drops == Drops::Anything ? ". The text logs are not written fast enough and may lack them" : ""));
    }
    writer.barren = writer.file->used() >= before;
    return !writer.barren;
}

/// Nothing is changed if that makes no room: then nothing is freed.
Shrunk DurableSpool::shrinkOnce(Writer& writer, RecordKind kind, std::uint64_t bytes, Drops drops) const {
    const std::uint64_t before = writer.file->used();
    writer.file->begin();
    try {
        const Shrunk step = shrink(*writer.file, writer.ledger, settings_, kind, bytes, drops);
        if (!step.freed || writer.file->used() >= before) {
            writer.file->rollBack();
            return {.awaitsLogs = step.awaitsLogs};
        }
        writer.file->commit();
        return step;
    } catch (const SqliteError&) {
        writer.file->rollBack();
        throw;
    }
}

void DurableSpool::look(Writer& writer) const {
    used_ = writer.file->used();
    const bool full =
        full_ ? used_ > dropsFrom() : writer.barren && !writer.loggedThen && used_ > takesUpTo() - 2 * part();
    if (full != full_.exchange(full)) {
        full ? log::error(
                   "spool: full of records that are kept at any price; no more sessions are taken until the "
                   "collector has acknowledged some")
             : log::info("spool: there is room again, and sessions are taken");
    }
}

bool DurableSpool::setAside(std::span<const NewRecord> records) {
    return writer_.with([&](Writer& writer) {
        try {
            if (!writer.file) {
                reopen(writer);
            }
            writer.file->saveAside(records.empty() ? std::string() : packedAside(records));
            return true;
        } catch (const SqliteError& error) {
            if (error.damaged()) {
                throw;
            }
            writer.file.reset();
            return false;
        }
    });
}

std::vector<NewRecord> DurableSpool::aside() {
    return writer_.with([&](Writer& writer) {
        if (!writer.file) {
            reopen(writer);
        }
        return unpackedAside(writer.file->aside());
    });
}

void DurableSpool::release() {
    const Positions marks = positions_.with([](const Positions& positions) { return positions; });
    for (const auto& [lane, ignored] : marks) {
        while (writer_.with([&, number = lane](Writer& writer) { return freeSome(writer, number, marks); })) {
        }
    }
}

bool DurableSpool::freeSome(Writer& writer, std::uint32_t lane, const Positions& marks) const {
    try {
        if (!writer.file) {
            reopen(writer);
        }
        carry(writer.ledger, marks);
        if (atRest(writer.ledger.lanes.at(lane))) {
            return false;  // lanes of long ago stay for ever, and a commit is a sync
        }
        writer.file->begin();
        const bool more = freeStep(*writer.file, writer.ledger, lane);
        writer.file->commit();
        writer.barren = writer.barren && writer.file->used() >= used_;
        look(writer);
        return more;
    } catch (const SqliteError& error) {
        if (error.damaged()) {
            throw;
        }
        // Its ledger may be ahead of the file now; the next to need it reads it again.
        writer.file.reset();
        log::error("spool: cannot free rows, trying again later: " + std::string(error.what()));
        return false;
    }
}

}  // namespace apiary::agent
