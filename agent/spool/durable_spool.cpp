#include "agent/spool/durable_spool.hpp"

#include "common/crypto/digest.hpp"
#include "common/log/log.hpp"

#include <algorithm>
#include <cassert>
#include <stdexcept>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::chrono::milliseconds kShortestWait{10};
constexpr std::chrono::milliseconds kLongestWait{1000};
constexpr std::chrono::minutes kBetweenComplaints{1};

/// About what records take in the file, one after the other: shared bytes once.
class Sizing {
public:
    std::uint64_t operator()(const NewRecord& record) {
        const bool again = record.shared == nullptr || std::exchange(last_, record.shared.get()) == record.shared.get();
        return record.body.size() + 64 + (again ? 0 : record.shared->size());
    }

private:
    const std::string* last_ = nullptr;
};

}  // namespace

DurableSpool::DurableSpool(SpoolSettings settings, ProcessLock lock, std::unique_ptr<SpoolFile> file,
                           SpoolLedger ledger)
    : settings_(std::move(settings)),
      lock_(std::move(lock)),
      ballast_(settings_.path + ".ballast", settings_.ballast),
      id_(file->id()),
      positions_(ledger.lanes),
      currentLane_(ledger.lanes.empty() ? 0 : ledger.lanes.rbegin()->first),
      writer_(Writer{std::move(file), std::move(ledger)}),
      reading_(Reading{.reader = std::make_unique<SpoolReader>(settings_)}) {
    ballast_.ensure();
    lock_.setNote(noteNow(), true);
    used_ = writer_.with([](Writer& writer) { return writer.file->used(); });
}

DurableSpool::~DurableSpool() {
    SpoolNote note = noteNow();
    // After a fault that outlasted the process the file may have more.
    note.closed = writer_.with([](const Writer& writer) { return writer.file != nullptr; });
    lock_.setNote(note, true);
}

std::vector<std::uint64_t> DurableSpool::append(std::span<const NewRecord> records, const RetryWait& wait,
                                                SpoolRoom room) {
    const std::lock_guard appending(appending_);
    std::vector<std::uint64_t> numbers;
    numbers.reserve(records.size());
    while (!records.empty()) {
        // What does not fit below the bound at once is committed in turns, with room made in between.
        const std::size_t count = together(records);
        commit(records.first(count), wait, room, numbers);
        records = records.subspan(count);
    }
    return numbers;
}

std::size_t DurableSpool::together(std::span<const NewRecord> records) const {
    std::size_t count = 0;
    std::uint64_t bytes = 0;
    Sizing sizeOf;
    while (count < records.size() && ((bytes += sizeOf(records[count])) <= part() || count == 0)) {
        ++count;
    }
    return count;
}

Status DurableSpool::renew(const std::string& reason) {
    try {
        std::vector<LostNumbers> lost;
        const SpoolNote now = noteNow();
        for (const auto& [lane, last] : now.last) {
            lost.push_back({.spool = now.id, .lane = lane, .kept = last, .last = last, .exact = false});
        }
        tellOfLoss(lost, openedAt_, reason);
        const Uuid id = writer_.with([](Writer& writer) {
            if (!writer.file) {
                throw std::runtime_error("the spool's file is closed after a fault");
            }
            writer.file->rename(Uuid::v4(randomBytes<16>()));
            return writer.file->id();
        });
        id_.with([&](Uuid& present) { present = id; });
        lock_.setNote(noteNow(), true);
        return Done{};
    } catch (const std::runtime_error& error) {
        return Error{std::string("the spool cannot take a new id: ") + error.what()};
    }
}

void DurableSpool::tellOfLoss(std::span<const LostNumbers> lost, std::chrono::system_clock::time_point from,
                              const std::string& reason) {
    const auto now = std::chrono::system_clock::now();
    SpoolSettings::Lost loss{.what = "spool", .records = 0, .bytes = 0, .from = from, .to = now, .reason = reason};
    std::vector<NewRecord> gaps;
    const auto tell = [&] {
        gaps.push_back(
            {.lane = currentLane_, .session = {}, .kind = RecordKind::Gap, .at = now, .body = settings_.gapBody(loss)});
    };
    for (const LostNumbers& numbers : lost) {
        loss.numbers = numbers;
        tell();
    }
    if (gaps.empty()) {
        tell();
    }
    append(
        gaps, [](std::chrono::milliseconds) { return false; }, SpoolRoom::Kept);
}

SpoolNote DurableSpool::noteNow() const {
    SpoolNote note{.id = id(), .last = {{currentLane_, 0}}};
    positions_.with([&](const Positions& positions) {
        for (const auto& [lane, state] : positions) {
            if (lane == currentLane_ || state.acknowledged < state.last) {
                note.last[lane] = state.last;
            }
        }
    });
    return note;
}

