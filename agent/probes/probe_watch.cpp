#include "agent/probes/probe_watch.hpp"

#include "agent/hosts/host_station.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace apiary::agent {
namespace {

/// 0.0.0.0 or ::.
bool isUnspecified(const Endpoint& listener) {
    return listener.address == AddressRange::Address{} || listener.address == Endpoint::of({}, 0).address;
}

bool has(const std::vector<PortRange>& ports, std::uint16_t port) {
    return std::ranges::any_of(ports,
                               [&](const PortRange& range) { return range.first <= port && port <= range.last; });
}

/// An answer to what the machine itself has asked from a port that is not the kernel's choice: DHCP (RFC 2131, RFC
/// 8415) and time (RFC 5905).
bool answersByPorts(const ProbePacket& packet) {
    const std::uint16_t from = packet.source.port;
    const std::uint16_t to = packet.target.port;
    return (from == 67 && to == 68) || (from == 547 && to == 546) || (from == 123 && to == 123);
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

void ProbeWatch::setOwn(const std::vector<Endpoint>& addresses) {
    own_.clear();
    for (const Endpoint& own : addresses) {
        const bool listens = std::ranges::any_of(hosts_.listeners, [&](const Endpoint& listener) {
            return listener.address == own.address ||
                   (isUnspecified(listener) && listener.v4().has_value() == own.v4().has_value());
        });
        if (listens) {
            own_.push_back(own.address);
        }
    }
    std::ranges::sort(own_);
}

void ProbeWatch::take(std::span<const std::uint8_t> frame, std::uint64_t atUs, FrameFor whom) {
    ++figures_.seen;
    const auto packet = parseFrame(frame);
    if (packet && whom == FrameFor::Us && std::ranges::binary_search(own_, packet->target.address)) {
        takeOwn(*packet, atUs);
        return;
    }
    if (!packet || !isOurs(frame, *packet, whom)) {
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

/// A live owner of an address of a link has frames of his own, which come by where an interface hands up everything.
bool ProbeWatch::isOurs(std::span<const std::uint8_t> frame, const ProbePacket& packet, FrameFor whom) const {
    if (whom == FrameFor::Us) {
        return hosts_.plan.personaAt(packet.target) != nullptr;
    }
    const auto station = stationOf(hosts_.plan, hosts_.machine, packet.target);
    return station && std::ranges::equal(frame.first(station->size()), *station);
}

bool ProbeWatch::isServed(const Endpoint& target) const {
    return std::ranges::any_of(hosts_.listeners, [&](const Endpoint& listener) {
        return listener.port == target.port &&
               (listener.address == target.address ||
                (isUnspecified(listener) && listener.v4().has_value() == target.v4().has_value()));
    });
}

/// An own address has other programs too, and what the machine has asked for is answered there: so a SYN waits at every
/// port, and what only goes on with something is no probe.
void ProbeWatch::takeOwn(const ProbePacket& packet, std::uint64_t atUs) {
    const bool served = isServed(packet.target);
    const ProbeKind kind = served ? ProbeKind::Syn : ProbeKind::Closed;
    switch (packet.protocol) {
        case ProbePacket::Protocol::Tcp:
            if ((packet.flags & (kSyn | kAck | kRst)) == kSyn) {
                opens(packet, kind, atUs);
            } else if ((packet.flags & (kSyn | kAck)) == (kSyn | kAck)) {
                ++figures_.answers;
            } else {
                goesOn(packet, kind, atUs);
            }
            break;
        case ProbePacket::Protocol::Udp:
            if (served) {
                ++figures_.connections;
            } else if (has(hosts_.channels, packet.target.port) || answersByPorts(packet)) {
                ++figures_.answers;
            } else {
                isProbe(packet, ProbeKind::Udp, atUs);
            }
            break;
        case ProbePacket::Protocol::Icmp:
            takeIcmp(packet, atUs);
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
