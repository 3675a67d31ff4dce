#pragma once

#include "common/net/endpoint.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace apiary::agent {

/// What came, as the column probe.kind names it.
enum class ProbeKind : std::uint8_t {
    Syn = 0,     // TCP to the port of a service, without a connection coming of it
    Closed = 1,  // TCP to a port that has no service
    Udp = 2,
    Icmp = 3,
};

/// "syn", "closed", "udp", "icmp".
std::string_view kindName(ProbeKind kind);

/// Probes of one source that have the same kind, port and tool, within one block of addresses (IPv4 /24, IPv6 /64) and
/// some seconds.
struct ProbeRow {
    ProbeKind kind = ProbeKind::Syn;
    bool anyPort = false;   // coarse: of several ports; target.port is that of the first
    bool anyBlock = false;  // coarse: of several blocks; target's address is that of the first
    std::string tool;       // a name of ours; empty: none told
    Endpoint source;        // with the port of the first packet
    Endpoint target;        // of the first packet
    std::uint64_t packets = 0;
    std::uint32_t addresses = 1;  // different ones at the least; exact within an IPv4 /24
    std::uint32_t merged = 0;     // coarse: rows that it took in
    std::uint64_t firstUs = 0;    // microseconds since 1970
    std::uint64_t lastUs = 0;

    std::uint8_t ttl = 0;  // of the first packet, as what follows
    std::uint8_t flags = 0;
    std::uint8_t icmpType = 0;
    std::uint16_t window = 0;
    std::uint16_t mss = 0;
    std::uint32_t optionsHash = 0;

    friend bool operator==(const ProbeRow&, const ProbeRow&) = default;
};

/// What a probe record carries besides its own fields, in its reason: words KEY=VALUE apart by spaces, "tool=" first if
/// one is told, then addresses (if not 1), ports=many, merged, ttl, of TCP flags, window, mss and options, of ICMP
/// type. The collector takes the tool out of it.
std::string reasonOf(const ProbeRow& row);

}  // namespace apiary::agent
