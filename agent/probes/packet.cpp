#include "agent/probes/packet.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint16_t kIp4 = 0x0800;
constexpr std::uint16_t kIp6 = 0x86dd;
constexpr std::uint16_t kTag = 0x8100;       // IEEE 802.1Q
constexpr std::uint16_t kOuterTag = 0x88a8;  // IEEE 802.1ad
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIcmp4 = 1;
constexpr std::uint8_t kIcmp6 = 58;
constexpr int kMostExtensions = 8;

/// Big endian; only where `at` and the bytes behind it are inside.
std::uint16_t word(Bytes bytes, std::size_t at) {
    return static_cast<std::uint16_t>((bytes[at] << 8U) | bytes[at + 1]);
}

std::uint32_t twoWords(Bytes bytes, std::size_t at) {
    return (std::uint32_t{word(bytes, at)} << 16U) | word(bytes, at + 2);
}

void readOptions(Bytes options, ProbePacket& packet) {
    constexpr std::uint8_t kEnd = 0;
    constexpr std::uint8_t kNothing = 1;
    constexpr std::uint8_t kMss = 2;
    std::uint32_t hash = 2'166'136'261U;
    bool any = false;
    for (std::size_t at = 0; at < options.size();) {
        const std::uint8_t kind = options[at];
        hash = (hash ^ kind) * 16'777'619U;
        any = true;
        if (kind == kEnd) {
            break;
        }
        if (kind == kNothing) {
            ++at;
            continue;
        }
        if (at + 1 >= options.size() || options[at + 1] < 2 || options[at + 1] > options.size() - at) {
            break;
        }
        if (kind == kMss && options[at + 1] == 4) {
            packet.mss = word(options, at + 2);
        }
        at += options[at + 1];
    }
    packet.optionsHash = any ? hash : 0;
}

bool readTcp(Bytes rest, ProbePacket& packet) {
    constexpr std::size_t kHeader = 20;
    if (rest.size() < kHeader) {
        return false;
    }
    packet.protocol = ProbePacket::Protocol::Tcp;
    packet.source.port = word(rest, 0);
    packet.target.port = word(rest, 2);
    packet.seq = twoWords(rest, 4);
    packet.flags = rest[13];
    packet.window = word(rest, 14);
    const std::size_t length = std::size_t{4} * (rest[12] >> 4U);
    if (length < kHeader) {
        return false;
    }
    packet.optionBytes = static_cast<std::uint8_t>(length - kHeader);
    readOptions(rest.subspan(kHeader, std::min(length, rest.size()) - kHeader), packet);
    return true;
}

bool readUdp(Bytes rest, ProbePacket& packet) {
    if (rest.size() < 8) {
        return false;
    }
    packet.protocol = ProbePacket::Protocol::Udp;
    packet.source.port = word(rest, 0);
    packet.target.port = word(rest, 2);
    return true;
}

bool readIcmp(Bytes rest, ProbePacket& packet) {
    if (rest.size() < 4) {
        return false;
    }
    packet.protocol = ProbePacket::Protocol::Icmp;
    packet.icmpType = rest[0];
    packet.icmpCode = rest[1];
    return true;
}

bool readTransport(std::uint8_t protocol, Bytes rest, ProbePacket& packet) {
    switch (protocol) {
        case kTcp:
            return readTcp(rest, packet);
        case kUdp:
            return readUdp(rest, packet);
        case kIcmp4:
            return packet.v4 && readIcmp(rest, packet);
        case kIcmp6:
            return !packet.v4 && readIcmp(rest, packet);
        default:
            return false;
    }
}

bool readIp4(Bytes bytes, ProbePacket& packet) {
    constexpr std::size_t kHeader = 20;
    if (bytes.size() < kHeader || bytes[0] >> 4U != 4) {
        return false;
    }
    const std::size_t length = std::size_t{4} * (bytes[0] & 0x0fU);
    packet.totalSize = word(bytes, 2);
    const bool laterFragment = (word(bytes, 6) & 0x1fffU) != 0;
    if (length < kHeader || packet.totalSize < length || bytes.size() < length || laterFragment) {
        return false;
    }
    packet.v4 = true;
    packet.ipId = word(bytes, 4);
    packet.ttl = bytes[8];
    packet.source = Endpoint::of({bytes[12], bytes[13], bytes[14], bytes[15]}, 0);
    packet.target = Endpoint::of({bytes[16], bytes[17], bytes[18], bytes[19]}, 0);
    // What stands behind the packet's own end is padding of the frame.
    return readTransport(bytes[9],
                         bytes.subspan(length, std::min<std::size_t>(packet.totalSize, bytes.size()) - length), packet);
}

bool readIp6(Bytes bytes, ProbePacket& packet) {
    constexpr std::size_t kHeader = 40;
    constexpr std::uint8_t kFragment = 44;
    if (bytes.size() < kHeader || bytes[0] >> 4U != 6) {
        return false;
    }
    packet.v4 = false;
    packet.ttl = bytes[7];
    packet.totalSize = static_cast<std::uint16_t>(std::min<std::size_t>(kHeader + word(bytes, 4), 0xffff));
    std::ranges::copy(bytes.subspan(8, 16), packet.source.address.begin());
    std::ranges::copy(bytes.subspan(24, 16), packet.target.address.begin());
    bytes = bytes.first(std::min<std::size_t>(bytes.size(), kHeader + word(bytes, 4)));
    std::uint8_t next = bytes[6];
    bytes = bytes.subspan(kHeader);
    for (int i = 0; i < kMostExtensions; ++i) {
        const bool fragment = next == kFragment;
        if (next != 0 && next != 43 && next != 60 && !fragment) {
            return readTransport(next, bytes, packet);
        }
        if (bytes.size() < 8 || (fragment && (word(bytes, 2) & 0xfff8U) != 0)) {
            return false;
        }
        const std::size_t length = fragment ? 8 : std::size_t{8} * (bytes[1] + 1U);
        if (bytes.size() < length) {
            return false;
        }
        next = bytes[0];
        bytes = bytes.subspan(length);
    }
    return false;
}

}  // namespace

std::optional<ProbePacket> parseFrame(std::span<const std::uint8_t> frame) {
    constexpr std::size_t kType = 12;
    std::size_t at = kType;
    for (int tags = 0; at + 2 <= frame.size() && tags < 2; ++tags) {
        const std::uint16_t type = word(frame, at);
        if (type != kTag && type != kOuterTag) {
            break;
        }
        at += 4;
    }
    if (at + 2 > frame.size()) {
        return std::nullopt;
    }
    ProbePacket packet;
    const Bytes inner = frame.subspan(at + 2);
    const std::uint16_t type = word(frame, at);
    const bool good = type == kIp4 ? readIp4(inner, packet) : type == kIp6 && readIp6(inner, packet);
    return good ? std::optional(packet) : std::nullopt;
}

}  // namespace apiary::agent