void DurableSpool::commit(std::span<const NewRecord> records, const RetryWait& wait, SpoolRoom room,
                          std::vector<std::uint64_t>& numbers) {
    Positions wanted = positions_.with([](const Positions& positions) { return positions; });
    for (const NewRecord& record : records) {
        assert(record.lane <= currentLane_);
        numbers.push_back(++wanted[record.lane].last);
    }
    std::chrono::milliseconds length = kShortestWait;
    Drops drops = Drops::Journalled;
    std::optional<std::chrono::steady_clock::time_point> untilLogged;
    for (;;) {
        positions_.with([&](const Positions& positions) {  // which have moved while it waited
            for (const auto& [lane, state] : positions) {
                wanted[lane].acknowledged = state.acknowledged;
                wanted[lane].journalled = state.journalled;
            }
        });
        const Try result =
            writer_.with([&](Writer& writer) { return tryAppend(writer, records, wanted, room, drops); });
        if (result == Try::Committed) {
            break;
        }
        if (result == Try::Again) {
            continue;
        }
        const bool forLogs = result == Try::WaitForLogs;
        const auto now = std::chrono::steady_clock::now();
        untilLogged = forLogs ? untilLogged.value_or(now + settings_.logPatience) : untilLogged;
        // A disk of the text logs that hangs must hold up the records no longer than that.
        if (forLogs && (now >= *untilLogged || !wait(length))) {
            drops = Drops::Anything;
        } else if (!forLogs && !wait(length)) {
            throw std::runtime_error(std::to_string(records.size()) + " records could not be written to " +
                                     settings_.path + " before the agent had to stop");
        }
        length = std::min(2 * length, kLongestWait);
    }
    positions_.with([&](Positions& positions) {
        for (const auto& [lane, state] : wanted) {
            positions[lane].last = std::max(positions[lane].last, state.last);
        }
    });
    lock_.setNote(noteNow(), false);
    if (const auto call = onAppended_.with([](const auto& present) { return present; })) {
        call();
    }
}

DurableSpool::Try DurableSpool::tryAppend(Writer& writer, std::span<const NewRecord> records, const Positions& wanted,
                                          SpoolRoom room, Drops drops) {
    std::uint64_t bytes = 0;
    Sizing sizeOf;
    for (const NewRecord& record : records) {
        bytes += sizeOf(record);
    }
    try {
        if (!writer.file) {
            reopen(writer);
        }
        if (reached(writer.ledger, wanted)) {
            return Try::Committed;  // by a commit that was in doubt
        }
        carry(writer.ledger, wanted);
        const bool looks = writer.sinceCheck + bytes >= part();
        if (!keepBound(writer, bytes, room, drops)) {
            return Try::WaitForLogs;
        }
        write(writer, records, wanted);
        note(writer.ledger, records);
        if (looks) {
            ballast_.ensure();  // not before: it would be given up, taken back and given up again for one commit
        }
        writer.sinceCheck += bytes;
        return Try::Committed;
    } catch (const SqliteError& error) {
        if (error.damaged()) {
            throw;  // the next start moves the file aside
        }
        return afterFailure(writer, error.what(), error.full(), bytes, wanted, drops);
    }
}

void DurableSpool::write(Writer& writer, std::span<const NewRecord> records, [[maybe_unused]] const Positions& wanted) {
    SpoolFile& file = *writer.file;
    Positions lanes = writer.ledger.lanes;
    std::map<std::int64_t, std::int64_t> references;
    file.begin();
    for (const NewRecord& record : records) {
        const bool none = record.session == Uuid{};
        StoredBlob blob;
        if (record.shared) {
            assert(!record.shared->empty() && record.sharedAt <= record.body.size());
            blob = file.blob(record.shared);
            ++references[blob.number];
        }
        file.insert({.key = rowKey(record.lane, ++lanes[record.lane].last),
                     .span = 0,
                     .session = none ? std::string_view{} : record.session.view(),
                     .kind = record.kind,
                     .at = microsOf(record.at),
                     .until = 0,
                     .records = 0,
                     .bytes = 0,
                     .body = record.body,
                     .blob = blob.number,
                     .cut = record.sharedAt,
                     .blobCrc = blob.crc});
    }
    for (const auto& [blob, count] : references) {
        file.countReferences(blob, count);
    }
    if (std::ranges::any_of(records, &NewRecord::fromAside)) {
        file.saveAside({});
    }
    for (const auto& [lane, state] : lanes) {
        if (state.last != writer.ledger.lanes[lane].last) {
            assert(state.last == wanted.at(lane).last);
            file.saveLane(lane, state);
        }
    }
    file.commit();
}

