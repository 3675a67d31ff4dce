#include "agent/probes/kernel_filter.hpp"

#include "agent/hosts/host_station.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <linux/if_packet.h>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostRanges4 = 256;  // of three instructions
constexpr std::size_t kMostRanges6 = 128;  // of twelve
constexpr std::size_t kMostPorts = 128;    // of three, twice

/// Where a jump goes.
enum class Label : std::uint8_t {
    Ip4,
    Ip6,
    In4,
    In6,
    Own4,
    Own6,
    Tcp4,
    Tcp6,
    Data4,
    Data6,
    Next,
    Accept,
    Refuse,
    Count
};

/// Puts a program together. Conditional jumps of BPF reach 255 instructions only, so each jumps over or to an
/// unconditional one.
class Assembler {
public:
    void add(std::uint16_t code, std::uint32_t value) { program_.push_back({code, 0, 0, value}); }
    void load(std::uint16_t size, std::uint32_t at) { add(BPF_LD | size | BPF_ABS, at); }

    void jump(Label to) {
        open_.emplace_back(program_.size(), to);
        add(BPF_JMP | BPF_JA, 0);
    }
    void when(std::uint16_t condition, std::uint32_t value, Label to) {
        program_.push_back({static_cast<std::uint16_t>(BPF_JMP | condition | BPF_K), 0, 1, value});
        jump(to);
    }
    void unless(std::uint16_t condition, std::uint32_t value, Label to) {
        program_.push_back({static_cast<std::uint16_t>(BPF_JMP | condition | BPF_K), 1, 0, value});
        jump(to);
    }
    void within(std::uint32_t first, std::uint32_t last, Label to) {
        program_.push_back({BPF_JMP | BPF_JGE | BPF_K, 0, 2, first});
        program_.push_back({BPF_JMP | BPF_JGT | BPF_K, 1, 0, last});
        jump(to);
    }

    /// The label is here: all jumps to it that were made so far come here.
    void place(Label label) {
        std::erase_if(open_, [&](const auto& jump) {
            if (jump.second == label) {
                program_[jump.first].k = static_cast<std::uint32_t>(program_.size() - jump.first - 1);
            }
            return jump.second == label;
        });
    }

    std::vector<sock_filter> program() && { return std::move(program_); }

private:
    std::vector<sock_filter> program_;
    std::vector<std::pair<std::size_t, Label>> open_;
};

std::uint32_t wordOf(const AddressRange::Address& address, std::size_t at) {
    return (std::uint32_t{address[at]} << 24U) | (std::uint32_t{address[at + 1]} << 16U) |
           (std::uint32_t{address[at + 2]} << 8U) | address[at + 3];
}

/// Ranges of numbers in order, neighbours joined; if there are more than `most`, those with the smallest holes too.
using Range = std::pair<std::uint32_t, std::uint32_t>;
std::vector<Range> joined(std::vector<Range> ranges, std::size_t most) {
    std::ranges::sort(ranges);
    std::uint64_t hole = 1;
    for (;;) {
        std::vector<Range> fewer;
        for (const Range& range : ranges) {
            if (!fewer.empty() && range.first <= std::uint64_t{fewer.back().second} + hole) {
                fewer.back().second = std::max(fewer.back().second, range.second);
            } else {
                fewer.push_back(range);
            }
        }
        if (fewer.size() <= most) {
            return fewer;
        }
        ranges = std::move(fewer);
        hole *= 2;
    }
}

/// The bits that all addresses of a range have in common, at most `most` of them.
struct Network6 {
    std::array<std::uint32_t, 4> words{};
    std::array<std::uint32_t, 4> masks{};
    friend auto operator<=>(const Network6&, const Network6&) = default;
};
Network6 networkOf(const AddressRange& range, int most) {
    Network6 network;
    for (std::size_t i = 0; i < 4 && most > 0; ++i) {
        const std::uint32_t first = wordOf(range.first, 4 * i);
        const int same = std::min(std::countl_zero(first ^ wordOf(range.last, 4 * i)), most);
        network.masks[i] = same == 0 ? 0 : ~std::uint32_t{0} << (32 - same);
        network.words[i] = first & network.masks[i];
        most = same < 32 ? 0 : most - 32;
    }
    return network;
}

