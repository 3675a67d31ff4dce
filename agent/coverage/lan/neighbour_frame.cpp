#include "agent/coverage/lan/neighbour_frame.hpp"

#include "common/net/endpoint.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace apiary::agent {
namespace {

using Address = AddressRange::Address;
using Bytes = std::span<const std::uint8_t>;
using Kind = NeighbourMessage::Kind;

constexpr std::size_t kEthernet = 14;
constexpr std::uint16_t kArp = 0x0806;
constexpr std::uint16_t kIp4 = 0x0800;
constexpr std::uint16_t kIp6 = 0x86dd;
constexpr std::size_t kArpBytes = 28;
constexpr std::uint8_t kIcmp6 = 58;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kSolicitation = 135;
constexpr std::uint8_t kAdvertisement = 136;
constexpr std::uint8_t kSourceLink = 1;  // options of RFC 4861, 4.6.1
constexpr std::uint8_t kTargetLink = 2;
constexpr std::uint8_t kHopLimit = 255;
constexpr std::uint8_t kSolicited = 0x40;  // flags of an advertisement
constexpr std::uint8_t kOverride = 0x20;
constexpr Mac kEverybody{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
constexpr Address kAllNodes{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

std::uint16_t word(Bytes bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}

Mac macAt(Bytes bytes, std::size_t at) {
    Mac mac{};
    std::ranges::copy(bytes.subspan(at, mac.size()), mac.begin());
    return mac;
}

Address address4At(Bytes bytes, std::size_t at) {
    return Endpoint::of({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]}, 0).address;
}

Address address6At(Bytes bytes, std::size_t at) {
    Address address{};
    std::ranges::copy(bytes.subspan(at, address.size()), address.begin());
    return address;
}

/// A station can be the source of a frame: no group, and not nobody.
bool station(const Mac& mac) {
    return (mac[0] & 1U) == 0 && mac != Mac{};
}

/// The sum of RFC 1071 over an ICMPv6 message and its pseudo header (RFC 8200, 8.1); 0 over a good one.
std::uint16_t checksum6(Bytes source, Bytes target, Bytes message) {
    std::uint64_t sum = message.size() + kIcmp6;
    for (const Bytes part : {source, target, message}) {
        for (std::size_t i = 0; i < part.size(); ++i) {
            sum += i % 2 == 0 ? static_cast<unsigned>(part[i] << 8U) : part[i];
        }
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffffU) + (sum >> 16U);
    }
    return static_cast<std::uint16_t>(~sum);
}

std::optional<NeighbourMessage> parseArp(Bytes frame) {
    const Bytes arp = frame.subspan(kEthernet);
    if (arp.size() < kArpBytes || word(arp, 0) != 1 || word(arp, 2) != kIp4 || arp[4] != 6 || arp[5] != 4) {
        return std::nullopt;
    }
    const std::uint16_t operation = word(arp, 6);
    NeighbourMessage message{.kind = operation == 1 ? Kind::Asks : Kind::Tells,
                             .from = macAt(arp, 8),
                             .sender = address4At(arp, 14),
                             .target = address4At(arp, 24)};
    if ((operation != 1 && operation != 2) || !station(message.from)) {
        return std::nullopt;
    }
    if (message.kind == Kind::Tells) {
        message.target = {};
    }
    return message;
}

/// The hardware address in an option of that kind, or `fallback` without one; nothing if the options are no options.
std::optional<Mac> optionOf(Bytes options, std::uint8_t kind, const Mac& fallback) {
    Mac found = fallback;
    while (!options.empty()) {
        const std::size_t length = options.size() < 8 ? 0 : std::size_t{options[1]} * 8;
        if (length == 0 || length > options.size()) {
            return std::nullopt;
        }
        if (options[0] == kind) {
            found = macAt(options, 2);
        }
        options = options.subspan(length);
    }
    return station(found) ? std::optional(found) : std::nullopt;
}

std::optional<NeighbourMessage> parseIcmp6(Bytes frame) {
    const Bytes packet = frame.subspan(kEthernet);
    constexpr std::size_t kHeader = 40;
    constexpr std::size_t kFixed = 24;  // of the message, before its options
    if (packet.size() < kHeader + kFixed || packet[0] >> 4U != 6 || packet[6] != kIcmp6 || packet[7] != kHopLimit) {
        return std::nullopt;
    }
    const std::size_t length = word(packet, 4);
    if (length < kFixed || length > packet.size() - kHeader) {
        return std::nullopt;
    }
    const Bytes icmp = packet.subspan(kHeader, length);
    const Address source = address6At(packet, 8);
    const Address target = address6At(icmp, 8);
    const bool asks = icmp[0] == kSolicitation;
    if ((!asks && icmp[0] != kAdvertisement) || icmp[1] != 0 || target[0] == 0xff || source[0] == 0xff ||
        checksum6(packet.subspan(8, 16), packet.subspan(24, 16), icmp) != 0) {
        return std::nullopt;
    }
    const auto from = optionOf(icmp.subspan(kFixed), asks ? kSourceLink : kTargetLink, macAt(frame, 6));
    if (!from) {
        return std::nullopt;
    }
    return asks ? NeighbourMessage{.kind = Kind::Asks, .from = *from, .sender = source, .target = target}
                : NeighbourMessage{.kind = Kind::Tells, .from = *from, .sender = target, .target = {}};
}

/// A client's DHCPREQUEST: the address that it asks for by option 50, or has by `ciaddr` (RFC 2131, 4.3.2).
std::optional<NeighbourMessage> parseDhcp(Bytes frame) {
    const Bytes packet = frame.subspan(kEthernet);
    if (packet.size() < 20 || packet[0] >> 4U != 4 || packet[9] != kUdp || (word(packet, 6) & 0x1fffU) != 0) {
        return std::nullopt;
    }
    const std::size_t header = std::size_t{packet[0] & 0xfU} * 4;
    constexpr std::size_t kFixed = 240;  // of the message, with the cookie
    if (header < 20 || packet.size() < header + 8 + kFixed || word(packet, header + 2) != 67) {
        return std::nullopt;
    }
    const Bytes bootp = packet.subspan(header + 8);
    constexpr std::array<std::uint8_t, 4> kCookie{99, 130, 83, 99};
    if (bootp[0] != 1 || bootp[1] != 1 || bootp[2] != 6 ||
        !std::ranges::equal(bootp.subspan(236, kCookie.size()), kCookie)) {
        return std::nullopt;
    }
    NeighbourMessage message{.kind = Kind::Leases, .from = macAt(bootp, 28), .target = address4At(bootp, 12)};
    message.sender = Endpoint::of({}, 0).address;
    bool requests = false;
    for (std::size_t at = kFixed; at < bootp.size() && bootp[at] != 255;) {
        if (bootp[at] == 0) {
            ++at;
            continue;
        }
        if (at + 2 > bootp.size() || at + 2 + bootp[at + 1] > bootp.size()) {
            return std::nullopt;
        }
        const std::size_t length = bootp[at + 1];
        if (bootp[at] == 53 && length == 1) {
            requests = bootp[at + 2] == 3;
        } else if (bootp[at] == 50 && length == 4) {
            message.target = address4At(bootp, at + 2);
        }
        at += 2 + length;
    }
    return requests && station(message.from) ? std::optional(message) : std::nullopt;
}

void append(Frame& frame, Bytes bytes) {
    frame.insert(frame.end(), bytes.begin(), bytes.end());
}

void appendWord(Frame& frame, std::size_t value) {
    frame.push_back(static_cast<std::uint8_t>(value >> 8U));
    frame.push_back(static_cast<std::uint8_t>(value));
}

void ethernet(Frame& frame, const Mac& to, const Mac& from, std::uint16_t type) {
    append(frame, to);
    append(frame, from);
    appendWord(frame, type);
}

bool isV4(const Address& address) {
    return Endpoint{address, 0}.v4().has_value();
}

Bytes lastFour(const Address& address) {
    return Bytes(address).subspan(12);
}

Frame arpFrame(std::uint16_t operation, const Mac& own, const Address& sender, const Mac& to, const Mac& toHardware,
               const Address& target) {
    Frame frame;
    ethernet(frame, to, own, kArp);
    append(frame, std::array<std::uint8_t, 6>{0, 1, 8, 0, 6, 4});
    appendWord(frame, operation);
    append(frame, own);
    append(frame, lastFour(sender));
    append(frame, toHardware);
    append(frame, lastFour(target));
    return frame;
}

/// RFC 2464, 7.
Mac multicastMac(const Address& group) {
    return {0x33, 0x33, group[12], group[13], group[14], group[15]};
}

struct Icmp6 {
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    Address source{};
    Address target{};        // of the packet
    Address about{};         // the target of the message
    bool linkOption = true;  // its own hardware address goes with it
};

Frame icmp6Frame(const Mac& own, const Mac& to, const Icmp6& what) {
    Frame message{what.type, 0, 0, 0, what.flags, 0, 0, 0};
    append(message, what.about);
    if (what.linkOption) {
        message.push_back(kTargetLink);
        message.push_back(1);
        append(message, own);
    }
    const std::uint16_t sum = checksum6(what.source, what.target, message);
    message[2] = static_cast<std::uint8_t>(sum >> 8U);
    message[3] = static_cast<std::uint8_t>(sum);
    Frame frame;
    ethernet(frame, to, own, kIp6);
    append(frame, std::array<std::uint8_t, 4>{0x60, 0, 0, 0});
    appendWord(frame, message.size());
    frame.push_back(kIcmp6);
    frame.push_back(kHopLimit);
    append(frame, what.source);
    append(frame, what.target);
    append(frame, message);
    return frame;
}

}  // namespace

