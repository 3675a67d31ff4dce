#include "agent/coverage/traits/trait_rules.hpp"

#include "agent/coverage/nft_complaint.hpp"
#include "agent/coverage/ruleset_text.hpp"
#include "agent/coverage/traits/syn_ack_options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <functional>
#include <sstream>

namespace apiary::agent {
namespace {

constexpr unsigned kClockBits = 27;  // 2^27 ms, 37 hours, from one clock to the next
constexpr std::uint32_t kClockMask = ~((std::uint32_t{1} << kClockBits) - 1);
static_assert(kTraitClocks == std::uint32_t{1} << (32 - kClockBits));

const std::string kSyn = "tcp flags & (syn | ack) == syn ";
const std::string kSynAck = "tcp flags & (syn | ack) == syn | ack ";

std::string hex(std::uint32_t number) {
    std::array<char, 12> text{};
    std::snprintf(text.data(), text.size(), "0x%08x", number);
    return text.data();
}

/// The bits of the seed that are for one purpose: what an address gets of one says nothing about another.
std::uint32_t mixed(std::uint32_t seed, std::uint32_t purpose) {
    std::uint32_t value = seed + purpose * 0x9e3779b9U;
    value = (value ^ (value >> 16U)) * 0x21f0aaadU;
    value = (value ^ (value >> 15U)) * 0x735a2d97U;
    return value ^ (value >> 15U);
}

enum Purpose : std::uint32_t { kDistance = 1, kClock, kCounter, kCounterStart };

/// An address's number below `count`, the same whenever it is asked for.
std::string numberOf(const char* address, unsigned count, std::uint32_t seed) {
    return "jhash " + std::string(address) + " mod " + std::to_string(count) + " seed " + hex(seed);
}

bool has(const PacketTraits& traits, TcpOption option) {
    return std::ranges::find(traits.options, option) != traits.options.end();
}

bool hasUptime(const PacketTraits& traits) {
    return has(traits, TcpOption::Timestamps) && traits.clock == TimestampClock::Uptime;
}

using Lines = std::vector<std::string>;

/// For segments that come: what the kernel is not to see.
Lines arriving(const PacketTraits& traits, bool clocks) {
    Lines lines;
    if (traits.synFin == SegmentAnswer::Handshake) {
        lines.emplace_back("tcp flags & (fin | syn | rst | ack) == fin | syn tcp flags set syn");
    }
    for (const auto& [option, name] :
         {std::pair(TcpOption::WindowScale, "window"), std::pair(TcpOption::SackPermitted, "sack-permitted"),
          std::pair(TcpOption::Timestamps, "timestamp")}) {
        if (!has(traits, option)) {
            lines.push_back(kSyn + "reset tcp option " + name);
        }
    }
    if (!traits.ecn) {
        lines.emplace_back("tcp flags == syn | ecn | cwr tcp flags set syn");
    }
    if (clocks && has(traits, TcpOption::Timestamps)) {
        lines.emplace_back("tcp flags & ack == ack tcp option timestamp tsecr != 0 goto clock_back");
    }
    return lines;
}

void answer(Lines& lines, const char* match, SegmentAnswer how) {
    if (how == SegmentAnswer::Reset || how == SegmentAnswer::Silent) {
        lines.push_back(match + std::string(how == SegmentAnswer::Reset ? " reject with tcp reset" : " drop"));
    }
}

/// For segments that are about to be taken in, by ports that are not filtered.
Lines odd(const PacketTraits& traits) {
    Lines lines;
    answer(lines, "tcp flags & (fin | syn | rst | psh | ack | urg) == 0x0", traits.null);
    answer(lines, "tcp flags & (fin | syn | rst | ack) == fin | syn", traits.synFin);
    answer(lines, "tcp flags & (fin | syn | rst | psh | ack | urg) == fin | psh | urg", traits.xmas);
    return lines;
}

bool resets(const PacketTraits& traits) {
    return traits.null == SegmentAnswer::Reset || traits.synFin == SegmentAnswer::Reset ||
           traits.xmas == SegmentAnswer::Reset;
}

Lines synAck(const PacketTraits& traits) {
    Lines lines;
    if (traits.window) {
        lines.push_back("tcp window set " + std::to_string(*traits.window));
    }
    if (traits.mss) {
        const std::string most = std::to_string(*traits.mss);
        lines.push_back("tcp option maxseg size > " + most + " tcp option maxseg size set " + most);
    }
    const Lines order = optionOrderRules(traits);
    lines.insert(lines.end(), order.begin(), order.end());
    return lines;
}

Lines leaving(const PacketTraits& traits, bool clocks, std::uint32_t seed, const std::string& synAckChain) {
    Lines lines{"ip ttl set " + std::to_string(traits.ttl), "ip6 hoplimit set " + std::to_string(traits.ttl)};
    for (unsigned hops = 1; hops <= traits.hops; ++hops) {
        for (const auto& [address, field] : {std::pair("ip saddr", "ip ttl"), std::pair("ip6 saddr", "ip6 hoplimit")}) {
            lines.push_back(numberOf(address, traits.hops + 1, mixed(seed, kDistance)) + " " + std::to_string(hops) +
                            ' ' + field + " set " + std::to_string(traits.ttl - hops));
        }
    }
    if (traits.countedIds) {
        lines.emplace_back("meta nfproto ipv4 jump count");
    }
    if (traits.fragmentable) {
        lines.emplace_back("meta l4proto tcp ip frag-off set 0");
    }
    if (!traits.flowLabels) {
        lines.emplace_back("meta nfproto ipv6 ip6 flowlabel set 0");
    } else if (resets(traits)) {  // those that nftables sends have none: the first four bytes, at once
        lines.emplace_back(
            "meta nfproto ipv6 tcp flags & rst == rst @nh,0,32 0x60000000 @nh,0,32 set numgen random mod 1048575 "
            "offset "
            "1610612737");
    }
    if (traits.echoCodeIsZero) {
        lines.emplace_back("icmp type echo-reply icmp code set 0");
        lines.emplace_back("icmpv6 type echo-reply icmpv6 code set 0");
    }
    if (traits.errorsDscp) {
        const std::string dscp = std::to_string(*traits.errorsDscp);
        lines.push_back("icmp type { destination-unreachable, time-exceeded, parameter-problem } ip dscp set " + dscp);
    }
    if (traits.resetAckIsRandom) {
        lines.emplace_back("tcp flags & (rst | ack) == rst tcp ackseq 0 tcp ackseq set numgen random mod 4294967295");
    }
    if (traits.resetWindow) {
        lines.push_back("tcp flags & rst == rst tcp window set " + std::to_string(*traits.resetWindow));
    }
    if (!synAck(traits).empty()) {
        lines.push_back(kSynAck + "jump " + synAckChain);
    }
    if (clocks && has(traits, TcpOption::Timestamps)) {
        lines.emplace_back("meta l4proto tcp goto clock");
    }
    return lines;
}

void chain(RulesetText& text, const std::string& name, const Lines& lines) {
    text.line("chain " + name + " {");
    for (const std::string& line : lines) {
        text.line(line);
    }
    text.line("}");
}

/// "NUMBER vmap { 0 : goto NAME_0, 1 : goto NAME_1 }"
std::string dispatch(const std::string& number, const std::string& name, unsigned count) {
    std::string elements;
    for (unsigned i = 0; i < count; ++i) {
        elements += (i == 0 ? "" : ", ") + std::to_string(i) + " : goto " + name + '_' + std::to_string(i);
    }
    return number + " vmap { " + elements + " }";
}

/// One direction of all clocks: `field` of the timestamps becomes what `turned` makes of its five highest bits.
void clock(RulesetText& text, const std::string& name, const std::string& field, const char* address4,
           const char* address6, std::uint32_t seed,
           const std::function<std::uint32_t(std::uint32_t bits, std::uint32_t clock)>& turned) {
    const std::string stamp = "tcp option timestamp " + field;
    for (std::uint32_t change = 1; change < kTraitClocks; ++change) {
        chain(text, name + "_turn_" + std::to_string(change),
              {stamp + " set " + stamp + " ^ " + hex(change << kClockBits)});
    }
    for (std::uint32_t each = 0; each < kTraitClocks; ++each) {
        std::string elements;
        for (std::uint32_t bits = 0; bits < kTraitClocks && each != 0; ++bits) {
            const std::uint32_t change = bits ^ (turned(bits, each) % kTraitClocks);
            elements += (elements.empty() ? "" : ", ") + hex(bits << kClockBits) + " : goto " + name + "_turn_" +
                        std::to_string(change);
        }
        chain(text, name + '_' + std::to_string(each),
              elements.empty() ? Lines{} : Lines{stamp + " & " + hex(kClockMask) + " vmap { " + elements + " }"});
    }
    chain(text, name,
          {dispatch(numberOf(address4, kTraitClocks, seed), name, kTraitClocks),
           dispatch(numberOf(address6, kTraitClocks, seed), name, kTraitClocks)});
}

void writeClocks(RulesetText& text, std::uint32_t seed) {
    clock(text, "clock", "tsval", "ip saddr", "ip6 saddr", mixed(seed, kClock),
          [](std::uint32_t bits, std::uint32_t each) { return bits + each; });
    clock(text, "clock_back", "tsecr", "ip daddr", "ip6 daddr", mixed(seed, kClock),
          [](std::uint32_t bits, std::uint32_t each) { return bits + kTraitClocks - each; });
}

/// A number below 65,536 is shifted as nft writes the upper half of the 32 bits that it has turned into network order.
void writeCounters(RulesetText& text, std::uint32_t seed) {
    for (unsigned i = 0; i < kTraitCounters; ++i) {
        const std::uint32_t start = mixed(mixed(seed, kCounterStart), i) & 0xffffU;
        chain(text, "count_" + std::to_string(i),
              {"ip id set numgen inc mod 65536 offset " + std::to_string(start) + " << 16"});
    }
    chain(text, "count",
          {dispatch(numberOf("ip saddr", kTraitCounters, mixed(seed, kCounter)), "count", kTraitCounters)});
}

/// The plan's traits, each once.
struct Kinds {
    std::vector<PacketTraits> all;
    std::vector<std::pair<AddressRange, std::size_t>> ranges;
    std::vector<std::size_t> personas;  // of each of the ranges
    bool onLinks = false;               // some of the ranges: their addresses are ours while they are claimed
};

Kinds kindsOf(const HostPlan& plan, const PersonaTraits& traits) {
    Kinds kinds;
    for (const HostRange& range : plan.ranges) {
        if (auto of = traits.at(range.persona)) {
            kinds.onLinks = kinds.onLinks || !range.lan.empty();
            of->hops = range.lan.empty() ? of->hops : 0;  // nothing is between a station of a link and its hosts
            const auto found = std::ranges::find(kinds.all, *of);
            kinds.ranges.emplace_back(range.addresses, found - kinds.all.begin());
            kinds.personas.push_back(range.persona);
            if (found == kinds.all.end()) {
                kinds.all.push_back(*of);
            }
        }
    }
    return kinds;
}

/// A hook of netfilter, and which of its packets are a host's.
struct Hook {
    std::string name;
    std::string where;
    std::string match;
    std::string address;
    bool passed = false;  // packets of others that pass through this machine come by
};

/// The chains of one hook, one for each of the traits that need it, and what brings packets there.
void writeHook(RulesetText& text, const Kinds& kinds, const Hook& hook,
               const std::function<Lines(std::size_t kind)>& lines) {
    const auto& [name, where, match, address, passed] = hook;
    std::vector<AddressVerdict> verdicts;
    for (std::size_t i = 0; i < kinds.all.size(); ++i) {
        const Lines own = lines(i);
        if (own.empty()) {
            continue;
        }
        const std::string kind = name + '_' + std::to_string(i);
        chain(text, kind, own);
        for (const auto& [addresses, of] : kinds.ranges) {
            if (of == i) {
                verdicts.push_back({addresses, "goto " + kind});
            }
        }
    }
    if (verdicts.empty()) {
        return;
    }
    writeVerdicts(text, name + "_hosts4", verdicts, true);
    writeVerdicts(text, name + "_hosts6", verdicts, false);
    Lines base{"type filter hook " + where + "; policy accept"};
    if (passed && kinds.onLinks) {
        base.push_back("fib " + address + " type != local return");  // a live owner's
    }
    base.push_back(match + "ip " + address + " vmap @" + name + "_hosts4");
    base.push_back(match + "ip6 " + address + " vmap @" + name + "_hosts6");
    chain(text, name, base);
}

}  // namespace

std::string traitRules(const HostPlan& plan, const PersonaTraits& traits, std::uint32_t seed,
                       const std::vector<std::string>& memories) {
    const Kinds kinds = kindsOf(plan, traits);
    const bool clocks = std::ranges::any_of(kinds.all, hasUptime);
    const std::string table = "table inet " + std::string(kTraitTable);
    RulesetText text;
    text.line(table);
    text.line("delete " + table);
    text.line(table + " {");
    text.line("comment \"" + std::string(kTraitComment) + "\"");
    for (const std::string& memory : memories) {
        chain(text, memory, {});
    }
    if (clocks) {
        writeClocks(text, seed);
    }
    if (std::ranges::any_of(kinds.all, &PacketTraits::countedIds)) {
        writeCounters(text, seed);
    }
    for (std::size_t i = 0; i < kinds.all.size(); ++i) {
        if (const Lines lines = synAck(kinds.all[i]); !lines.empty()) {
            chain(text, "syn_ack_" + std::to_string(i), lines);
        }
    }
    writeHook(text, kinds, {"arriving", "prerouting priority raw", "meta l4proto tcp ", "daddr", true},
              [&](std::size_t kind) { return arriving(kinds.all[kind], clocks); });
    writeHook(text, kinds, {"odd", "input priority filter", "meta l4proto tcp ", "daddr"},
              [&](std::size_t kind) { return odd(kinds.all[kind]); });
    writeHook(text, kinds, {"leaving", "postrouting priority mangle", "", "saddr", true}, [&](std::size_t kind) {
        return leaving(kinds.all[kind], clocks, seed, "syn_ack_" + std::to_string(kind));
    });
    text.line("}");
    return text.take();
}

std::optional<std::size_t> personaOfTraitChain(const HostPlan& plan, const PersonaTraits& traits,
                                               std::string_view chain) {
    for (const std::string_view name : {"arriving_", "odd_", "leaving_", "syn_ack_"}) {
        const auto kind = numberBehind(chain, name);
        const Kinds kinds = kind ? kindsOf(plan, traits) : Kinds{};
        for (std::size_t i = 0; kind && i < kinds.ranges.size(); ++i) {
            if (kinds.ranges[i].second == *kind) {
                return kinds.personas[i];
            }
        }
    }
    return std::nullopt;
}

std::string withoutClocksAndCounters(std::string_view table) {
    std::istringstream lines{std::string(table)};
    std::string text;
    bool within = false;
    for (std::string line; std::getline(lines, line);) {
        const std::string words = line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
        if (words.starts_with("chain clock") || words.starts_with("chain count")) {
            within = true;
        } else if (within && words == "}") {
            within = false;
            std::getline(lines, line);  // the empty one behind it
        } else if (!within) {
            text += line + '\n';
        }
    }
    return text;
}

std::string wishedTimestamps(const PersonaTraits& traits, const std::string& is) {
    bool any = false;
    for (const auto& each : traits) {
        if (each && hasUptime(*each)) {
            return "2";
        }
        any = any || (each && has(*each, TcpOption::Timestamps));
    }
    return any ? "1" : is;
}

std::string wishedReceiveBuffer(const PersonaTraits& traits, const std::string& is) {
    std::uint64_t needed = 0;
    for (const auto& each : traits) {
        if (each && has(*each, TcpOption::WindowScale)) {
            needed = std::max(needed, std::uint64_t{1} << (15 + each->windowScale));
        }
    }
    const auto last = is.rfind('_');
    std::uint64_t most = 0;
    if (last == std::string::npos ||
        std::from_chars(is.data() + last + 1, is.data() + is.size(), most).ec != std::errc{} || most >= needed) {
        return is;
    }
    return is.substr(0, last + 1) + std::to_string(needed);
}

}  // namespace apiary::agent
