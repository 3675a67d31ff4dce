#include "agent/probes/probe_table.hpp"

#include "agent/probes/tool_marks.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <map>
#include <string>

namespace apiary::agent {
namespace {

constexpr std::size_t kWorthMerging = 8;  // rows of one source
constexpr std::size_t kManyPorts = 64;

using Address = std::array<std::uint8_t, 16>;

Address blockOf(const ProbePacket& packet) {
    Address block = packet.target.address;
    std::fill(block.begin() + (packet.v4 ? 15 : 8), block.end(), std::uint8_t{0});
    return block;
}

std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15U;
    return hash ^ (hash >> 29U);
}

std::uint64_t half(const Address& address, std::size_t at) {
    std::uint64_t value = 0;
    std::memcpy(&value, address.data() + at, sizeof value);
    return value;
}

}  // namespace

ProbeTable::ProbeTable(std::size_t most) : most_(std::max<std::size_t>(most, 16)), places_(std::bit_ceil(2 * most_)) {
    rows_.reserve(most_);
}

std::uint64_t ProbeTable::hashOf(const Key& key) {
    std::uint64_t hash = mixed(half(key.source, 0), half(key.source, 8));
    hash = mixed(mixed(hash, half(key.block, 0)), half(key.block, 8));
    hash = mixed(hash, (std::uint64_t{key.port} << 32U) | (std::uint64_t{key.tool} << 16U) |
                           (static_cast<std::uint64_t>(key.kind) << 8U) | (key.anyPort ? 2U : 0U) |
                           (key.anyBlock ? 1U : 0U));
    return hash ^ (hash >> 32U);
}

ProbeTable::Row* ProbeTable::find(const Key& key) {
    const std::size_t mask = places_.size() - 1;
    for (std::size_t at = hashOf(key) & mask; places_[at] != 0; at = (at + 1) & mask) {
        if (Row& row = rows_[places_[at] - 1]; row.key == key) {
            return &row;
        }
    }
    return nullptr;
}

void ProbeTable::index(std::size_t row) {
    const std::size_t mask = places_.size() - 1;
    std::size_t at = hashOf(rows_[row].key) & mask;
    while (places_[at] != 0) {
        at = (at + 1) & mask;
    }
    places_[at] = static_cast<std::uint32_t>(row + 1);
}

ProbeTable::Row& ProbeTable::insert(const Key& key, const ProbePacket& packet) {
    rows_.push_back({.key = key, .first = packet, .seen = {}});
    index(rows_.size() - 1);
    return rows_.back();
}

void ProbeTable::note(Row& row, const ProbePacket& packet) {
    if (row.key.anyBlock) {
        return;
    }
    const auto& address = packet.target.address;
    row.seen.set(packet.v4 ? address[15] : mixed(half(address, 8), 1) & 0xffU);
}

void ProbeTable::add(const ProbePacket& packet, const Judged& judged) {
    Key key{.source = packet.source.address,
            .block = blockOf(packet),
            .port = packet.target.port,
            .kind = judged.kind,
            .tool = judged.tool};
    if (!coarse_.empty() && coarse_.contains(key.source)) {
        key.block = {};
        key.anyBlock = true;
        key.anyPort = portless_.contains(key.source);
        key.port = key.anyPort ? std::uint16_t{0} : key.port;
    }
    Row* row = find(key);
    if (row == nullptr && rows_.size() >= most_) {
        if (!full_ && makeRoom()) {
            add(packet, judged);  // its own source may be told less finely now
        } else {
            beyond_ += judged.packets;
        }
        return;
    }
    if (row == nullptr) {
        row = &insert(key, packet);
        row->firstUs = judged.firstUs;
    }
    row->packets += judged.packets;
    row->firstUs = std::min(row->firstUs, judged.firstUs);
    row->lastUs = std::max(row->lastUs, judged.lastUs);
    note(*row, packet);
}

