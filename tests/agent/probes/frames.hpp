#pragma once

#include "agent/hosts/host_plan.hpp"
#include "agent/probes/packet.hpp"
#include "agent/probes/probe_watch.hpp"
#include "common/net/endpoint.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace apiary::agent::test {

using Frame = std::vector<std::uint8_t>;

/// A TCP segment as somebody sends it; what is not named is as a plain SYN has it.
struct TcpFrame {
    Endpoint source;
    Endpoint target;
    std::uint8_t flags = kSyn;
    std::uint32_t seq = 1;
    std::uint16_t window = 64'240;
    std::uint16_t ipId = 0;
    std::uint8_t ttl = 64;
    std::vector<std::uint8_t> options{};  // a multiple of four bytes
    std::size_t data = 0;                 // bytes
};

/// Ethernet frames of IPv4 or IPv6, as the addresses are.
Frame tcp(const TcpFrame& segment);
Frame udp(const Endpoint& source, const Endpoint& target);
Frame icmp(const Endpoint& source, const Endpoint& target, std::uint8_t type, std::size_t data = 0);

/// The same with a VLAN tag.
Frame tagged(Frame frame, std::uint16_t type = 0x8100);

/// 192.0.2.x and 10.9.x.y, with a port.
Endpoint attacker(std::uint8_t last, std::uint16_t port);
Endpoint host(std::uint8_t third, std::uint8_t last, std::uint16_t port);

/// Hosts 10.9.0.0/16 and fd00:9::/64 with services on port 21 and on 8000 to 8100; data channels from 40000 to 40099.
WatchedHosts watchedHosts();

}  // namespace apiary::agent::test
