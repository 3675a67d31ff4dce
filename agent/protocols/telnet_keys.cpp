#include "agent/protocols/telnet_keys.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace apiary::agent {
namespace {

using Special = TelnetKeys::Special;

constexpr std::size_t kMostBytes = 15;
constexpr std::size_t kShortestReport = 5;
constexpr unsigned kFarthest = 0x7fff;

struct Known {
    std::string_view sequence;
    Special special;
};
constexpr Known kKnown[] = {
    {"\x7f", Special::BackspaceWord},
    {"\b", Special::BackspaceWord},
    {"d", Special::DeleteWord},
    {"f", Special::WordRight},
    {"b", Special::WordLeft},
    {"OA", Special::Up},
    {"OB", Special::Down},
    {"OC", Special::Right},
    {"OD", Special::Left},
    {"OH", Special::Home},
    {"OF", Special::End},
    {"[A", Special::Up},
    {"[B", Special::Down},
    {"[C", Special::Right},
    {"[D", Special::Left},
    {"[H", Special::Home},
    {"[F", Special::End},
    {"[1~", Special::Home},
    {"[2~", Special::Insert},
    {"[3~", Special::Delete},
    {"[4~", Special::End},
    {"[5~", Special::PageUp},
    {"[6~", Special::PageDown},
    {"[7~", Special::Home},
    {"[8~", Special::End},
    {"[1;5C", Special::WordRight},
    {"[1;5D", Special::WordLeft},
    {"[1;3C", Special::WordRight},
    {"[1;3D", Special::WordLeft},
};

/// The column of "[row;columnR".
std::optional<unsigned> reportedColumn(std::string_view sequence) {
    unsigned row = 0;
    unsigned column = 0;
    const char* const end = sequence.data() + sequence.size();
    const auto first = std::from_chars(sequence.data() + 1, end, row);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ';') {
        return std::nullopt;
    }
    const auto second = std::from_chars(first.ptr + 1, end, column);
    if (second.ec != std::errc{} || second.ptr == end || *second.ptr != 'R' || row < 1 || column < 1 ||
        row > kFarthest || column > kFarthest) {
        return std::nullopt;
    }
    return column;
}

}  // namespace

std::optional<TelnetKeys::Key> TelnetKeys::take(char byte) {
    if (!begun_) {
        begun_ = byte == '\x1b';
        return begun_ ? std::nullopt : std::optional(Key{.byte = byte});
    }
    sequence_ += byte;
    if (unknown_) {
        return takeUnknown();
    }
    bool mayBecome = false;
    for (const auto& [sequence, special] : kKnown) {
        if (sequence == sequence_) {
            sequence_.clear();
            begun_ = false;
            return Key{.special = special};
        }
        mayBecome = mayBecome || sequence.starts_with(sequence_);
    }
    unknown_ = !mayBecome;
    return std::nullopt;
}

std::optional<TelnetKeys::Key> TelnetKeys::takeUnknown() {
    std::optional<unsigned> column;
    if (sequence_.size() >= kShortestReport && sequence_[0] == '[' && sequence_.back() == 'R') {
        column = reportedColumn(sequence_);
    }
    if (!column && sequence_.size() < kMostBytes) {
        return std::nullopt;
    }
    sequence_.clear();
    begun_ = unknown_ = false;
    return column ? std::optional(Key{.special = Special::CursorReport, .column = *column}) : std::nullopt;
}

std::optional<TelnetKeys::Key> TelnetKeys::giveUp() {
    const std::string sequence = std::exchange(sequence_, {});
    begun_ = unknown_ = false;
    if (sequence.size() > 1) {
        return std::nullopt;  // no key at all
    }
    if (!sequence.empty()) {
        leftOver_ = sequence[0];
    }
    return Key{.special = Special::Escape};
}

}  // namespace apiary::agent
