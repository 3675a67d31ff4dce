#pragma once

#include "agent/hosts/host_plan.hpp"
#include "agent/probes/packet.hpp"
#include "agent/probes/probe_row.hpp"
#include "agent/probes/probe_table.hpp"
#include "agent/probes/ring_block.hpp"
#include "agent/probes/tool_marks.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <unordered_map>
#include <vector>

namespace apiary::agent {

/// What is watched: the hosts of the plan, and the ports on which connections may come up at any of them although no
/// service has them: data channels.
struct WatchedHosts {
    HostPlan plan;
    std::vector<PortRange> channels;
    std::uint64_t machine = 0;          // machineSeed(): frames for stations of hosts are known by it
    std::vector<Endpoint> listeners{};  // of services at the machine's own addresses; empty: these are not watched
};

/// Packets, since the watch began. seen = probes + connections + answers + foreign + those that wait().
struct WatchFigures {
    std::uint64_t seen = 0;
    std::uint64_t probes = 0;
    std::uint64_t connections = 0;  // of connections with the agent, and datagrams to its services
    std::uint64_t answers = 0;  // RST, SYN+ACK, ICMP errors and replies: to what was sent, or to what somebody forged
    std::uint64_t foreign = 0;  // to other addresses or stations, other protocols, later fragments, nonsense
    std::uint64_t hasty = 0;    // of the probes: called that before their time, for want of room to wait
    std::uint64_t merged = 0;   // rows, see ProbeTable
    std::uint64_t beyond = 0;   // of the probes: without a row
};

/// Judges each packet that came for hosts: part of a connection, which the agent records itself, or a probe. A SYN to
/// the port of a service, or to one for data channels, waits for the packet that completes the handshake; if
/// none comes it was a probe. Bounded in memory. Not thread-safe.
class ProbeWatch {
public:
    struct Settings {
        std::size_t rows = 16'384;
        std::size_t waiting = 65'536;
        std::chrono::microseconds patience = std::chrono::seconds(5);  // for the end of a handshake
    };

    ProbeWatch(WatchedHosts hosts, const Settings& settings);

    /// A frame as it came, or its first part; times are microseconds since 1970. One for another station is foreign,
    /// unless that is the host's own.
    void take(std::span<const std::uint8_t> frame, std::uint64_t atUs, FrameFor whom = FrameFor::Us);

    /// The addresses that the machine has itself now. Those at which services listen are watched.
    void setOwn(const std::vector<Endpoint>& addresses);

    /// SYNs that came before `untilUs` without being followed by a handshake are probes. Call it now and then with now
    /// - patience.
    void settle(std::uint64_t untilUs);

    /// What came since the last call, but for what waits.
    std::vector<ProbeRow> collect() { return table_.take(); }

    std::size_t waiting() const { return opening_.size(); }
    WatchFigures figures() const;
    const Settings& settings() const { return settings_; }

private:
    struct Pair {
        Endpoint source;
        Endpoint target;
        friend bool operator==(const Pair&, const Pair&) = default;
    };
    struct PairHash {
        std::size_t operator()(const Pair& pair) const;
    };
    struct Opening {
        ProbePacket first;
        Judged judged;
    };

    bool isOurs(std::span<const std::uint8_t> frame, const ProbePacket& packet, FrameFor whom) const;
    bool isServed(const Endpoint& target) const;
    void takeOwn(const ProbePacket& packet, std::uint64_t atUs);
    void takeTcp(const ProbePacket& packet, std::uint64_t atUs);
    void takeUdp(const ProbePacket& packet, std::uint64_t atUs);
    void takeIcmp(const ProbePacket& packet, std::uint64_t atUs);
    void opens(const ProbePacket& packet, ProbeKind kind, std::uint64_t atUs);
    void goesOn(const ProbePacket& packet, ProbeKind kind, std::uint64_t atUs);
    void isProbe(const ProbePacket& packet, ProbeKind kind, std::uint64_t atUs);
    void decide(std::unordered_map<Pair, Opening, PairHash>::iterator opening);

    WatchedHosts hosts_;
    std::vector<AddressRange::Address> own_;  // in order
    Settings settings_;
    ToolTeller tools_;
    ProbeTable table_;
    std::unordered_map<Pair, Opening, PairHash> opening_;
    std::deque<std::pair<std::uint64_t, Pair>> order_;  // by when they came; those that are decided meanwhile too
    WatchFigures figures_;
};

}  // namespace apiary::agent
