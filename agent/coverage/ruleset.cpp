#include "agent/coverage/ruleset.hpp"

#include "agent/coverage/nft_complaint.hpp"
#include "agent/coverage/ruleset_text.hpp"
#include "agent/coverage/socket_message.hpp"
#include "agent/coverage/synack_retries.hpp"
#include "common/net/address.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

std::string portsText(const std::vector<PortRange>& ports) {
    std::string text;
    for (const PortRange& range : ports) {
        text += (text.empty() ? "" : ", ") + std::to_string(range.first);
        if (range.last != range.first) {
            text += '-' + std::to_string(range.last);
        }
    }
    return "{ " + text + " }";
}

std::string chainOf(std::size_t persona) {
    return "persona_" + std::to_string(persona);
}

void hostMap(RulesetText& text, const HostPlan& plan, bool v4) {
    std::vector<AddressVerdict> verdicts;
    for (const HostRange& range : plan.ranges) {
        verdicts.push_back({range.addresses, "goto " + chainOf(range.persona)});
    }
    writeVerdicts(text, v4 ? "hosts4" : "hosts6", verdicts, v4);
}

void endpointSet(RulesetText& text, const std::string& name, const std::vector<Endpoint>& endpoints, bool v4) {
    std::string elements;
    for (const Endpoint& endpoint : endpoints) {
        if (endpoint.v4().has_value() == v4) {
            elements += (elements.empty() ? "" : ", ") + addressText(endpoint) + " . " + std::to_string(endpoint.port);
        }
    }
    text.line("set " + name + (v4 ? "4 {" : "6 {"));
    text.line(std::string("type ") + (v4 ? "ipv4_addr" : "ipv6_addr") + " . inet_service");
    if (!elements.empty()) {
        text.line("elements = { " + elements + " }");
    }
    text.line("}");
}

/// Who has asked which of our ports of UDP within a minute, and may be answered from there. Full, it says so for as
/// long: then replies are lost, which is no sign of anything but a flood.
void askedSets(RulesetText& text) {
    for (const bool v4 : {true, false}) {
        text.line(std::string("set asked") + (v4 ? "4 {" : "6 {"));
        text.line(std::string("type ") + (v4 ? "ipv4_addr" : "ipv6_addr") + " . inet_service");
        text.line("size 262144");
        text.line("flags dynamic,timeout");
        text.line("timeout 60s");
        text.line("}");
    }
    text.line("set asked_full {");
    text.line("type nf_proto");
    text.line("size 8");
    text.line("flags dynamic,timeout");
    text.line("timeout 60s");
    text.line("}");
}

/// Where packets jump to that shall be remembered. An update that finds no room ends its rule.
void rememberChains(RulesetText& text) {
    for (const bool v4 : {true, false}) {
        text.line(std::string("chain remember") + (v4 ? "4 {" : "6 {"));
        text.line(std::string("update @asked") + (v4 ? "4 { ip" : "6 { ip6") + " saddr . udp dport } return");
        text.line("update @asked_full { meta nfproto }");
        text.line("}");
    }
}

void remember(RulesetText& text, const std::string& condition) {
    text.line("meta nfproto ipv4 " + condition + " jump remember4");
    text.line("meta nfproto ipv6 " + condition + " jump remember6");
}

void refuse(RulesetText& text, const std::string& ports) {
    text.line("tcp dport " + ports + " reject with tcp reset");
    text.line("udp dport " + ports + " reject with icmpx port-unreachable");
}

/// What a persona does with a port that no service has. A socket that is bound to all addresses belongs to a program of
/// the machine, and must not be met at a host; one that is bound to the host's own is the agent's.
void otherPorts(RulesetText& text, const Persona& persona, std::size_t index) {
    const bool closed = persona.others == OtherPorts::Closed;
    const std::string machine = "machine_" + std::to_string(index);
    text.line("meta l4proto { tcp, udp } socket wildcard 1 goto " + machine);
    text.line("meta l4proto { tcp, udp } socket transparent 0 accept");
    text.line("meta l4proto { tcp, udp } socket transparent 1 accept");
    if (!persona.except.empty()) {
        text.line("tcp dport " + portsText(persona.except) + (closed ? " drop" : " accept"));
        text.line("udp dport " + portsText(persona.except) + (closed ? " drop" : " accept"));
    }
    text.line(closed ? "accept" : "meta l4proto { tcp, udp } drop");
}

