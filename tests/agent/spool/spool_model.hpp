#pragma once

#include "agent/spool/spool.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace apiary::agent {

/// What a spool must do, obviously: a list of everything that was appended, how far it is acknowledged, and what of it
/// is known to be dropped. Complaints are failures of the test.
class SpoolModel {
public:
    /// Settings whose gaps and marks say what expect() understands.
    static SpoolSettings withBodies(SpoolSettings settings);

    std::uint64_t last(std::uint32_t lane) const { return lanes_.at(lane).entries.size(); }
    std::uint64_t acknowledged(std::uint32_t lane) const { return lanes_.at(lane).acknowledged; }
    std::size_t lanes() const { return lanes_.size(); }
    std::vector<Uuid> open() const;
    std::uint32_t laneOf(const Uuid& session) const;

    void opened(std::uint32_t lane) { lanes_.try_emplace(lane); }
    /// The number that it must get.
    std::uint64_t append(const NewRecord& record);
    void acknowledge(std::uint32_t lane, std::uint64_t seq);
    /// Nothing of a session that lies behind it may be dropped; before the first call, everything may.
    void journalled(std::uint32_t lane, std::uint64_t seq);
    /// What is acknowledged now is so after a kill, too.
    void settle();

    /// The process has ended while something was being done: of that all, nothing, or what was committed first may have
    /// happened. Takes over what did, if it is one of these.
    void adopt(const std::vector<LaneView>& views);

    /// Compares the rows behind what is acknowledged of one lane, which may end before the last number. Returns how
    /// many records in them are dropped that were not before.
    std::uint64_t expect(std::uint32_t lane, const std::vector<SpoolRow>& rows);
    /// The marks count all payload that was dropped of their sessions.
    void expectMarks() const;

private:
    struct Entry {
        RecordKind kind = RecordKind::Payload;
        Uuid session;
        std::string body;
        bool dropped = false;
        bool marks = false;  // a mark stands in its place
    };
    struct Lane {
        std::vector<Entry> entries;
        std::uint64_t acknowledged = 0;
        std::uint64_t settled = 0;
        std::uint64_t journalled = ~std::uint64_t{0};
    };
    struct Tally {
        std::uint64_t records = 0;
        std::uint64_t bytes = 0;
        bool operator==(const Tally&) const = default;
    };
    void expectWhole(const Entry& entry, const SpoolRow& row);
    std::uint64_t expectMark(Lane& lane, const SpoolRow& row);
    std::uint64_t expectGap(Lane& lane, const SpoolRow& row);
    std::uint64_t drop(Lane& lane, std::uint64_t seq);

    std::map<std::uint32_t, Lane> lanes_{{0, {}}};
    std::map<Uuid, Tally> dropped_;  // payload, by session
    std::map<Uuid, Tally> marked_;
};

}  // namespace apiary::agent