std::vector<Network6> networks6(const HostPlan& plan) {
    for (int bits = 128;; bits -= 4) {
        std::vector<Network6> networks;
        for (const HostRange& range : plan.ranges) {
            if (!range.addresses.v4()) {
                networks.push_back(networkOf(range.addresses, bits));
            }
        }
        std::ranges::sort(networks);
        networks.erase(std::ranges::unique(networks).begin(), networks.end());
        if (networks.size() <= kMostRanges6) {
            return networks;
        }
    }
}

std::vector<Range> ranges4(const HostPlan& plan) {
    std::vector<Range> ranges;
    for (const HostRange& range : plan.ranges) {
        if (range.addresses.v4()) {
            ranges.emplace_back(wordOf(range.addresses.first, 12), wordOf(range.addresses.last, 12));
        }
    }
    return joined(std::move(ranges), kMostRanges4);
}

/// Ports of which no segment with data is needed; none if they are too many to ask for.
std::vector<Range> portsOfConnections(const WatchedHosts& hosts) {
    std::vector<Range> ports;
    const auto add = [&](const PortRange& range) { ports.emplace_back(range.first, range.last); };
    for (const HostService& service : hosts.plan.services) {
        if (service.kind == PortKind::Tcp) {
            std::ranges::for_each(service.ports, add);
        }
    }
    std::ranges::for_each(hosts.channels, add);
    std::vector<Range> exact = joined(ports, ports.size() + 1);
    return exact.size() <= kMostPorts ? exact : std::vector<Range>();
}

constexpr std::uint32_t kHeader4 = 14;  // of Ethernet
constexpr std::uint32_t kTcp6 = 54;     // behind IPv6 without extensions

void chooseFlags(Assembler& to) {
    to.when(BPF_JSET, kSyn | kRst, Label::Accept);
    to.unless(BPF_JSET, kAck, Label::Accept);
}

/// Of TCP over IPv4 without data; the length of the IP header is in X.
void chooseDataless4(Assembler& to) {
    to.add(BPF_LD | BPF_B | BPF_IND, kHeader4 + 12);
    to.add(BPF_ALU | BPF_AND | BPF_K, 0xf0);
    to.add(BPF_ALU | BPF_RSH | BPF_K, 2);
    to.add(BPF_ALU | BPF_ADD | BPF_X, 0);
    to.add(BPF_MISC | BPF_TAX, 0);
    to.load(BPF_H, kHeader4 + 2);
    to.add(BPF_ALU | BPF_SUB | BPF_X, 0);
    to.when(BPF_JEQ, 0, Label::Accept);
    to.jump(Label::Refuse);
}

void chooseDataless6(Assembler& to) {
    to.load(BPF_B, kTcp6 + 12);
    to.add(BPF_ALU | BPF_AND | BPF_K, 0xf0);
    to.add(BPF_ALU | BPF_RSH | BPF_K, 2);
    to.add(BPF_MISC | BPF_TAX, 0);
    to.load(BPF_H, kHeader4 + 4);
    to.add(BPF_ALU | BPF_SUB | BPF_X, 0);
    to.when(BPF_JEQ, 0, Label::Accept);
    to.jump(Label::Refuse);
}

void addIp4(Assembler& to, const WatchedHosts& hosts, const std::vector<Range>& ports) {
    to.place(Label::Ip4);
    to.load(BPF_W, kHeader4 + 16);
    for (const auto& [first, last] : ranges4(hosts.plan)) {
        to.within(first, last, Label::In4);
    }
    to.jump(hosts.listeners.empty() ? Label::Refuse : Label::Own4);
    to.place(Label::In4);
    to.load(BPF_H, kHeader4 + 6);
    to.when(BPF_JSET, 0x1fff, Label::Refuse);  // later fragments
    to.load(BPF_B, kHeader4 + 9);
    to.when(BPF_JEQ, 6, Label::Tcp4);
    to.when(BPF_JEQ, 17, Label::Accept);
    to.when(BPF_JEQ, 1, Label::Accept);
    to.jump(Label::Refuse);
    to.place(Label::Tcp4);
    to.add(BPF_LDX | BPF_B | BPF_MSH, kHeader4);
    to.add(BPF_LD | BPF_B | BPF_IND, kHeader4 + 13);
    chooseFlags(to);
    to.add(BPF_LD | BPF_H | BPF_IND, kHeader4 + 2);
    for (const auto& [first, last] : ports) {
        to.within(first, last, Label::Data4);
    }
    to.jump(Label::Accept);
    to.place(Label::Data4);
    chooseDataless4(to);
}