void machinePorts(RulesetText& text, const Persona& persona, std::size_t index) {
    const bool closed = persona.others == OtherPorts::Closed;
    text.line("chain machine_" + std::to_string(index) + " {");
    if (!persona.except.empty() && closed) {
        text.line("tcp dport " + portsText(persona.except) + " drop");
        text.line("udp dport " + portsText(persona.except) + " drop");
    } else if (!persona.except.empty()) {
        refuse(text, portsText(persona.except));
    }
    if (closed) {
        refuse(text, "0-65535");
    }
    text.line("drop");
    text.line("}");
}

void personaChain(RulesetText& text, const HostPlan& plan, std::size_t index) {
    const Persona& persona = plan.personas[index];
    machinePorts(text, persona, index);
    text.line("chain " + chainOf(index) + " {");
    if (std::ranges::any_of(persona.services, [&](std::size_t i) { return plan.services[i].kind == PortKind::Udp; })) {
        text.line("meta l4proto udp meta pkttype { broadcast, multicast } drop");  // nobody answers what all were sent
    }
    for (const std::size_t each : persona.services) {
        const HostService& service = plan.services[each];
        const std::string ports =
            (service.kind == PortKind::Tcp ? "tcp dport " : "udp dport ") + portsText(service.ports);
        const std::string loopback = std::to_string(service.loopback);
        if (!service.answeringPorts().empty()) {
            remember(text, ports);
        }
        text.line("meta nfproto ipv4 " + ports + " tproxy ip to 127.0.0.1:" + loopback + " accept");
        text.line("meta nfproto ipv6 " + ports + " tproxy ip6 to [::1]:" + loopback + " accept");
    }
    if (!persona.ping) {
        text.line("icmp type { echo-request, timestamp-request } drop");
        text.line("icmpv6 type echo-request drop");
    }
    otherPorts(text, persona, index);
    text.line("}");
}

bool hasLan(const HostRange& range) {
    return !range.lan.empty();
}

/// The addresses that are ours only while they are claimed.
void lanSet(RulesetText& text, const HostPlan& plan, bool v4) {
    std::string elements;
    for (const HostRange& range : plan.ranges) {
        if (hasLan(range) && range.addresses.v4() == v4) {
            elements += (elements.empty() ? "" : ", ") + elementText(range.addresses);
        }
    }
    text.line(std::string("set lan") + (v4 ? "4 {" : "6 {"));
    text.line(std::string("type ") + (v4 ? "ipv4_addr" : "ipv6_addr"));
    text.line("flags interval");
    if (!elements.empty()) {
        text.line("elements = { " + elements + " }");
    }
    text.line("}");
}

void egressChains(RulesetText& text, const Egress& egress, bool lans) {
    const std::string count = "counter name " + std::string(kRefusedCounter);
    text.line("chain arrived {");
    text.line("type filter hook input priority filter; policy accept");
    // At the machine's own addresses; what comes to a port that nobody has meets no socket.
    remember(text, "meta l4proto udp socket transparent 0");
    text.line("}");
    text.line("chain agent {");
    text.line("oifname \"lo\" accept");
    text.line("ip daddr . tcp dport @collector4 accept");
    text.line("ip6 daddr . tcp dport @collector6 accept");
    if (!egress.resolvers.empty()) {
        for (const char* transport : {"tcp", "udp"}) {
            text.line("ip daddr . " + std::string(transport) + " dport @resolver4 accept");
            text.line("ip6 daddr . " + std::string(transport) + " dport @resolver6 accept");
        }
    }
    text.line("meta l4proto tcp tcp flags & (syn | ack) == syn " + count + " reject with tcp reset");
    text.line("meta l4proto tcp accept");
    text.line("meta nfproto ipv4 meta l4proto udp ip daddr . udp sport @asked4 accept");
    text.line("meta nfproto ipv6 meta l4proto udp ip6 daddr . udp sport @asked6 accept");
    text.line("meta l4proto udp meta nfproto @asked_full counter name " + std::string(kForgottenCounter) + " drop");
    text.line(count + " reject with icmpx admin-prohibited");
    text.line("}");
    text.line("chain leaving {");
    text.line("type filter hook output priority filter; policy accept");
    if (lans) {  // sessions that are open when their host is given up: its owner speaks now
        text.line("ip saddr @lan4 fib saddr type != local drop");
        text.line("ip6 saddr @lan6 fib saddr type != local drop");
    }
    // Packets without a socket, such as the kernel's own RST, match no user: they must not be jumped for by a negation.
    text.line("meta skuid " + std::to_string(egress.user) + " jump agent");
    text.line("meta mark " + std::to_string(kSocketMark) + " jump agent");  // sockets handed out, whose file is root's
    text.line("}");
}

