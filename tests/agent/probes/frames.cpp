#include "tests/agent/probes/frames.hpp"

#include "agent/hosts/address_range.hpp"

namespace apiary::agent::test {
namespace {

void word(Frame& frame, std::size_t value) {
    frame.push_back(static_cast<std::uint8_t>(value >> 8U & 0xffU));
    frame.push_back(static_cast<std::uint8_t>(value & 0xffU));
}

void twoWords(Frame& frame, std::uint32_t value) {
    word(frame, value >> 16U);
    word(frame, value & 0xffffU);
}

/// Ethernet and IP before `size` bytes of that protocol.
Frame headers(const Endpoint& source, const Endpoint& target, std::uint8_t protocol, std::size_t size,
              std::uint16_t ipId = 0, std::uint8_t ttl = 64) {
    Frame frame(12, 2);
    const auto from = source.v4();
    const auto to = target.v4();
    if (from && to) {
        word(frame, 0x0800);
        frame.insert(frame.end(), {0x45, 0});
        word(frame, 20 + size);
        word(frame, ipId);
        frame.insert(frame.end(), {0, 0, ttl, protocol, 0, 0});
        frame.insert(frame.end(), from->begin(), from->end());
        frame.insert(frame.end(), to->begin(), to->end());
    } else {
        word(frame, 0x86dd);
        frame.insert(frame.end(), {0x60, 0, 0, 0});
        word(frame, size);
        frame.insert(frame.end(), {protocol, ttl});
        frame.insert(frame.end(), source.address.begin(), source.address.end());
        frame.insert(frame.end(), target.address.begin(), target.address.end());
    }
    return frame;
}

}  // namespace

Frame tcp(const TcpFrame& segment) {
    const std::size_t header = 20 + segment.options.size();
    Frame frame = headers(segment.source, segment.target, 6, header + segment.data, segment.ipId, segment.ttl);
    word(frame, segment.source.port);
    word(frame, segment.target.port);
    twoWords(frame, segment.seq);
    twoWords(frame, 0);
    frame.push_back(static_cast<std::uint8_t>(header / 4 << 4U));
    frame.push_back(segment.flags);
    word(frame, segment.window);
    twoWords(frame, 0);
    frame.insert(frame.end(), segment.options.begin(), segment.options.end());
    frame.insert(frame.end(), segment.data, 'x');
    return frame;
}

Frame udp(const Endpoint& source, const Endpoint& target) {
    Frame frame = headers(source, target, 17, 8);
    word(frame, source.port);
    word(frame, target.port);
    word(frame, 8);
    word(frame, 0);
    return frame;
}

Frame icmp(const Endpoint& source, const Endpoint& target, std::uint8_t type, std::size_t data) {
    Frame frame = headers(source, target, source.v4() ? 1 : 58, 8 + data);
    frame.insert(frame.end(), {type, 0, 0, 0, 0, 0, 0, 0});
    frame.insert(frame.end(), data, 'x');
    return frame;
}

Frame tagged(Frame frame, std::uint16_t type) {
    const Frame tag{static_cast<std::uint8_t>(type >> 8U), static_cast<std::uint8_t>(type & 0xffU), 0, 7};
    frame.insert(frame.begin() + 12, tag.begin(), tag.end());
    return frame;
}

Endpoint attacker(std::uint8_t last, std::uint16_t port) {
    return Endpoint::of({192, 0, 2, last}, port);
}

Endpoint host(std::uint8_t third, std::uint8_t last, std::uint16_t port) {
    return Endpoint::of({10, 9, third, last}, port);
}

WatchedHosts watchedHosts() {
    HostPlan plan;
    plan.services = {{.name = "ftp", .ports = {{21, 21}}, .loopback = 0, .line = 0},
                     {.name = "web", .ports = {{8000, 8100}}, .loopback = 0, .line = 0},
                     {.name = "snmp", .ports = {{161, 161}}, .loopback = 0, .line = 0, .kind = PortKind::Udp}};
    plan.personas = {{.name = "server", .services = {0, 1, 2}, .except = {}, .hostNames = {}, .line = 0}};
    plan.ranges = {{*parseRange("10.9.0.0/16"), 0, 0}, {*parseRange("fd00:9::/64"), 0, 0}};
    std::ranges::sort(plan.ranges, {}, &HostRange::addresses);
    return {std::move(plan), {{40'000, 40'099}}};
}

}  // namespace apiary::agent::test
