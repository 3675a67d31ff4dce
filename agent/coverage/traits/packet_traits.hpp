#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// The options of a SYN-ACK that a system may know: RFC 9293 (MSS), RFC 7323 (window scale, timestamps), RFC 2018.
enum class TcpOption { Mss, WindowScale, SackPermitted, Timestamps };

/// What tcp_timestamps of the kernel is to be: milliseconds since the machine was started, as of one clock, or with an
/// offset that the kernel draws anew for each peer or connection.
enum class TimestampClock { Uptime, Random };

/// What is done with a segment that no honest peer sends: what this kernel does with it, a RST, nothing, or, with one
/// that has SYN and FIN, the answer that a SYN gets.
enum class SegmentAnswer { Kernel, Reset, Silent, Handshake };

/// How a system answers on the wire, where that differs from this kernel: what a scanner tells systems by.
struct PacketTraits {
    std::string title;  // "Windows Server 2016"

    unsigned ttl = 64;          // of a packet that leaves; IPv6's hop limit too
    unsigned hops = 0;          // some hosts are up to so many routers further away
    bool countedIds = false;    // a counter of the host numbers all it sends over IPv4; else as the kernel does
    bool fragmentable = false;  // TCP over IPv4 goes without DF
    bool flowLabels = true;     // IPv6's flow labels as the kernel has them (RFC 6437); else 0

    std::vector<TcpOption> options{TcpOption::Mss};  // those it takes up, in the order of its SYN-ACK, MSS first
    std::optional<std::uint16_t> mss;                // the most that it announces
    std::optional<std::uint16_t> window;             // of its SYN-ACK
    unsigned windowScale = 0;                        // only with TcpOption::WindowScale
    TimestampClock clock = TimestampClock::Random;   // only with TcpOption::Timestamps
    bool ecn = true;                                 // takes ECN up (RFC 3168) if the kernel does

    SegmentAnswer null = SegmentAnswer::Kernel;    // no flag at all
    SegmentAnswer synFin = SegmentAnswer::Kernel;  // SYN and FIN, and what else there is but ACK and RST
    SegmentAnswer xmas = SegmentAnswer::Kernel;    // FIN, PSH and URG, nothing else

    bool resetAckIsRandom = false;             // the acknowledgement number of a RST without ACK; else 0
    std::optional<std::uint16_t> resetWindow;  // the window of a RST

    bool echoCodeIsZero = false;             // of an answer to a ping, whatever was asked; else the same
    std::optional<std::uint8_t> errorsDscp;  // RFC 2474, of ICMP errors; the kernel's are 48

    friend bool operator==(const PacketTraits&, const PacketTraits&) = default;
};

/// Of each persona of a HostPlan, in the same order: none where the kernel's own are shown.
using PersonaTraits = std::vector<std::optional<PacketTraits>>;

/// Traits as read, and all that is wrong with them: use `traits` only if `errors` is empty.
struct TraitsReading {
    PacketTraits traits;
    std::vector<std::string> errors;  // "camera.toml:12: …"
};

/// Reads a file of traits; deploy/decoys/traits/README.md describes the format.
TraitsReading readTraits(const std::string& file);

/// The same of a text; `name` stands for the file in messages.
TraitsReading parseTraits(std::string_view text, const std::string& name);

/// Traits that come with the program.
struct BuiltInTraits {
    std::string_view name;  // "windows-10"
    std::string_view text;
};

/// All of them, by name.
const std::vector<BuiltInTraits>& builtInTraits();

}  // namespace apiary::agent
