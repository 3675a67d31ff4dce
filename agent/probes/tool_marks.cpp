#include "agent/probes/tool_marks.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace apiary::agent {
namespace {

using Protocol = ProbePacket::Protocol;

constexpr std::size_t kSources = 4096;  // whose last cookie is remembered; a power of two
constexpr std::string_view kUnicornscan = "unicornscan";

std::uint32_t targetWord(const ProbePacket& packet) {
    const auto& address = packet.target.address;
    return (std::uint32_t{address[12]} << 24U) | (std::uint32_t{address[13]} << 16U) |
           (std::uint32_t{address[14]} << 8U) | address[15];
}

bool isSyn(const ProbePacket& packet) {
    return packet.protocol == Protocol::Tcp && (packet.flags & (kSyn | kAck | kRst | kFin)) == kSyn;
}

bool fitsMirai(const ProbePacket& packet) {
    return packet.v4 && isSyn(packet) && packet.seq == targetWord(packet);
}

bool fitsMasscan(const ProbePacket& packet) {
    // Its template has no more options than MSS, which leaves one in 65,536 of other small SYNs.
    return packet.v4 && isSyn(packet) && packet.optionBytes <= 4 &&
           packet.ipId == ((targetWord(packet) ^ packet.target.port ^ packet.seq) & 0xffffU);
}

bool fitsZmap(const ProbePacket& packet) {
    constexpr std::uint16_t kId = 54'321;
    constexpr std::uint8_t kFewHops =
        192;  // it sends 255; of what chooses its identification at random, few have that too
    const bool window = packet.protocol != Protocol::Tcp || (isSyn(packet) && packet.window == 65'535);
    return packet.v4 && packet.ipId == kId && packet.ttl >= kFewHops && window;
}

bool fitsNmapSyn(const ProbePacket& packet) {
    return isSyn(packet) && packet.window >= 1024 && packet.window <= 4096 && packet.window % 1024 == 0 &&
           packet.optionBytes == 4 && packet.mss == 1460;
}

bool fitsNmapPing(const ProbePacket& packet) {
    constexpr std::uint8_t kEchoRequest = 8;
    return packet.v4 && packet.protocol == Protocol::Icmp && packet.icmpType == kEchoRequest && packet.icmpCode == 0 &&
           packet.totalSize == 28;
}

constexpr std::array kMarks{
    ToolMark{"mirai", "the sequence number of a SYN is its destination address",
             "the bot's published source, scanner.c; Antonakakis et al., Understanding the Mirai Botnet, 2017",
             fitsMirai},
    ToolMark{"zmap", "IP identification 54321 and a TTL from 255 down; with TCP a window of 65535",
             "Durumeric et al., An Internet-Wide View of Internet-Wide Scanning, 2014", fitsZmap},
    ToolMark{"masscan", "IP identification = destination ^ port ^ sequence number, folded to 16 bits",
             "Durumeric et al., 2014; masscan, templ-pkt.c", fitsMasscan},
    ToolMark{"nmap", "a SYN with a window of 1024, 2048, 3072 or 4096 and no option but MSS 1460",
             "nmap, tcpip.cc; Ghiette et al., Remote Identification of Port Scan Toolchains, 2016", fitsNmapSyn},
    ToolMark{"nmap", "an ICMP echo request of 28 bytes, without data", "nmap(1), --data-length", fitsNmapPing},
};

std::uint32_t swapped(std::uint32_t word) {
    return (word << 24U) | ((word & 0xff00U) << 8U) | ((word >> 8U) & 0xff00U) | (word >> 24U);
}

std::uint32_t hashOf(const Endpoint& source) {
    std::uint32_t hash = 2'166'136'261U;
    for (const std::uint8_t byte : source.address) {
        hash = (hash ^ byte) * 16'777'619U;
    }
    return hash | 1U;  // 0 is a place that nobody has
}

}  // namespace

std::span<const ToolMark> toolMarks() {
    return kMarks;
}

ToolTeller::ToolTeller() : cookies_(kSources) {}

std::uint8_t ToolTeller::tell(const ProbePacket& packet) {
    const auto found = std::ranges::find_if(kMarks, [&](const ToolMark& mark) { return mark.fits(packet); });
    if (found != kMarks.end()) {
        return static_cast<std::uint8_t>(found - kMarks.begin() + 1);
    }
    return sharesItsCookie(packet) ? static_cast<std::uint8_t>(kMarks.size() + 1) : std::uint8_t{0};
}

std::string_view ToolTeller::nameOf(std::uint8_t tool) {
    if (tool == 0 || tool > kMarks.size() + 1) {
        return {};
    }
    return tool > kMarks.size() ? kUnicornscan : kMarks[tool - 1U].tool;
}

/// unicornscan: sequence number = cookie of the scan ^ destination ^ (destination port << 16 + source port), with the
/// address in one or the other order of bytes (tcphash.h; Ghiette et al., 2016). Two SYNs of a source in a row that
/// give the same cookie are no chance, unless one is the other again.
bool ToolTeller::sharesItsCookie(const ProbePacket& packet) {
    if (!packet.v4 || !isSyn(packet)) {
        return false;
    }
    const std::uint32_t ports = (std::uint32_t{packet.target.port} << 16U) + packet.source.port;
    const std::uint32_t target = targetWord(packet);
    const std::uint32_t source = hashOf(packet.source);
    const Cookie now{source, packet.seq, packet.seq ^ target ^ ports, packet.seq ^ swapped(target) ^ ports};
    const Cookie before = std::exchange(cookies_[(source >> 1U) % kSources], now);
    return before.source == source && before.seq != now.seq &&
           (before.network == now.network || before.host == now.host);
}

}  // namespace apiary::agent
