#include "agent/coverage/ruleset.hpp"

#include "common/net/address.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace apiary::agent::test {
namespace {

Endpoint at(std::string_view text) {
    return *parseEndpoint(text);
}

HostPlan plan() {
    HostPlan plan;
    plan.services = {{"ftp", {{21, 21}}, 61'000, 1}, {"web", {{80, 80}, {8000, 8100}}, 61'001, 5}};
    plan.personas = {{"server", {0, 1}, OtherPorts::Closed, {{135, 139}}, true, "a", 9},
                     {"recorder", {1}, OtherPorts::Filtered, {{22, 22}}, false, "b", 14}};
    plan.ranges = {{*parseRange("10.9.0.0-10.9.2.255"), 0, 20},
                   {*parseRange("10.9.3.7"), 1, 24},
                   {*parseRange("fd00:9::/64"), 1, 28}};
    std::ranges::sort(plan.ranges, {}, &HostRange::addresses);
    return plan;
}

std::string rules() {
    return ruleset(plan(), {.user = 990, .collector = {at("192.0.2.9:7443")}, .resolvers = {}});
}

/// The lines of a block, without their indentation, one behind the other.
std::string block(const std::string& text, const std::string& head) {
    const auto from = text.find("  " + head + " {\n");
    const auto to = text.find("  }\n", from);
    std::string lines;
    for (const char letter : from == std::string::npos ? "" : text.substr(from, to - from)) {
        if (letter != ' ' || (!lines.empty() && lines.back() != '\n' && lines.back() != ' ')) {
            lines += letter;
        }
    }
    return lines;
}

TEST(RulesetTest, ReplacesOurTableInOneTransaction) {
    EXPECT_TRUE(
        rules().starts_with("table inet apiary_coverage\ndelete table inet apiary_coverage\n"
                            "table inet apiary_coverage {\n  comment \"made by apiary-coverage;"))
        << rules();
    EXPECT_EQ(std::ranges::count(rules(), '{'), std::ranges::count(rules(), '}'));
}

TEST(RulesetTest, SteersOnLinksOnlyWhatIsClaimed) {
    HostPlan some = plan();
    EXPECT_EQ(rules().find("fib "), std::string::npos);
    EXPECT_EQ(localNetworks(some, true).back(), "10.9.3.7/32");
    some.ranges[1].lan = "eth0";
    EXPECT_NE(block(ruleset(some, {}), "chain steer").find("fib daddr type != local return\nip daddr vmap @hosts4"),
              std::string::npos);
    EXPECT_EQ(localNetworks(some, true), (std::vector<std::string>{"10.9.0.0/23", "10.9.2.0/24"}));
}

TEST(RulesetTest, SendsNothingAsAnAddressOnALinkThatWasGivenUp) {
    HostPlan some = plan();
    EXPECT_EQ(rules().find("set lan"), std::string::npos);
    for (HostRange& range : some.ranges) {
        range.lan = range.addresses.first == parseRange("10.9.3.7")->first ? "" : "eth0";
    }
    const std::string text = ruleset(some, {.user = 990, .collector = {}, .resolvers = {}});
    EXPECT_NE(block(text, "set lan4").find("elements = { 10.9.0.0-10.9.2.255 }"), std::string::npos) << text;
    EXPECT_NE(block(text, "set lan6").find("elements = { fd00:9::-fd00:9::ffff:ffff:ffff:ffff }"), std::string::npos);
    EXPECT_NE(block(text, "chain leaving")
                  .find("policy accept\nip saddr @lan4 fib saddr type != local drop\n"
                        "ip6 saddr @lan6 fib saddr type != local drop\nmeta skuid 990 jump agent\n"),
              std::string::npos)
        << text;
}

TEST(RulesetTest, SendsErrorsAboutPacketsToHostsUnderTheirAddresses) {
    HostPlan plan;
    plan.personas = {{"server", {}, OtherPorts::Closed, {}, true, "srv", 1}};
    plan.ranges = {
        {*parseRange("10.9.0.0/24"), 0, 1}, {*parseRange("10.9.8.8"), 0, 2}, {*parseRange("fd00:9::/64"), 0, 3}};
    const std::string errors = block(ruleset(plan, {}), "chain errors");
    EXPECT_NE(errors.find("@nh,352,32 { 0x0a090000-0x0a0900ff, 0x0a090808 } ip saddr set @nh,352,32\n"),
              std::string::npos)
        << errors;
    EXPECT_NE(errors.find("@nh,576,128 { 0xfd000009000000000000000000000000-0xfd00000900000000ffffffffffffffff } "
                          "ip6 saddr set @nh,576,128\n"),
              std::string::npos);
    plan.ranges.pop_back();
    EXPECT_EQ(block(ruleset(plan, {}), "chain errors").find("icmpv6"), std::string::npos);
}

TEST(RulesetTest, BringsEachRangeToItsPersona) {
    EXPECT_NE(block(rules(), "map hosts4")
                  .find("elements = { 10.9.0.0-10.9.2.255 : goto persona_0, 10.9.3.7 : goto persona_1 }"),
              std::string::npos);
    EXPECT_NE(block(rules(), "map hosts6").find("{ fd00:9::-fd00:9::ffff:ffff:ffff:ffff : goto persona_1 }"),
              std::string::npos);
}

TEST(RulesetTest, SteersTheServicesOfAPersonaAndLeavesItsOtherPorts) {
    EXPECT_EQ(block(rules(), "chain persona_0"),
              "chain persona_0 {\n"
              "meta nfproto ipv4 tcp dport { 21 } tproxy ip to 127.0.0.1:61000 accept\n"
              "meta nfproto ipv6 tcp dport { 21 } tproxy ip6 to [::1]:61000 accept\n"
              "meta nfproto ipv4 tcp dport { 80, 8000-8100 } tproxy ip to 127.0.0.1:61001 accept\n"
              "meta nfproto ipv6 tcp dport { 80, 8000-8100 } tproxy ip6 to [::1]:61001 accept\n"
              "meta l4proto { tcp, udp } socket wildcard 1 goto machine_0\n"
              "meta l4proto { tcp, udp } socket transparent 0 accept\n"
              "meta l4proto { tcp, udp } socket transparent 1 accept\n"
              "tcp dport { 135-139 } drop\nudp dport { 135-139 } drop\naccept\n");
}

TEST(RulesetTest, SteersDatagramsButNotThoseThatAllWereSent) {
    HostPlan udp = plan();
    udp.services[0] = {"snmp", {{161, 161}}, 61'000, 1, PortKind::Udp};
    EXPECT_TRUE(block(ruleset(udp, {}), "chain persona_0")
                    .starts_with("chain persona_0 {\n"
                                 "meta l4proto udp meta pkttype { broadcast, multicast } drop\n"
                                 "meta nfproto ipv4 udp dport { 161 } jump remember4\n"
                                 "meta nfproto ipv6 udp dport { 161 } jump remember6\n"
                                 "meta nfproto ipv4 udp dport { 161 } tproxy ip to 127.0.0.1:61000 accept\n"
                                 "meta nfproto ipv6 udp dport { 161 } tproxy ip6 to [::1]:61000 accept\n"
                                 "meta nfproto ipv4 tcp dport { 80, 8000-8100 } "));
}

TEST(RulesetTest, RemembersNobodyWhoIsNeverAnswered) {
    HostPlan udp = plan();
    udp.services[0] = {"datagrams", {{1, 65535}}, 61'000, 1, PortKind::Udp};
    const std::string rules = ruleset(udp, {});
    EXPECT_EQ(block(rules, "chain persona_0").find("remember"), std::string::npos);
    EXPECT_NE(
        block(rules, "chain arrived").find("meta nfproto ipv4 meta l4proto udp socket transparent 0 jump remember4\n"),
        std::string::npos);
    EXPECT_EQ(block(rules, "chain remember4"),
              "chain remember4 {\nupdate @asked4 { ip saddr . udp dport } return\n"
              "update @asked_full { meta nfproto }\n");
}

TEST(RulesetTest, FiltersWhatAFilteredPersonaDoesNotServe) {
    const std::string chain = block(rules(), "chain persona_1");
    EXPECT_EQ(chain.find("61000"), std::string::npos) << "it has no ftp";
    EXPECT_NE(chain.find("icmp type { echo-request, timestamp-request } drop\n"), std::string::npos);
    EXPECT_TRUE(chain.ends_with("tcp dport { 22 } accept\nudp dport { 22 } accept\nmeta l4proto { tcp, udp } drop\n"))
        << chain;
}

TEST(RulesetTest, HidesWhatTheMachineItselfListensOn) {
    EXPECT_EQ(block(rules(), "chain machine_0"),
              "chain machine_0 {\ntcp dport { 135-139 } drop\nudp dport { 135-139 } drop\n"
              "tcp dport 0-65535 reject with tcp reset\nudp dport 0-65535 reject with icmpx port-unreachable\ndrop\n");
    EXPECT_EQ(block(rules(), "chain machine_1"),
              "chain machine_1 {\ntcp dport { 22 } reject with tcp reset\n"
              "udp dport { 22 } reject with icmpx port-unreachable\ndrop\n");
}

TEST(RulesetTest, HoldsTheAgentToCollectorAndReplies) {
    EXPECT_NE(block(rules(), "set collector4").find("{ 192.0.2.9 . 7443 }"), std::string::npos);
    EXPECT_NE(rules().find("meta skuid 990 jump agent"), std::string::npos);
    EXPECT_NE(rules().find("meta mark 97 jump agent"), std::string::npos) << "what leaves by a socket that root made";
    const std::string chain = block(rules(), "chain agent");
    EXPECT_NE(chain.find("tcp flags & (syn | ack) == syn counter name egress_refused reject with tcp reset\n"),
              std::string::npos);
    EXPECT_TRUE(
        chain.ends_with("ip6 daddr . udp sport @asked6 accept\n"
                        "meta l4proto udp meta nfproto @asked_full counter name replies_forgotten drop\n"
                        "counter name egress_refused reject with icmpx admin-prohibited\n"))
        << chain;
    EXPECT_EQ(chain.find("resolver"), std::string::npos) << "an address is not looked up";
    EXPECT_NE(
        ruleset(plan(), {.user = 990, .collector = {}, .resolvers = {at("192.0.2.53:53")}}).find("@resolver4 accept"),
        std::string::npos);
}

TEST(RulesetTest, DoesNotGrowWithTheNumberOfAddresses) {
    HostPlan one = plan();
    HostPlan many = plan();
    one.ranges = {{*parseRange("10.9.0.0/30"), 0, 1}};
    many.ranges = {{*parseRange("10.0.0.0/12"), 0, 1}};
    EXPECT_LT(ruleset(many, {}).size(), ruleset(one, {}).size() + 20);
    EXPECT_EQ(localNetworks(many, true), std::vector<std::string>{"10.0.0.0/12"});
}

TEST(RulesetTest, RoutesJustTheHosts) {
    EXPECT_EQ(localNetworks(plan(), true), (std::vector<std::string>{"10.9.0.0/23", "10.9.2.0/24", "10.9.3.7/32"}));
    EXPECT_EQ(localNetworks(plan(), false), std::vector<std::string>{"fd00:9::/64"});
}

}  // namespace
}  // namespace apiary::agent::test
