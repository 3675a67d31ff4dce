#pragma once

#include "agent/hosts/address_range.hpp"
#include "common/net/endpoint.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// Ports from `first` to `last`, both included.
struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;

    friend auto operator<=>(const PortRange&, const PortRange&) = default;
};

enum class PortKind { Tcp, Udp };

/// From how many ports of UDP one service can answer: each takes a socket. With more it only listens.
inline constexpr std::size_t kMostAnsweringPorts = 32;

/// A service that is played at hosts: a `[[service]]` with `ports`.
struct HostService {
    std::string name;
    std::vector<PortRange> ports;  // in order, none overlaps another
    std::uint16_t loopback = 0;    // the port on 127.0.0.1 and ::1 to which the kernel steers what comes for it
    std::size_t line = 0;
    PortKind kind = PortKind::Tcp;

    /// The ports of UDP from which it answers: all, or none if they are more than kMostAnsweringPorts, or of TCP.
    std::vector<std::uint16_t> answeringPorts() const;
};

/// What the TCP and UDP ports of a host do that no service has.
enum class OtherPorts { Closed, Filtered };

/// A kind of host: a `[[persona]]`.
struct Persona {
    std::string name;
    std::vector<std::size_t> services;  // in HostPlan::services; no port of a kind is in two of them
    OtherPorts others = OtherPorts::Closed;
    std::vector<PortRange> except;  // of the others: those that do the opposite
    bool ping = true;               // answers ICMP echo requests
    std::string hostNames;          // see hostName()
    std::size_t line = 0;
    std::string traits{};  // how it answers on the wire: a name, or a file (isTraitsFile); empty: as this kernel does
    std::optional<std::array<std::uint8_t, 3>> vendor{};  // how hardware addresses of its hosts on links begin
};

/// Whether traits are named by a file, and not by the name of some that apiary-coverage brings along.
bool isTraitsFile(std::string_view traits);

/// A run of addresses that are hosts of one persona.
struct HostRange {
    AddressRange addresses;
    std::size_t persona = 0;  // in HostPlan::personas
    std::size_t line = 0;
    std::string lan{};  // the interface on whose link they are claimed; empty: they are routed to this machine
};

/// Which addresses are which kind of host, as the configuration says: what apiary-coverage makes rules of, and what the
/// agent looks addresses up in. Memory grows with the ranges, not with their addresses. Immutable once read.
struct HostPlan {
    std::vector<HostService> services;  // by line
    std::vector<Persona> personas;      // by line
    std::vector<HostRange> ranges;      // by address; none overlaps another

    bool empty() const { return ranges.empty(); }

    /// The range that holds an address, whatever the port; null if there is none. O(log ranges).
    const HostRange* rangeAt(const Endpoint& target) const;

    /// The persona of the host at an address, whatever the port; null if there is none. O(log ranges).
    const Persona* personaAt(const Endpoint& target) const;

    /// The service at an address and port, or null.
    const HostService* serviceAt(const Endpoint& target, PortKind kind) const;

    const HostService* service(std::string_view name) const;

    /// Where a service can be tried: the first of its ports at one host of each persona that has it and each family;
    /// or, where none of these is routed here, at some on a link, as any of them may be somebody else's.
    std::vector<Endpoint> examples(const HostService& service) const;

    /// The addresses of all hosts, 2^64 - 1 at the most.
    std::uint64_t addresses() const;
};

/// What makes one host differ from the next: the same for the same sensor, persona and address, at every start.
std::uint64_t hostSeed(std::uint64_t sensorSeed, const Persona& persona, const Endpoint& target);

/// The name of the host with that seed: the persona's pattern, in which '#' stands for a digit, '@' for a lower-case
/// letter, '%' for an upper-case letter or digit.
std::string hostName(const Persona& persona, std::uint64_t hostSeed);

}  // namespace apiary::agent