void forThisStation(Assembler& to) {
    to.load(BPF_B, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE));
    to.unless(BPF_JEQ, PACKET_HOST, Label::Refuse);
}

/// What is for the machine itself: which addresses those are changes, and is looked at later. Of TCP no segment with
/// data is needed.
void addOwn(Assembler& to) {
    to.place(Label::Own4);
    forThisStation(to);
    to.load(BPF_H, kHeader4 + 6);
    to.when(BPF_JSET, 0x1fff, Label::Refuse);
    to.load(BPF_B, kHeader4 + 9);
    to.when(BPF_JEQ, 17, Label::Accept);
    to.when(BPF_JEQ, 1, Label::Accept);
    to.unless(BPF_JEQ, 6, Label::Refuse);
    to.add(BPF_LDX | BPF_B | BPF_MSH, kHeader4);
    to.add(BPF_LD | BPF_B | BPF_IND, kHeader4 + 13);
    chooseFlags(to);
    chooseDataless4(to);
    to.place(Label::Own6);
    forThisStation(to);
    to.load(BPF_B, kHeader4 + 6);
    for (const std::uint32_t next : {17U, 58U, 0U, 43U, 44U, 60U}) {
        to.when(BPF_JEQ, next, Label::Accept);
    }
    to.unless(BPF_JEQ, 6, Label::Refuse);
    to.load(BPF_B, kTcp6 + 13);
    chooseFlags(to);
    chooseDataless6(to);
}

void addIp6(Assembler& to, const WatchedHosts& hosts, const std::vector<Range>& ports) {
    to.place(Label::Ip6);
    for (const Network6& network : networks6(hosts.plan)) {
        for (std::size_t i = 0; i < 4; ++i) {
            if (network.masks[i] != 0) {
                to.load(BPF_W, static_cast<std::uint32_t>(kHeader4 + 24 + 4 * i));
                to.add(BPF_ALU | BPF_AND | BPF_K, network.masks[i]);
                to.unless(BPF_JEQ, network.words[i], Label::Next);
            }
        }
        to.jump(Label::In6);
        to.place(Label::Next);
    }
    to.jump(hosts.listeners.empty() ? Label::Refuse : Label::Own6);
    to.place(Label::In6);
    to.load(BPF_B, kHeader4 + 6);
    to.when(BPF_JEQ, 6, Label::Tcp6);
    for (const std::uint32_t next : {17U, 58U, 0U, 43U, 44U, 60U}) {  // UDP, ICMP, and what stands before any of them
        to.when(BPF_JEQ, next, Label::Accept);
    }
    to.jump(Label::Refuse);
    to.place(Label::Tcp6);
    to.load(BPF_B, kTcp6 + 13);
    chooseFlags(to);
    to.load(BPF_H, kTcp6 + 2);
    for (const auto& [first, last] : ports) {
        to.within(first, last, Label::Data6);
    }
    to.jump(Label::Accept);
    to.place(Label::Data6);
    chooseDataless6(to);
}

}  // namespace

std::vector<sock_filter> kernelFilter(const WatchedHosts& hosts) {
    const std::vector<Range> ports = portsOfConnections(hosts);
    Assembler to;
    if (!hasStations(hosts.plan)) {
        to.load(BPF_B, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE));
        to.when(BPF_JEQ, PACKET_OTHERHOST, Label::Refuse);
    }
    to.load(BPF_H, 12);
    to.when(BPF_JEQ, 0x0800, Label::Ip4);
    to.when(BPF_JEQ, 0x86dd, Label::Ip6);
    to.when(BPF_JEQ, 0x8100, Label::Accept);
    to.when(BPF_JEQ, 0x88a8, Label::Accept);
    to.jump(Label::Refuse);
    addIp4(to, hosts, ports);
    addIp6(to, hosts, ports);
    if (!hosts.listeners.empty()) {
        addOwn(to);
    }
    to.place(Label::Refuse);
    to.add(BPF_RET | BPF_K, 0);
    to.place(Label::Accept);
    to.add(BPF_RET | BPF_K, kSnapBytes);
    return std::move(to).program();
}

}  // namespace apiary::agent