void DurableSpool::note(SpoolLedger& ledger, std::span<const NewRecord> records) {
    for (const NewRecord& record : records) {
        const std::uint64_t seq = ++ledger.lanes[record.lane].last;
        if (record.kind == RecordKind::Opening) {
            ledger.held.try_emplace(record.session, HeldSession{.lane = record.lane, .first = seq, .rows = {}});
        } else if (record.kind == RecordKind::Closing) {
            if (const auto held = ledger.held.find(record.session); held != ledger.held.end()) {
                held->second.closing = seq;
                held->second.rows = {};
            }
        }
    }
}

DurableSpool::Try DurableSpool::afterFailure(Writer& writer, const std::string& what, bool full, std::uint64_t bytes,
                                             const Positions& wanted, Drops drops) {
    try {
        reopen(writer);  // only a fresh look at the file tells whether a failed commit happened all the same
        if (reached(writer.ledger, wanted)) {
            log::warn("spool: a commit failed, but its records are in the file: going on. " + what);
            return Try::Committed;
        }
        carry(writer.ledger, wanted);
        // The file's own bound and a disk that others filled answer the same.
        writer.barren = writer.barren && std::exchange(writer.sinceCheck, 0) == 0;
        const bool ownBound = writer.file->used() + 2 * bytes + settings_.bytes / 16 > settings_.bytes;
        if (full && (ownBound ? makeRoom(writer, 2 * bytes + settings_.bytes / 16, drops) : ballast_.give())) {
            return Try::Again;
        }
        if (full && ownBound && writer.loggedThen && drops == Drops::Journalled) {
            return Try::WaitForLogs;
        }
    } catch (const SqliteError& error) {
        if (error.damaged()) {
            throw;
        }
        writer.file.reset();
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= writer.complainAgain) {
        writer.complainAgain = now + kBetweenComplaints;
        log::error("spool: cannot write, trying again: " + what);
    }
    return Try::Wait;
}

void DurableSpool::reopen(Writer& writer) const {
    writer.file.reset();
    auto file = std::make_unique<SpoolFile>(settings_, false);
    writer.ledger = file->load();
    writer.file = std::move(file);
}

void DurableSpool::carry(SpoolLedger& ledger, const Positions& positions) {
    for (const auto& [lane, state] : positions) {
        if (const auto known = ledger.lanes.find(lane); known != ledger.lanes.end()) {
            known->second.acknowledged = state.acknowledged;
            known->second.journalled = state.journalled;
        }
    }
}

bool DurableSpool::reached(const SpoolLedger& ledger, const Positions& wanted) {
    return std::ranges::all_of(wanted, [&](const auto& lane) {
        const auto known = ledger.lanes.find(lane.first);
        return known != ledger.lanes.end() && known->second.last >= lane.second.last;
    });
}

void DurableSpool::acknowledge(std::uint32_t lane, std::uint64_t seq) {
    positions_.with([&](Positions& positions) {
        if (const auto found = positions.find(lane); found != positions.end()) {
            LaneState& state = found->second;
            state.acknowledged = std::max(state.acknowledged, std::min(seq, state.last));
        }
    });
}

void DurableSpool::journalled(std::uint32_t lane, std::uint64_t seq) {
    positions_.with([&](Positions& positions) {
        if (const auto found = positions.find(lane); found != positions.end()) {
            LaneState& state = found->second;
            state.journalled = std::max(state.journalled.value_or(0), std::min(seq, state.last));
        }
    });
}

std::uint32_t DurableSpool::openLane() {
    const std::uint32_t lane = currentLane_ + 1;
    LaneState fresh;
    positions_.with([&](const Positions& positions) {
        if (const auto before = positions.find(currentLane_); before != positions.end() && before->second.journalled) {
            fresh.journalled = 0;
        }
    });
    const bool opened = writer_.with([&](Writer& writer) {
        try {
            if (!writer.file) {
                reopen(writer);
            }
            writer.file->begin();
            writer.file->saveLane(lane, fresh);
            writer.file->commit();
            writer.ledger.lanes.try_emplace(lane, fresh);
            return true;
        } catch (const SqliteError& error) {
            writer.file.reset();
            log::error("spool: cannot begin a lane, staying in the present one: " + std::string(error.what()));
            return false;
        }
    });
    if (opened) {
        positions_.with([&](Positions& positions) { positions.try_emplace(lane, fresh); });
        currentLane_ = lane;
    }
    return currentLane_;
}

void DurableSpool::onAppended(std::function<void()> call) {
    onAppended_.with([&](auto& present) { present = std::move(call); });
}

}  // namespace apiary::agent
