#pragma once

#include "agent/hosts/address_range.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace apiary::agent {

/// The hardware address of a station on Ethernet.
using Mac = std::array<std::uint8_t, 6>;

/// "52:54:00:12:34:56".
std::string stationText(const Mac& mac);

/// What a frame on a link says of who has which address. One form for ARP (RFC 826) and for neighbour discovery (RFC
/// 4861): what becomes of an address does not depend on its family.
struct NeighbourMessage {
    using Address = AddressRange::Address;

    enum class Kind : std::uint8_t {
        Asks,    // an ARP request or a neighbour solicitation: who has `target`?
        Tells,   // an ARP reply or a neighbour advertisement: `sender` is here
        Leases,  // a DHCP client's request, which all of the link see: it is about to have `target`
    };

    Kind kind = Kind::Asks;
    Mac from{};        // the station that says so
    Address sender{};  // its address; unspecified() while it has none, as in a probe
    Address target{};  // of Asks and Leases

    /// Whether the sender has no address yet: 0.0.0.0 or ::.
    bool unspecified() const;

    friend bool operator==(const NeighbourMessage&, const NeighbourMessage&) = default;
};

/// Reads an Ethernet frame without a VLAN tag: an ARP request or reply for IPv4, an ICMPv6 neighbour solicitation or
/// advertisement that RFC 4861, 7.1 lets pass (hop limit, checksum, lengths), or a DHCPREQUEST of RFC 2131 to port 67.
/// Nothing for everything else, and for stations that no frame can come from (group addresses and zero). Reads no byte
/// outside of `frame`, whatever lengths it claims. Extension headers of IPv6 are not looked through: neighbour
/// discovery needs none.
std::optional<NeighbourMessage> parseNeighbour(std::span<const std::uint8_t> frame);

using Frame = std::vector<std::uint8_t>;

/// Asks the link who has an address, from a station without one: RFC 5227, 2.1.1; RFC 4862, 5.4.2.
Frame probeFrame(const Mac& own, const AddressRange::Address& target);

/// Tells the link that an address is here: RFC 5227, 2.3, as a request; or an unsolicited advertisement of RFC
/// 4861, 7.2.6.
Frame announcementFrame(const Mac& own, const AddressRange::Address& address);

/// Answers one who asks for `address`. `asker` has an address.
Frame answerFrame(const Mac& own, const AddressRange::Address& address, const NeighbourMessage& asker);

}  // namespace apiary::agent
