#include "agent/record/damage_notice.hpp"

#include "agent/record/record_bodies.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr std::size_t kHeld = std::size_t{256} << 10U;  // bytes of closings that are kept
constexpr auto kBetweenTellings = std::chrono::minutes(1);

std::size_t weightOf(const NewRecord& record) {
    return sizeof record + record.body.size();
}

}  // namespace

void DamageNotice::opened(const Uuid& session) {
    open_.with([&](auto& open) { open.insert(session); });
}

void DamageNotice::committed(std::span<const NewRecord> records, std::span<const std::uint64_t> numbers) {
    std::vector<Uuid> ended;
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (records[i].kind == RecordKind::Closing) {
            ended.push_back(records[i].session);
            held_ += weightOf(records[i]);
            closings_.push_back({numbers[i], records[i]});
        }
    }
    if (ended.empty()) {
        return;
    }
    for (; held_ > kHeld; closings_.pop_front()) {
        held_ -= weightOf(closings_.front().record);
    }
    open_.with([&](auto& open) {
        for (const Uuid& session : ended) {
            open.erase(session);
        }
    });
}

DamageNotice::Due DamageNotice::due(WallTime now, Steady clock, bool last) {
    Due due;
    for (const SpoolRange& range : spool_.takeDamaged()) {
        foundAt_ = now;
        told_ = WallTime::min();
        std::erase_if(closings_, [&](const Closing& closing) {
            if (closing.record.lane != range.lane || closing.seq < range.first || closing.seq > range.last) {
                return false;
            }
            held_ -= weightOf(closing.record);
            due.closings.push_back(closing.record);
            return true;
        });
    }
    if (!foundAt_ || !due.closings.empty()) {
        return due;  // these must be in the spool before what it must have got rid of is looked at
    }
    if (!telling_) {
        const WallTime before = overUntil(now, last);
        if (before <= told_ || (before < *foundAt_ && clock < nextTelling_)) {
            return due;
        }
        telling_ = Telling{.before = before, .until = spool_.lanes()};
    }
    if (arrived(last)) {
        told_ = telling_->before;
        telling_.reset();
        nextTelling_ = clock + kBetweenTellings;
        if (told_ >= *foundAt_) {
            foundAt_.reset();
        }
        due.over = damageRecord(told_, spool_.currentLane());
    }
    return due;
}

WallTime DamageNotice::overUntil(WallTime now, bool last) const {
    const WallTime known = last ? now : std::max(startedAt_, now - late_);
    return open_.with([&](const auto& open) {
        WallTime oldest = known;
        for (const Uuid& session : open) {
            oldest = std::min<WallTime>(oldest, session.time());
        }
        return oldest;
    });
}

/// At the end nobody waits for an acknowledgement: in the present lane what comes last arrives last.
bool DamageNotice::arrived(bool last) const {
    const std::vector<LaneView> lanes = spool_.lanes();
    return std::ranges::all_of(telling_->until, [&](const LaneView& then) {
        const auto now = std::ranges::find(lanes, then.lane, &LaneView::lane);
        return now == lanes.end() || now->acknowledged >= then.last || (last && then.lane == spool_.currentLane());
    });
}

}  // namespace apiary::agent
