#include "agent/coverage/traits/trait_rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace apiary::agent::test {
namespace {

PacketTraits builtIn(std::string_view name) {
    const auto found = std::ranges::find(builtInTraits(), name, &BuiltInTraits::name);
    return parseTraits(found->text, std::string(name)).traits;
}

/// Four personas; the first is as this kernel is.
HostPlan plan() {
    HostPlan plan;
    plan.personas.resize(4);
    plan.ranges = {{*parseRange("10.9.0.0/24"), 0, 1},
                   {*parseRange("10.9.1.0/24"), 1, 2},
                   {*parseRange("10.9.2.0/24"), 2, 3},
                   {*parseRange("10.9.3.7"), 3, 4},
                   {*parseRange("fd00:9::/64"), 2, 5}};
    return plan;
}

std::string rules(std::string_view a, std::string_view b, std::string_view c) {
    return traitRules(plan(), {std::nullopt, builtIn(a), builtIn(b), builtIn(c)}, 1);
}

/// The lines of a block, without their indentation.
std::vector<std::string> block(const std::string& text, const std::string& head) {
    std::vector<std::string> lines;
    const auto from = text.find("  " + head + " {\n");
    std::istringstream in(from == std::string::npos ? "" : text.substr(text.find('\n', from) + 1));
    for (std::string line; std::getline(in, line) && line != "  }";) {
        lines.push_back(line.substr(4));
    }
    return lines;
}

bool has(const std::vector<std::string>& lines, const std::string& line) {
    return std::ranges::find(lines, line) != lines.end();
}

TEST(TraitRulesTest, ReplaceOurTableInOneTransaction) {
    const std::string text = rules("linux", "windows-10", "camera");
    EXPECT_TRUE(
        text.starts_with("table inet apiary_traits\ndelete table inet apiary_traits\ntable inet apiary_traits {\n"
                         "  comment \"made by apiary-coverage: how hosts answer on the wire\"\n"))
        << text.substr(0, 300);
    EXPECT_EQ(std::ranges::count(text, '{'), std::ranges::count(text, '}'));
}

TEST(TraitRulesTest, HaveFlowLabelsAsTheSystemHasThem) {
    PacketTraits old;
    old.flowLabels = false;
    PacketTraits resets;
    resets.null = SegmentAnswer::Reset;
    const std::string text = traitRules(plan(), {std::nullopt, old, resets, PacketTraits{}}, 1);
    EXPECT_TRUE(has(block(text, "chain leaving_0"), "meta nfproto ipv6 ip6 flowlabel set 0"));
    const std::string labelled =
        "meta nfproto ipv6 tcp flags & rst == rst @nh,0,32 0x60000000 @nh,0,32 set numgen random mod 1048575 offset "
        "1610612737";
    EXPECT_TRUE(has(block(text, "chain leaving_1"), labelled)) << "nftables sends RSTs without one";
    EXPECT_FALSE(has(block(text, "chain leaving_2"), labelled));
}

TEST(TraitRulesTest, NamesWhoseTraitsAChainHas) {
    const PersonaTraits traits{std::nullopt, builtIn("linux"), builtIn("camera"), builtIn("linux")};
    EXPECT_EQ(personaOfTraitChain(plan(), traits, "leaving_0"), 1U);
    EXPECT_EQ(personaOfTraitChain(plan(), traits, "syn_ack_1"), 2U);
    EXPECT_EQ(personaOfTraitChain(plan(), traits, "odd_2"), std::nullopt) << "there are two kinds";
    EXPECT_EQ(personaOfTraitChain(plan(), traits, "clock_3"), std::nullopt) << "which all share";
}

TEST(TraitRulesTest, BringEachRangeToItsTraits) {
    const std::string text = rules("windows-10", "windows-server-2016", "windows-10");
    EXPECT_EQ(
        block(text, "map leaving_hosts4").back(),
        "elements = { 10.9.1.0-10.9.1.255 : goto leaving_0, 10.9.3.7 : goto leaving_0, 10.9.2.0-10.9.2.255 : goto "
        "leaving_1 }")
        << "those of two personas with the same traits are one";
    EXPECT_EQ(block(text, "map leaving_hosts6").back(),
              "elements = { fd00:9::-fd00:9::ffff:ffff:ffff:ffff : goto leaving_1 }");
    EXPECT_EQ(text.find("10.9.0."), std::string::npos) << "a persona without traits is left alone";
    EXPECT_TRUE(has(block(text, "chain leaving"), "type filter hook postrouting priority mangle; policy accept"));
}

TEST(TraitRulesTest, PutNothingBetweenALinkAndItsHosts) {
    HostPlan hosts = plan();
    hosts.ranges[2].lan = "eth0";
    PacketTraits far = builtIn("linux");
    far.hops = 2;
    const std::string text = traitRules(hosts, {std::nullopt, far, far, far}, 1);
    EXPECT_EQ(
        block(text, "map leaving_hosts4").back(),
        "elements = { 10.9.1.0-10.9.1.255 : goto leaving_0, 10.9.3.7 : goto leaving_0, 10.9.2.0-10.9.2.255 : goto "
        "leaving_1 }");
    EXPECT_TRUE(has(block(text, "chain leaving_1"), "ip ttl set 64"));
    const auto further = [&](const char* chain) {
        return std::ranges::count_if(block(text, chain), [](const auto& line) { return line.ends_with("ttl set 63"); });
    };
    EXPECT_EQ(further("chain leaving_0"), 1);
    EXPECT_EQ(further("chain leaving_1"), 0);
}

TEST(TraitRulesTest, LeaveAloneWhatPassesThroughFromAndToOwnersOnALink) {
    HostPlan hosts = plan();
    const PersonaTraits traits(4, builtIn("camera"));
    EXPECT_EQ(traitRules(hosts, traits, 1).find("fib "), std::string::npos) << "what is routed here is ours";
    hosts.ranges[2].lan = "eth0";
    const std::string text = traitRules(hosts, traits, 1);
    EXPECT_EQ(block(text, "chain arriving").at(1), "fib daddr type != local return");
    EXPECT_EQ(block(text, "chain leaving").at(1), "fib saddr type != local return");
}

TEST(TraitRulesTest, TakeFromSynsWhatTheSystemDoesNotKnow) {
    const std::string text = rules("windows-10", "linux", "recorder");
    EXPECT_EQ(block(text, "chain arriving_0"),
              (std::vector<std::string>{"tcp flags & (syn | ack) == syn reset tcp option timestamp",
                                        "tcp flags == syn | ecn | cwr tcp flags set syn"}));
    EXPECT_EQ(block(text, "chain arriving_2"),
              (std::vector<std::string>{"tcp flags & (syn | ack) == syn reset tcp option sack-permitted",
                                        "tcp flags & (syn | ack) == syn reset tcp option timestamp"}));
}

TEST(TraitRulesTest, AnswerWhatNoHonestPeerSends) {
    PacketTraits traits;
    traits.null = SegmentAnswer::Reset;
    traits.xmas = SegmentAnswer::Silent;
    traits.synFin = SegmentAnswer::Handshake;
    const std::string text = traitRules(plan(), {std::nullopt, traits, std::nullopt, std::nullopt}, 1);
    EXPECT_EQ(block(text, "chain odd_0"),
              (std::vector<std::string>{"tcp flags & (fin | syn | rst | psh | ack | urg) == 0x0 reject with tcp reset",
                                        "tcp flags & (fin | syn | rst | psh | ack | urg) == fin | psh | urg drop"}));
    EXPECT_EQ(block(text, "chain arriving_0").front(),
              "tcp flags & (fin | syn | rst | ack) == fin | syn tcp flags set syn");
}

TEST(TraitRulesTest, GiveWhatLeavesTheTraits) {
    const auto lines = block(rules("windows-server-2016", "linux", "camera"), "chain leaving_0");
    for (const char* line : {"ip ttl set 128", "ip6 hoplimit set 128", "meta nfproto ipv4 jump count",
                             "icmp type echo-reply icmp code set 0",
                             "icmp type { destination-unreachable, time-exceeded, parameter-problem } ip dscp set 0",
                             "tcp flags & (rst | ack) == rst tcp ackseq 0 tcp ackseq set numgen random mod 4294967295",
                             "tcp flags & (syn | ack) == syn | ack jump syn_ack_0", "meta l4proto tcp goto clock"}) {
        EXPECT_TRUE(has(lines, line)) << line;
    }
    const auto own = block(rules("linux", "linux", "linux"), "chain leaving_0");
    EXPECT_EQ(own.size(), 5U) << "TTL, distance and clock of both families";
}

TEST(TraitRulesTest, AreFurtherAwayForSomeHosts) {
    PacketTraits traits;
    traits.hops = 2;
    const auto lines =
        block(traitRules(plan(), {std::nullopt, traits, std::nullopt, std::nullopt}, 1), "chain leaving_0");
    ASSERT_EQ(lines.size(), 6U);
    EXPECT_TRUE(lines[2].starts_with("jhash ip saddr mod 3 seed 0x") && lines[2].ends_with(" 1 ip ttl set 63"))
        << lines[2];
    EXPECT_TRUE(lines[5].starts_with("jhash ip6 saddr mod 3 seed 0x") && lines[5].ends_with(" 2 ip6 hoplimit set 62"))
        << lines[5];
}

TEST(TraitRulesTest, SetWindowAndMssOfASynAck) {
    PacketTraits traits;
    traits.window = 2920;
    traits.mss = 1400;
    EXPECT_EQ(block(traitRules(plan(), {std::nullopt, traits, std::nullopt, std::nullopt}, 1), "chain syn_ack_0"),
              (std::vector<std::string>{"tcp window set 2920",
                                        "tcp option maxseg size > 1400 tcp option maxseg size set 1400"}));
}

/// What a clock does to the five highest bits, by the rules.
std::map<std::uint32_t, std::uint32_t> turned(const std::string& text, const std::string& chain) {
    std::map<std::uint32_t, std::uint32_t> changes;
    std::istringstream in(block(text, "chain " + chain).at(0));
    for (std::string before, word; in >> word; before = word) {
        if (word == ":") {
            const auto bits = static_cast<std::uint32_t>(std::stoul(before, nullptr, 16));
            std::string target;
            in >> target >> target;
            const std::string line = block(text, "chain " + target.substr(0, target.find(','))).at(0);
            changes[bits] = bits ^ static_cast<std::uint32_t>(std::stoul(line.substr(line.rfind("0x")), nullptr, 16));
        }
    }
    return changes;
}

TEST(TraitRulesTest, LetEachClockRunAheadByItsOwnTimeAndTurnItBack) {
    const std::string text = rules("linux", "linux", "linux");
    for (std::uint32_t clock = 1; clock < kTraitClocks; ++clock) {
        const auto out = turned(text, "clock_" + std::to_string(clock));
        const auto back = turned(text, "clock_back_" + std::to_string(clock));
        ASSERT_EQ(out.size(), 32U);
        for (const auto& [bits, ahead] : out) {
            EXPECT_EQ(ahead, bits + (clock << 27U)) << "an addition, so that time never goes backwards";
            EXPECT_EQ(back.at(ahead), bits);
        }
    }
    EXPECT_TRUE(block(text, "chain clock_0").empty());
}

TEST(TraitRulesTest, NumberFromOtherStartsForOtherCounters) {
    const std::string text = rules("windows-10", "linux", "linux");
    std::vector<std::string> starts;
    for (unsigned i = 0; i < kTraitCounters; ++i) {
        starts.push_back(block(text, "chain count_" + std::to_string(i)).at(0));
        EXPECT_TRUE(starts.back().starts_with("ip id set numgen inc mod 65536 offset ")) << starts.back();
    }
    std::ranges::sort(starts);
    EXPECT_GE(kTraitCounters - static_cast<unsigned>(std::ranges::unique(starts).size()), kTraitCounters - 3);
}

TEST(TraitRulesTest, HaveClocksAndCountersOnlyWhereTheyAreWanted) {
    const std::string text = rules("recorder", "camera", "recorder");
    EXPECT_EQ(text.find("clock"), std::string::npos);
    EXPECT_EQ(text.find("count"), std::string::npos);
}

TEST(TraitRulesTest, AreShownWithoutClocksAndCounters) {
    EXPECT_EQ(withoutClocksAndCounters(
                  "table inet apiary_traits {\n\tcomment \"x\"\n\tchain clock_1 {\n\t\ttcp option timestamp "
                  "tsval & 0xf8000000 vmap { 0 : goto clock_turn_1,\n\t\t\t1 : goto clock_turn_2 }\n\t}\n"
                  "\n\tchain clock_0 {\n\t}\n\n\tchain count {\n\t}\n\n\tchain leaving_0 {\n\t\tip ttl set "
                  "64\n\t}\n}\n"),
              "table inet apiary_traits {\n\tcomment \"x\"\n\tchain leaving_0 {\n\t\tip ttl set 64\n\t}\n}\n");
}

TEST(TraitRulesTest, DrawForEachAddressFromTheSeed) {
    const HostPlan hosts = plan();
    const PersonaTraits traits{std::nullopt, builtIn("windows-10"), std::nullopt, std::nullopt};
    EXPECT_EQ(traitRules(hosts, traits, 1), traitRules(hosts, traits, 1));
    EXPECT_NE(traitRules(hosts, traits, 1), traitRules(hosts, traits, 2));
}

TEST(TraitRulesTest, DoNotGrowWithTheNumberOfAddresses) {
    HostPlan one = plan();
    HostPlan many = plan();
    one.ranges = {{*parseRange("10.9.0.0/30"), 1, 1}};
    many.ranges = {{*parseRange("10.0.0.0/12"), 1, 1}};
    const PersonaTraits traits{std::nullopt, builtIn("linux"), std::nullopt, std::nullopt};
    EXPECT_LT(traitRules(many, traits, 1).size(), traitRules(one, traits, 1).size() + 20);
}

TEST(TraitRulesTest, KeepMemoriesInTheTable) {
    EXPECT_NE(traitRules({}, {}, 1, {"tcp_timestamps_2_before_1"}).find("  chain tcp_timestamps_2_before_1 {\n  }\n"),
              std::string::npos);
}

TEST(TraitRulesTest, WishForTimestampsAndBuffersThatTheyNeed) {
    const PacketTraits linux = builtIn("linux");
    PacketTraits random = linux;
    random.clock = TimestampClock::Random;
    EXPECT_EQ(wishedTimestamps({linux, random}, "1"), "2");
    EXPECT_EQ(wishedTimestamps({random}, "0"), "1");
    EXPECT_EQ(wishedTimestamps({builtIn("camera"), std::nullopt}, "0"), "0");
    EXPECT_EQ(wishedReceiveBuffer({linux}, "4096_131072_6291456"), "4096_131072_6291456") << "4 MiB are enough";
    EXPECT_EQ(wishedReceiveBuffer({linux, builtIn("windows-10")}, "4096_131072_6291456"), "4096_131072_8388608");
    EXPECT_EQ(wishedReceiveBuffer({builtIn("windows-10")}, "4096_131072_33554432"), "4096_131072_33554432");
    EXPECT_EQ(wishedReceiveBuffer({builtIn("windows-10")}, "4096"), "4096");
}

}  // namespace
}  // namespace apiary::agent::test
