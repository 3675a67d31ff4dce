#pragma once

#include "agent/hosts/address_range.hpp"

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// Addresses that no host may have, and whose they are.
struct Taken {
    AddressRange addresses;
    std::string by;      // "this machine's own address on eth0"
    std::string link{};  // of a network on a link: its interface, by which its addresses can be claimed
};

/// What is taken for everybody: unspecified, multicast, link-local, broadcast.
std::vector<Taken> takenEverywhere();

/// What this machine has and sees: its own addresses, the networks on its links and what none of their hosts can have,
/// its gateways. Reads interfaces and
/// routes of this network namespace. What cannot be read is left out.
std::vector<Taken> takenHere();

/// What this machine is on its links: its addresses, and the hardware addresses of its interfaces.
struct Own {
    std::set<AddressRange::Address> addresses;
    std::set<std::array<std::uint8_t, 6>> stations;
};

/// Reads the interfaces of this network namespace.
Own ownHere();

/// What no host of a network can have: the addresses of the network and of all its hosts (IPv4, RFC 1122, 3.2.1.3), or
/// that of its routers (IPv6, RFC 4291, 2.6.1). Nothing of a network of two addresses or one.
std::vector<Taken> takenInNetwork(const AddressRange& network, const std::string& interface);

/// The gateways in the text of /proc/net/route and of /proc/net/ipv6_route.
std::vector<Taken> gatewaysIn(std::string_view routes, std::string_view routes6);

}  // namespace apiary::agent
