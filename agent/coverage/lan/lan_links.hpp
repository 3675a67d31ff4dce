#pragma once

#include "agent/hosts/address_range.hpp"
#include "agent/hosts/host_plan.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace apiary::agent {

/// Hosts of IPv4 on a link that have hardware addresses of their own.
struct StationRange {
    AddressRange addresses;
    std::array<std::uint8_t, 3> vendor{};
    std::string persona;

    friend bool operator==(const StationRange&, const StationRange&) = default;
};

/// The addresses that are to be claimed on the link of one interface.
struct LanLink {
    std::string interface;
    std::vector<AddressRange> ranges;      // in order
    std::vector<StationRange> stations{};  // within them, in order

    friend bool operator==(const LanLink&, const LanLink&) = default;
};

/// Those of a plan, by interface; empty if all its hosts are routed here.
std::vector<LanLink> lanLinks(const HostPlan& plan);

/// What is the same of two: the addresses that both have on an interface, if their hosts have the same hardware
/// addresses. Interfaces without any are left out.
std::vector<LanLink> commonLinks(const std::vector<LanLink>& before, const std::vector<LanLink>& after);

/// Why no address can be claimed on the link of an interface as it is now, as what follows "lan ", or nothing: it is
/// not there, or has no ARP.
std::string whyNoLink(const std::string& interface);

/// Why these cannot, or nothing: the interface has no address of this machine by which they could be reached there.
std::string whyNotOnLink(const std::string& interface, const AddressRange& range);

}  // namespace apiary::agent
