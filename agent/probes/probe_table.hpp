#pragma once

#include "agent/probes/packet.hpp"
#include "agent/probes/probe_row.hpp"

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace apiary::agent {

/// What came of a packet besides what its headers say.
struct Judged {
    ProbeKind kind = ProbeKind::Closed;
    std::uint8_t tool = 0;
    std::uint64_t packets = 1;  // that it stands for
    std::uint64_t firstUs = 0;
    std::uint64_t lastUs = 0;
};

/// Adds probes up by source, block of addresses, port, kind and tool. Takes the memory for `most` rows when it is made,
/// and no more. When it is full, the sources with the most rows are told less finely from then on: their rows are
/// merged into one for each port, or if they try many ports, into one for all. If every source has few rows, packets of
/// those that are not known yet are counted as beyond. Not thread-safe.
class ProbeTable {
public:
    explicit ProbeTable(std::size_t most);

    void add(const ProbePacket& packet, const Judged& judged);

    /// All rows; the table is empty again, and tells everything finely.
    std::vector<ProbeRow> take();

    std::size_t size() const { return rows_.size(); }

    /// Rows that were merged, and packets that got no row, since it was made.
    std::uint64_t merged() const { return merged_; }
    std::uint64_t beyond() const { return beyond_; }

private:
    using Address = std::array<std::uint8_t, 16>;

    struct Key {
        Address source{};
        Address block{};  // zero: any
        std::uint16_t port = 0;
        ProbeKind kind = ProbeKind::Syn;
        std::uint8_t tool = 0;
        bool anyPort = false;
        bool anyBlock = false;
        friend bool operator==(const Key&, const Key&) = default;
    };
    struct Row {
        Key key;
        ProbePacket first;
        std::bitset<256> seen;  // addresses within the block; of IPv6 their hash
        std::uint64_t packets = 0;
        std::uint64_t firstUs = 0;
        std::uint64_t lastUs = 0;
        std::uint32_t addresses = 0;  // of merged rows
        std::uint32_t merged = 0;
    };

    static std::uint64_t hashOf(const Key& key);
    Row* find(const Key& key);
    Row& insert(const Key& key, const ProbePacket& packet);
    void index(std::size_t row);
    bool makeRoom();
    void merge(const std::set<Address>& sources);
    void takeIn(const Row& fine, bool anyPort);
    static void note(Row& row, const ProbePacket& packet);

    std::size_t most_;
    std::vector<Row> rows_;
    std::vector<std::uint32_t> places_;  // by hash: number of the row + 1; 0: nobody; a power of two
    std::set<Address> coarse_;           // sources that are told less finely
    std::set<Address> portless_;         // those of them that try many ports
    bool full_ = false;                  // and nothing worth merging
    std::uint64_t merged_ = 0;
    std::uint64_t beyond_ = 0;
};

}  // namespace apiary::agent
