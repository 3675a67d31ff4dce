#include "agent/spool/durable_spool.hpp"
#include "agent/spool/spool_upkeep.hpp"
#include "common/log/log.hpp"

namespace apiary::agent {

void DurableSpool::keepBound(Writer& writer, std::uint64_t bytes, SpoolRoom room) {
    if (writer.sinceCheck + bytes >= part()) {
        writer.sinceCheck = 0;
        ballast_.ensure();
        const std::uint64_t limit = dropsFrom();
        if (const std::uint64_t used = writer.file->used() + bytes; used > limit) {
            writer.barren = false;
            makeRoom(writer, used - limit + settings_.bytes / 10);
        }
    } else if (used_ < dropsFrom()) {
        return;  // looked at now and then only, while there is much room
    }
    look(writer);
    if (room == SpoolRoom::Usual && used_ + bytes > takesUpTo()) {
        throw SqliteError(13 /* SQLITE_FULL */, "it is at its bound, but for what it takes to free rows");
    }
}

bool DurableSpool::makeRoom(Writer& writer, std::uint64_t bytes) {
    if (writer.barren) {
        return false;
    }
    const std::uint64_t before = writer.file->used();
    std::uint64_t records = 0;
    for (const RecordKind kind : {RecordKind::Payload, RecordKind::Probe, RecordKind::Observation}) {
        while (writer.file->used() + bytes > before && shrinkOnce(writer, kind, bytes, records)) {
        }
    }
    lost_ += records;
    if (records > 0) {
        log::warn("spool: full; " + std::to_string(records) +
                  " unacknowledged records were dropped, of the longest sessions first; gaps stand in their place");
    }
    writer.barren = writer.file->used() >= before;
    return !writer.barren;
}

/// False, and nothing is changed, if that makes no room.
bool DurableSpool::shrinkOnce(Writer& writer, RecordKind kind, std::uint64_t bytes, std::uint64_t& records) const {
    const std::uint64_t before = writer.file->used();
    writer.file->begin();
    try {
        const Shrunk step = shrink(*writer.file, writer.ledger, settings_, kind, bytes);
        if (!step.freed || writer.file->used() >= before) {
            writer.file->rollBack();
            return false;
        }
        writer.file->commit();
        records += step.records;
        return true;
    } catch (const SqliteError&) {
        writer.file->rollBack();
        throw;
    }
}

void DurableSpool::look(Writer& writer) const {
    used_ = writer.file->used();
    const bool full = full_ ? used_ > dropsFrom() : writer.barren && used_ > takesUpTo() - 2 * part();
    if (full != full_.exchange(full)) {
        full ? log::error(
                   "spool: full of records that are kept at any price; no more sessions are taken until the "
                   "collector has acknowledged some")
             : log::info("spool: there is room again, and sessions are taken");
    }
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