/// A range as a number of so many of its last bytes: what is raw in a packet has no other type.
std::string numberText(const AddressRange& range, std::size_t bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto number = [&](const AddressRange::Address& address) {
        std::string text = "0x";
        for (std::size_t i = address.size() - bytes; i < address.size(); ++i) {
            text += kDigits[address[i] >> 4U];
            text += kDigits[address[i] & 0xfU];
        }
        return text;
    };
    return range.first == range.last ? number(range.first) : number(range.first) + '-' + number(range.last);
}

/// The kernel sends an error of ICMP about a packet to a host under an address of the machine, where that packet was
/// refused before it was taken in, and over IPv6 always. The host's own address stands in the header that the error
/// quotes: 44 bytes from the beginning over IPv4, 72 over IPv6.
void errorChain(RulesetText& text, const HostPlan& plan) {
    text.line("chain errors {");
    text.line("type filter hook output priority mangle; policy accept");
    for (const bool v4 : {true, false}) {
        std::string ranges;
        for (const HostRange& range : plan.ranges) {
            if (range.addresses.v4() == v4) {
                ranges += (ranges.empty() ? "" : ", ") + numberText(range.addresses, v4 ? 4 : 16);
            }
        }
        if (ranges.empty()) {
            continue;
        }
        if (v4) {
            const std::string errors = "icmp type { destination-unreachable, time-exceeded, parameter-problem } ";
            text.line(errors + "ip hdrlength > 5 drop");  // behind options of its own, which are those of who asked
            text.line(errors + "@nh,352,32 { " + ranges + " } ip saddr set @nh,352,32");
        } else {
            text.line(
                "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } @nh,576,128 "
                "{ " +
                ranges + " } ip6 saddr set @nh,576,128");
        }
    }
    text.line("}");
}

}  // namespace

std::string ruleset(const HostPlan& plan, const Egress& egress, std::optional<unsigned> synAckRetries) {
    const std::string table = "table inet " + std::string(kTable);
    RulesetText text;
    text.line(table);
    text.line("delete " + table);
    text.line(table + " {");
    text.line("comment \"" + std::string(kTableComment) + "\"");
    for (const auto counter : {kRefusedCounter, kForgottenCounter}) {
        text.line("counter " + std::string(counter) + " {");
        text.line("}");
    }
    if (synAckRetries) {
        text.line("chain " + SynAckRetries::chainFor(*synAckRetries) + " {");
        text.line("}");
    }
    for (const bool v4 : {true, false}) {
        endpointSet(text, "collector", egress.collector, v4);
        endpointSet(text, "resolver", egress.resolvers, v4);
    }
    askedSets(text);
    rememberChains(text);
    for (std::size_t i = 0; i < plan.personas.size(); ++i) {
        personaChain(text, plan, i);
    }
    hostMap(text, plan, true);
    hostMap(text, plan, false);
    const bool lans = std::ranges::any_of(plan.ranges, hasLan);
    if (lans) {
        lanSet(text, plan, true);
        lanSet(text, plan, false);
    }
    text.line("chain steer {");
    text.line("type filter hook prerouting priority mangle; policy accept");
    if (lans) {
        text.line("fib daddr type != local return");  // on a link an address is ours while it is claimed
    }
    text.line("ip daddr vmap @hosts4");
    text.line("ip6 daddr vmap @hosts6");
    text.line("}");
    errorChain(text, plan);
    egressChains(text, egress, lans);
    text.line("}");
    return text.take();
}

std::optional<std::size_t> personaOfChain(std::string_view chain) {
    const auto persona = numberBehind(chain, "persona_");
    return persona ? persona : numberBehind(chain, "machine_");
}

std::vector<std::string> localNetworks(const HostPlan& plan, bool v4) {
    std::vector<std::string> networks;
    for (const HostRange& range : plan.ranges) {
        if (range.addresses.v4() == v4 && range.lan.empty()) {
            const auto of = networksOf(range.addresses);
            networks.insert(networks.end(), of.begin(), of.end());
        }
    }
    return networks;
}

}  // namespace apiary::agent
