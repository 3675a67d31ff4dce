#pragma once

#include "agent/hosts/host_plan.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace apiary::agent {

/// A number that is this machine's, and the same after a restart: of /etc/machine-id.
std::uint64_t machineSeed();

/// The hardware address that a host on a link has of its own: the vendor of its persona, and the rest by machine,
/// persona and address.
std::array<std::uint8_t, 6> hostStation(const std::array<std::uint8_t, 3>& vendor, std::string_view persona,
                                        std::uint64_t machine, const AddressRange::Address& address);

/// That of the host at an address. Nothing for a host that shares the interface's, as all do that are routed here, and
/// all of IPv6.
std::optional<std::array<std::uint8_t, 6>> stationOf(const HostPlan& plan, std::uint64_t machine,
                                                     const Endpoint& target);

/// Whether any host has one.
bool hasStations(const HostPlan& plan);

}  // namespace apiary::agent
