#include "collector/ingest/batch_order.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace apiary::collector {
namespace {

constexpr int kEntries = 10'000;
constexpr std::uint32_t kLanes = std::numeric_limits<std::int16_t>::max();
constexpr auto kHighest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() - 1);

}  // namespace

Status checkBatch(const v1::Batch& batch) {
    if (batch.lane() > kLanes) {
        return Error{"lane " + std::to_string(batch.lane()) + " is out of range"};
    }
    if (batch.entries().empty() || batch.entries_size() > kEntries) {
        return Error{"a batch of " + std::to_string(batch.entries_size()) + " entries"};
    }
    std::uint64_t next = batch.first_seq();
    for (const v1::Entry& entry : batch.entries()) {
        if (entry.seq() == 0 || entry.seq() != next || entry.seq_end() < entry.seq() || entry.seq_end() > kHighest) {
            return Error{"entry " + std::to_string(entry.seq()) + ".." + std::to_string(entry.seq_end()) + " where " +
                         std::to_string(next) + " was due"};
        }
        next = entry.seq_end() + 1;
    }
    if (next != batch.last_seq() + 1) {
        return Error{"entries end at " + std::to_string(next - 1) + ", the batch says " +
                     std::to_string(batch.last_seq())};
    }
    return Done{};
}

Verdict judge(std::int64_t committed, std::int64_t first, std::int64_t last) {
    return last <= committed       ? Verdict::Duplicate
           : first <= committed    ? Verdict::Overlap
           : first > committed + 1 ? Verdict::Gap
                                   : Verdict::New;
}

int firstBeyond(const v1::Batch& batch, std::int64_t committed) {
    const auto& entries = batch.entries();
    const auto found = std::ranges::partition_point(
        entries, [&](const v1::Entry& entry) { return static_cast<std::int64_t>(entry.seq_end()) <= committed; });
    return static_cast<int>(found - entries.begin());
}

}  // namespace apiary::collector
