#include "tests/agent/spool/spool_model.hpp"

#include "agent/spool/checksum.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <utility>

namespace apiary::agent {
namespace {

std::string gapText(const std::string& what, std::uint64_t records, std::uint64_t bytes, const std::string& reason) {
    return "gap " + what + " " + std::to_string(records) + " " + std::to_string(bytes) + " " + reason;
}

/// A probe's body begins with how many contacts it stands for.
std::uint64_t contactsOf(std::string_view probe) {
    return std::stoull(std::string(probe.substr(0, probe.find(' '))));
}

std::string wholeOf(const NewRecord& record) {
    std::string whole = record.body;
    if (record.shared) {
        whole.insert(record.sharedAt, *record.shared);
    }
    return whole;
}

}  // namespace

SpoolSettings SpoolModel::withBodies(SpoolSettings settings) {
    settings.gapBody = [](const SpoolSettings::Lost& lost) {
        return gapText(lost.what, lost.records, lost.bytes, lost.reason);
    };
    settings.droppedBody = [](const SpoolRow& first, const SpoolSettings::Lost& lost) {
        return "mark " + std::to_string(lost.records) + " " + std::to_string(lost.bytes) + " " +
               std::to_string(crc32c(first.body));
    };
    settings.contacts = contactsOf;
    return settings;
}

std::vector<Uuid> SpoolModel::open() const {
    std::vector<Uuid> open;
    for (const auto& [number, lane] : lanes_) {
        for (const Entry& entry : lane.entries) {
            if (entry.kind == RecordKind::Opening) {
                open.push_back(entry.session);
            } else if (entry.kind == RecordKind::Closing) {
                std::erase(open, entry.session);
            }
        }
    }
    std::ranges::sort(open);
    return open;
}

std::uint32_t SpoolModel::laneOf(const Uuid& session) const {
    const auto found = std::ranges::find_if(lanes_, [&](const auto& lane) {
        return std::ranges::find(lane.second.entries, session, &Entry::session) != lane.second.entries.end();
    });
    return found->first;
}

std::uint64_t SpoolModel::append(const NewRecord& record) {
    auto& entries = lanes_.at(record.lane).entries;
    entries.push_back({.kind = record.kind, .session = record.session, .body = wholeOf(record)});
    return entries.size();
}

void SpoolModel::acknowledge(std::uint32_t lane, std::uint64_t seq) {
    Lane& present = lanes_.at(lane);
    present.acknowledged = std::max(present.acknowledged, seq);
}

void SpoolModel::journalled(std::uint32_t lane, std::uint64_t seq) {
    std::uint64_t& journalled = lanes_.at(lane).journalled;
    journalled = journalled == ~std::uint64_t{0} ? seq : std::max(journalled, seq);
}

void SpoolModel::settle() {
    for (auto& [number, lane] : lanes_) {
        lane.settled = lane.acknowledged;
    }
}

void SpoolModel::adopt(const std::vector<LaneView>& views) {
    ASSERT_GE(views.size(), lanes_.size());
    for (const LaneView& view : views) {
        Lane& lane = lanes_[view.lane];
        ASSERT_LE(view.last, lane.entries.size()) << "of lane " << view.lane;
        lane.entries.resize(view.last);
        EXPECT_GE(view.acknowledged, lane.settled);
        EXPECT_LE(view.acknowledged, lane.acknowledged);
        lane.acknowledged = view.acknowledged;
    }
}

std::uint64_t SpoolModel::expect(std::uint32_t number, const std::vector<SpoolRow>& rows) {
    Lane& lane = lanes_.at(number);
    std::uint64_t next = lane.acknowledged + 1;
    std::uint64_t dropped = 0;
    for (const SpoolRow& row : rows) {
        EXPECT_EQ(row.seq, next) << "of lane " << number;
        next = row.seqEnd + 1;
        if (row.seq == 0 || row.seqEnd < row.seq || row.seqEnd > lane.entries.size()) {
            ADD_FAILURE() << row.seq << ".." << row.seqEnd << " of " << lane.entries.size() << " numbers";
            return dropped;
        }
        const Entry& entry = lane.entries[row.seq - 1];
        if (row.seq == row.seqEnd && row.body == entry.body) {
            expectWhole(entry, row);
        } else if (row.kind == RecordKind::Observation) {
            dropped += expectMark(lane, row);
        } else {
            dropped += expectGap(lane, row);
        }
    }
    return dropped;
}

void SpoolModel::expectWhole(const Entry& entry, const SpoolRow& row) {
    EXPECT_FALSE(entry.dropped) << row.seq << " was dropped";
    EXPECT_EQ(row.kind, entry.kind);
    EXPECT_EQ(row.session, entry.session);
}

std::uint64_t SpoolModel::expectMark(Lane& lane, const SpoolRow& row) {
    Entry& entry = lane.entries[row.seq - 1];
    EXPECT_EQ(entry.kind, RecordKind::Payload) << row.body << " where nothing may be dropped";
    EXPECT_EQ(row.session, entry.session);
    std::istringstream words(row.body);
    std::string mark;
    Tally tally;
    std::uint32_t first = 0;
    words >> mark >> tally.records >> tally.bytes >> first;
    EXPECT_EQ(mark, "mark") << row.seq;
    EXPECT_EQ(first, crc32c(entry.body)) << "what was dropped first of a session";
    if (!std::exchange(entry.marks, true)) {
        marked_[row.session].records += tally.records;
        marked_[row.session].bytes += tally.bytes;
    }
    return drop(lane, row.seq);
}

std::uint64_t SpoolModel::expectGap(Lane& lane, const SpoolRow& row) {
    EXPECT_EQ(row.kind, RecordKind::Gap) << row.body;
    EXPECT_EQ(row.session, Uuid{});
    std::uint64_t dropped = 0;
    Tally tally;
    bool probes = true;
    for (std::uint64_t seq = row.seq; seq <= row.seqEnd; ++seq) {
        const Entry& entry = lane.entries[seq - 1];
        const bool probe = entry.kind == RecordKind::Probe;
        EXPECT_FALSE(entry.marks) << "a gap took the place of a mark, " << seq;
        EXPECT_EQ(probe, probes || seq == row.seq ? probe : probes) << "a gap of probes and of payload";
        probes = probe;
        tally.records += probe ? contactsOf(entry.body) : 1;
        tally.bytes += entry.body.size();
        dropped += drop(lane, seq);
    }
    const std::string what = probes ? "probe" : "payload";
    const std::string text = gapText(what, tally.records, tally.bytes, "spool full");
    const std::string rest = gapText("payload", row.seqEnd - row.seq + 1, 0, "spool full");
    if (row.seq != lane.acknowledged + 1 || row.body != rest) {  // a gap that grew over a number that was sent
        EXPECT_EQ(row.body, text) << row.seq << ".." << row.seqEnd;
    }
    return dropped;
}

/// 1, and 0 if it was known to be dropped.
std::uint64_t SpoolModel::drop(Lane& lane, std::uint64_t seq) {
    Entry& entry = lane.entries[seq - 1];
    const bool may =
        entry.kind == RecordKind::Payload || entry.kind == RecordKind::Observation || entry.kind == RecordKind::Probe;
    EXPECT_TRUE(may) << seq << ", of kind " << static_cast<int>(entry.kind) << ", was dropped";
    EXPECT_TRUE(entry.kind == RecordKind::Probe || seq <= lane.journalled) << seq << " may be in no text log";
    if (std::exchange(entry.dropped, true)) {
        return 0;
    }
    if (entry.kind == RecordKind::Payload) {
        ++dropped_[entry.session].records;
        dropped_[entry.session].bytes += entry.body.size();
    }
    return 1;
}

void SpoolModel::expectMarks() const {
    EXPECT_EQ(marked_.size(), dropped_.size());
    for (const auto& [session, tally] : dropped_) {
        const auto marked = marked_.find(session);
        EXPECT_TRUE(marked != marked_.end() && marked->second == tally)
            << tally.records << " records of " << tally.bytes << " bytes are dropped of " << session.text();
    }
}

}  // namespace apiary::agent
