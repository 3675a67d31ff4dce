#pragma once

#include "common/net/endpoint.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace apiary::agent {

/// How much of a frame is looked at: Ethernet with two tags, IPv6 with some extension headers, TCP with all its
/// options.
inline constexpr std::size_t kSnapBytes = 192;

/// The flags of a TCP header, RFC 9293, 3.1.
inline constexpr std::uint8_t kFin = 0x01;
inline constexpr std::uint8_t kSyn = 0x02;
inline constexpr std::uint8_t kRst = 0x04;
inline constexpr std::uint8_t kAck = 0x10;

/// What the headers of a packet say. Nothing of it can be believed; it is what was on the wire.
struct ProbePacket {
    enum class Protocol : std::uint8_t { Tcp, Udp, Icmp };

    Endpoint source;  // the ports are 0 with ICMP
    Endpoint target;
    Protocol protocol = Protocol::Tcp;
    bool v4 = true;
    std::uint8_t ttl = 0;         // or hop limit
    std::uint16_t ipId = 0;       // of IPv4
    std::uint16_t totalSize = 0;  // of the IP packet, by its own header

    std::uint8_t flags = 0;  // of TCP, as what follows
    std::uint32_t seq = 0;
    std::uint16_t window = 0;
    std::uint16_t mss = 0;          // 0: no such option
    std::uint8_t optionBytes = 0;   // length of all options, padding included
    std::uint32_t optionsHash = 0;  // FNV-1a over the kinds of the options in their order; 0: none

    std::uint8_t icmpType = 0;
    std::uint8_t icmpCode = 0;
};

/// Reads an Ethernet frame, or the first part of one: up to two VLAN tags, IPv4 (RFC 791) or IPv6 (RFC 8200) with
/// hop-by-hop, routing, fragment and destination headers, then TCP, UDP or ICMP. Nothing for everything else: other
/// protocols, later fragments, headers that are cut or contradict themselves. Options of TCP are read as far as they
/// make sense. Reads no byte outside of `frame`, whatever lengths its headers claim.
std::optional<ProbePacket> parseFrame(std::span<const std::uint8_t> frame);

}  // namespace apiary::agent
