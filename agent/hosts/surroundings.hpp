#pragma once

#include "agent/hosts/address_range.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// Addresses that no host may have, and whose they are.
struct Taken {
    AddressRange addresses;
    std::string by;  // "this machine's own address on eth0"
};

/// What is taken for everybody: unspecified, multicast, link-local, broadcast.
std::vector<Taken> takenEverywhere();

/// What this machine has and sees: its own addresses, the networks on its links, its gateways. Reads interfaces and
/// routes of this network namespace. What cannot be read is left out.
std::vector<Taken> takenHere();

/// The gateways in the text of /proc/net/route and of /proc/net/ipv6_route.
std::vector<Taken> gatewaysIn(std::string_view routes, std::string_view routes6);

}  // namespace apiary::agent