/// An eighth of the table at once, if there is so much: to look through all rows costs as much as thousands of packets.
bool ProbeTable::makeRoom() {
    std::map<Address, std::size_t> counts;
    for (const Row& row : rows_) {
        ++counts[row.key.source];
    }
    std::erase_if(counts, [&](const auto& entry) {
        return entry.second < kWorthMerging || (coarse_.contains(entry.first) && portless_.contains(entry.first));
    });
    std::vector<std::pair<std::size_t, Address>> largest;
    for (const auto& [source, count] : counts) {
        largest.emplace_back(count, source);
    }
    std::ranges::sort(largest, std::ranges::greater());
    std::set<Address> sources;
    std::size_t taken = 0;
    for (const auto& [count, source] : largest) {
        sources.insert(source);
        if ((taken += count) >= most_ / 8) {
            break;
        }
    }
    const std::size_t before = rows_.size();
    merge(sources);
    full_ = rows_.size() == before && rows_.size() >= most_;
    return !full_;
}

void ProbeTable::merge(const std::set<Address>& sources) {
    std::map<Address, std::set<std::uint16_t>> ports;
    std::map<Address, std::size_t> count;
    for (const Row& row : rows_) {
        if (sources.contains(row.key.source)) {
            ports[row.key.source].insert(row.key.port);
            ++count[row.key.source];
        }
    }
    for (const Address& source : sources) {
        // A row for each port would be no less, or not for long.
        if (ports[source].size() > kManyPorts || 2 * ports[source].size() > count[source]) {
            portless_.insert(source);
        }
        coarse_.insert(source);
    }
    const auto fine = std::stable_partition(rows_.begin(), rows_.end(),
                                            [&](const Row& row) { return !sources.contains(row.key.source); });
    const std::vector<Row> own(fine, rows_.end());
    rows_.erase(fine, rows_.end());
    std::ranges::fill(places_, 0U);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        index(i);
    }
    for (const Row& row : own) {
        takeIn(row, portless_.contains(row.key.source));
    }
    merged_ += own.size();
}

void ProbeTable::takeIn(const Row& fine, bool anyPort) {
    Key key = fine.key;
    key.block = {};
    key.anyBlock = true;
    key.anyPort = anyPort;
    key.port = anyPort ? std::uint16_t{0} : key.port;
    Row* row = find(key);
    if (row == nullptr) {
        row = &insert(key, fine.first);
        row->firstUs = fine.firstUs;
    }
    row->packets += fine.packets;
    row->firstUs = std::min(row->firstUs, fine.firstUs);
    row->lastUs = std::max(row->lastUs, fine.lastUs);
    const auto addresses = static_cast<std::uint32_t>(fine.seen.count()) + fine.addresses;
    // Of several ports the blocks may be the same: then no more is sure than the most of any.
    row->addresses = anyPort ? std::max(row->addresses, addresses) : row->addresses + addresses;
    row->merged += std::max<std::uint32_t>(fine.merged, 1);
}

std::vector<ProbeRow> ProbeTable::take() {
    std::vector<ProbeRow> taken;
    taken.reserve(rows_.size());
    for (const Row& row : rows_) {
        const auto addresses = static_cast<std::uint32_t>(row.seen.count()) + row.addresses;
        taken.push_back({.kind = row.key.kind,
                         .anyPort = row.key.anyPort,
                         .anyBlock = row.key.anyBlock,
                         .tool = std::string(ToolTeller::nameOf(row.key.tool)),
                         .source = row.first.source,
                         .target = row.first.target,
                         .packets = row.packets,
                         .addresses = std::max<std::uint32_t>(addresses, 1),
                         .merged = row.merged,
                         .firstUs = row.firstUs,
                         .lastUs = row.lastUs,
                         .ttl = row.first.ttl,
                         .flags = row.first.flags,
                         .icmpType = row.first.icmpType,
                         .window = row.first.window,
                         .mss = row.first.mss,
                         .optionsHash = row.first.optionsHash});
    }
    rows_.clear();
    std::ranges::fill(places_, 0U);
    coarse_.clear();
    portless_.clear();
    full_ = false;
    return taken;
}

}  // namespace apiary::agent