std::string stationText(const Mac& mac) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : mac) {
        text += text.empty() ? "" : ":";
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 0xfU];
    }
    return text;
}

bool NeighbourMessage::unspecified() const {
    return sender == Address{} || sender == Endpoint::of({}, 0).address;
}

std::optional<NeighbourMessage> parseNeighbour(std::span<const std::uint8_t> frame) {
    if (frame.size() < kEthernet) {
        return std::nullopt;
    }
    switch (word(frame, 12)) {
        case kArp:
            return parseArp(frame);
        case kIp6:
            return parseIcmp6(frame);
        case kIp4:
            return parseDhcp(frame);
        default:
            return std::nullopt;
    }
}

Frame probeFrame(const Mac& own, const AddressRange::Address& target) {
    if (isV4(target)) {
        return arpFrame(1, own, Endpoint::of({}, 0).address, kEverybody, Mac{}, target);
    }
    const Address group{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, target[13], target[14], target[15]};
    return icmp6Frame(own, multicastMac(group),
                      {.type = kSolicitation, .target = group, .about = target, .linkOption = false});
}

Frame announcementFrame(const Mac& own, const AddressRange::Address& address) {
    if (isV4(address)) {
        return arpFrame(1, own, address, kEverybody, Mac{}, address);
    }
    return icmp6Frame(
        own, multicastMac(kAllNodes),
        {.type = kAdvertisement, .flags = kOverride, .source = address, .target = kAllNodes, .about = address});
}

Frame answerFrame(const Mac& own, const AddressRange::Address& address, const NeighbourMessage& asker) {
    if (isV4(address)) {
        return arpFrame(2, own, address, asker.from, asker.from, asker.sender);
    }
    return icmp6Frame(own, asker.from,
                      {.type = kAdvertisement,
                       .flags = kSolicited | kOverride,
                       .source = address,
                       .target = asker.sender,
                       .about = address});
}

}  // namespace apiary::agent
