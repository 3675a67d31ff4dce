#pragma once

#include "agent/probes/probe_row.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace apiary::agent {

/// Where the agent takes probes: a SOCK_SEQPACKET name in the abstract namespace of Unix sockets, of which each network
/// namespace has its own.
inline constexpr std::string_view kProbesName = "apiary-probes";

/// The longest message.
inline constexpr std::size_t kLongestProbeMessage = std::size_t{32} << 10U;

/// What the capturing program counted since its last figures; see WatchFigures. In packets but for `merged`.
struct CaptureFigures {
    std::uint64_t seen = 0;
    std::uint64_t probes = 0;
    std::uint64_t connections = 0;
    std::uint64_t answers = 0;
    std::uint64_t foreign = 0;
    std::uint64_t hasty = 0;
    std::uint64_t merged = 0;             // rows told less finely
    std::uint64_t beyond = 0;             // probes without a row: the table was full
    std::uint64_t unsent = 0;             // probes whose rows found no room while the agent was away
    std::uint64_t kernelDropped = 0;      // frames: the ring was full
    std::uint64_t interfaceReceived = 0;  // by the interfaces' own count, whatever they were
    std::uint64_t interfaceDropped = 0;
    std::uint64_t interfaces = 0;  // that are watched now, of those configured
    std::uint64_t configured = 0;

    friend bool operator==(const CaptureFigures&, const CaptureFigures&) = default;
};

/// Adds up what are counts; of the two numbers of interfaces the newer stands.
CaptureFigures& operator+=(CaptureFigures& sum, const CaptureFigures& more);

/// A message of the capturing program, all numbers little endian:
///   'A' 'P' version 1, then a byte: 'R' rows, or 'F' figures
///   rows:    each two bytes of length and so many bytes of a row
///   figures: 14 numbers of eight bytes, in the order of CaptureFigures
using ProbeMessage = std::variant<std::vector<ProbeRow>, CaptureFigures>;

/// As many messages as the rows need.
std::vector<std::string> rowMessages(std::span<const ProbeRow> rows);
std::string figuresMessage(const CaptureFigures& figures);

/// Nothing if it is not whole to the last byte, or holds what no ProbeRow can.
std::optional<ProbeMessage> readProbeMessage(std::string_view bytes);

}  // namespace apiary::agent
