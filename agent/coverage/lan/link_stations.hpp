#pragma once

#include "agent/coverage/lan/lan_links.hpp"
#include "agent/coverage/lan/neighbour_frame.hpp"
#include "common/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace apiary::agent {

/// The hardware address that a host of a link has of its own: its persona's vendor, and the rest by machine, persona
/// and address. Nothing for a host that shares that of the interface, as all of IPv6 do.
std::optional<Mac> stationOf(const LanLink& link, std::uint64_t seed, const AddressRange::Address& address);

/// Whether that is what a host of the link with a hardware address of its own has said: as it comes back from a switch.
bool isOfOwnStation(const LanLink& link, std::uint64_t seed, const NeighbourMessage& message);

/// One transaction of `nft -f`: what comes for these stations is taken for this machine's, and what leaves from their
/// hosts has their hardware address as its source; what passes through from a live owner keeps this machine's. Needs
/// Linux 5.16. Empty if all hosts share the interface's.
std::string stationRules(const LanLink& link, std::uint64_t seed);

/// The tables of stationRules(), one an interface, in this network namespace. Those of such a name without our comment
/// are somebody else's, and are left alone.
class LinkStations {
public:
    /// Whether apply() would be refused, asked without changing anything.
    static Status consider(const LanLink& link, std::uint64_t seed);

    /// The interface must be there.
    static Status apply(const LanLink& link, std::uint64_t seed);

    /// Good too if there is none.
    static Status remove(const std::string& interface);
    static Status removeAll();

    /// A line for each table of ours.
    static Result<std::string> show();
};

}  // namespace apiary::agent
