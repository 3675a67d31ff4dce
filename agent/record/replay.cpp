#include "agent/record/replay.hpp"

#include "agent/record/record_bodies.hpp"

#include <algorithm>

namespace apiary::agent {

Replay::Replay(std::span<const SpoolRow> rows) {
    for (const SpoolRow& row : rows) {
        v1::Record record;
        if (record.ParseFromString(row.body)) {
            take(record);
        } else {
            whole_ = false;
        }
    }
}

std::string Replay::footer(Ending ending, WallTime stoppedAt) const {
    std::string text;
    if (lines_) {
        lines_->footer(text, head_.protocol(), ending, stoppedAt);
    }
    return text;
}

Replay::Tail Replay::tail() const {
    const std::size_t all = closed_ ? closed_->packets() : packets_;
    return {.text = text_.substr(tailAt_), .lines = tailLines_, .before = all - std::min(tailLines_, all)};
}

void Replay::take(const v1::Record& record) {
    if (record.seq() != nextSeq_ || record.has_dropped()) {
        whole_ = false;
        packets_ += record.seq() - std::min(nextSeq_, record.seq()) + (record.has_dropped() ? 1 : 0);
        tailLines_ = 0;
        tailAt_ = text_.size();
    }
    nextSeq_ = record.seq() + 1;
    lastAt_ = std::max(lastAt_, timeOfMicros(record.at_us()));
    tally_.count(record);
    switch (record.what_case()) {
        case v1::Record::kOpened:
            head_ = record.opened();
            lines_.emplace(endpointOf(head_.source()), endpointOf(head_.target()));
            appendHeader(header_, timeOfMicros(record.at_us()));
            text_ += header_;
            break;
        case v1::Record::kChannelOpened:
            if (lines_) {
                const auto& opened = record.channel_opened();
                lines_->channel(opened.channel(), static_cast<std::uint16_t>(opened.source_port()),
                                static_cast<std::uint16_t>(opened.target_port()));
            }
            break;
        case v1::Record::kPacket:
            spoken_ = spoken_ || !record.packet().sent();
            if (lines_) {
                ++tailLines_;
                ++packets_;
                lines_->packet(text_, timeOfMicros(record.at_us()), record.packet().sent(), record.packet().channel(),
                               record.packet().bytes());
            }
            break;
        case v1::Record::kDropped:
            appendDropped(text_, record.dropped().packets(), record.dropped().reason());
            tailAt_ = text_.size();
            break;
        case v1::Record::kClosed:
            closed_ = record.closed();
            text_ += footer(static_cast<Ending>(closed_->outcome()), timeOfMicros(closed_->ended_at_us()));
            break;
        default:
            break;
    }
}

std::string renderJournal(std::span<const SpoolRow> rows) {
    return Replay(rows).text();
}

}  // namespace apiary::agent
