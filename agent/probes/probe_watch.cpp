#include "agent/probes/probe_watch.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace apiary::agent {
namespace {

bool has(const std::vector<PortRange>& ports, std::uint16_t port) {
    return std::ranges::any_of(ports,
                               [&](const PortRange& range) { return range.first <= port && port <= range.last; });
}

/// A question, not an answer or an error: RFC 792, RFC 1256, RFC 4443, RFC 4620.
bool asks(const ProbePacket& packet) {
    const std::uint8_t type = packet.icmpType;
    return packet.v4 ? type == 8 || type == 10 || type == 13 || type == 15 || type == 17 : type == 128 || type == 139;
}

}  // namespace

std::size_t ProbeWatch::PairHash::operator()(const Pair& pair) const {
    std::uint64_t hash = (std::uint64_t{pair.source.port} << 16U) | pair.target.port;
    for (const auto* address : {&pair.source.address, &pair.target.address}) {
        for (const std::size_t at : {0U, 8U}) {
            std::uint64_t word = 0;
            std::memcpy(&word, address->data() + at, sizeof word);
            hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
            hash ^= hash >> 31U;
        }
    }
    return hash;
}

ProbeWatch::ProbeWatch(WatchedHosts hosts, const Settings& settings)
    : hosts_(std::move(hosts)), settings_(settings), table_(settings.rows) {
    opening_.reserve(settings_.waiting);
}

void ProbeWatch::take(std::span<const std::uint8_t> frame, std::uint64_t atUs) {
    ++figures_.seen;
    const auto packet = parseFrame(frame);
    if (!packet || hosts_.plan.personaAt(packet->target) == nullptr) {
        ++figures_.foreign;
        return;
    }
    switch (packet->protocol) {
        case ProbePacket::Protocol::Tcp:
            takeTcp(*packet, atUs);
            break;
        case ProbePacket::Protocol::Udp:
            takeUdp(*packet, atUs);
            break;
        case ProbePacket::Protocol::Icmp:
            takeIcmp(*packet, atUs);
            break;
    }
}

void ProbeWatch::takeTcp(const ProbePacket& packet, std::uint64_t atUs) {
    const bool served = hosts_.plan.serviceAt(packet.target, PortKind::Tcp) != nullptr;
    const ProbeKind kind = served ? ProbeKind::Syn : ProbeKind::Closed;
    const std::uint8_t flags = packet.flags;
    const bool syn = (flags & (kSyn | kAck | kRst)) == kSyn;
    if (served || has(hosts_.channels, packet.target.port)) {
        syn ? opens(packet, kind, atUs) : goesOn(packet, kind, atUs);
    } else if ((flags & kRst) != 0 || (flags & (kSyn | kAck)) == (kSyn | kAck)) {
        ++figures_.answers;
    } else {
        isProbe(packet, kind, atUs);
    }
}

/// A datagram to a service is a session's, which the agent records, or what its admission refused, which it counts.
void ProbeWatch::takeUdp(const ProbePacket& packet, std::uint64_t atUs) {
    if (hosts_.plan.serviceAt(packet.target, PortKind::Udp) != nullptr) {
        ++figures_.connections;
    } else {
        isProbe(packet, ProbeKind::Udp, atUs);
    }
}

void ProbeWatch::takeIcmp(const ProbePacket& packet, std::uint64_t atUs) {
    if (asks(packet)) {
        isProbe(packet, ProbeKind::Icmp, atUs);
    } else {
        ++figures_.answers;
    }
}

void ProbeWatch::isProbe(const ProbePacket& packet, ProbeKind kind, std::uint64_t atUs) {
    ++figures_.probes;
    table_.add(packet, {.kind = kind, .tool = tools_.tell(packet), .packets = 1, .firstUs = atUs, .lastUs = atUs});
}

void ProbeWatch::opens(const ProbePacket& packet, ProbeKind kind, std::uint64_t atUs) {
    const Pair pair{packet.source, packet.target};
    if (const auto known = opening_.find(pair); known != opening_.end()) {
        ++known->second.judged.packets;
        known->second.judged.lastUs = std::max(known->second.judged.lastUs, atUs);
        return;
    }
    while (opening_.size() >= settings_.waiting && !order_.empty()) {
        const auto oldest = opening_.find(order_.front().second);
        if (oldest != opening_.end() && oldest->second.judged.firstUs == order_.front().first) {
            figures_.hasty += oldest->second.judged.packets;
            decide(oldest);
        }
        order_.pop_front();
    }
    // Those that became connections leave their place in the order behind: it must not grow with them.
    while (!order_.empty() && order_.size() >= 2 * settings_.waiting) {
        const auto oldest = opening_.find(order_.front().second);
        if (oldest != opening_.end() && oldest->second.judged.firstUs == order_.front().first) {
            decide(oldest);
        }
        order_.pop_front();
    }
    opening_.emplace(
        pair,
        Opening{packet, {.kind = kind, .tool = tools_.tell(packet), .packets = 1, .firstUs = atUs, .lastUs = atUs}});
    order_.emplace_back(atUs, pair);
}

void ProbeWatch::goesOn(const ProbePacket& packet, ProbeKind kind, std::uint64_t atUs) {
    const auto known = opening_.find({packet.source, packet.target});
    const bool reset = (packet.flags & kRst) != 0;
    const bool acknowledges = (packet.flags & kAck) != 0;
    if (known != opening_.end() && reset) {
        ++figures_.answers;
        decide(known);
    } else if (known != opening_.end() && acknowledges && (packet.flags & kSyn) == 0) {
        figures_.connections += known->second.judged.packets + 1;
        opening_.erase(known);
    } else if (acknowledges || reset) {
        ++figures_.connections;
    } else {
        isProbe(packet, kind, atUs);  // neither opens nor goes on: FIN alone, or nothing at all
    }
}

void ProbeWatch::decide(std::unordered_map<Pair, Opening, PairHash>::iterator opening) {
    figures_.probes += opening->second.judged.packets;
    table_.add(opening->second.first, opening->second.judged);
    opening_.erase(opening);
}

void ProbeWatch::settle(std::uint64_t untilUs) {
    while (!order_.empty() && order_.front().first < untilUs) {
        const auto oldest = opening_.find(order_.front().second);
        if (oldest != opening_.end() && oldest->second.judged.firstUs == order_.front().first) {
            decide(oldest);
        }
        order_.pop_front();
    }
}

WatchFigures ProbeWatch::figures() const {
    WatchFigures figures = figures_;
    figures.merged = table_.merged();
    figures.beyond = table_.beyond();
    return figures;
}

}  // namespace apiary::agent
