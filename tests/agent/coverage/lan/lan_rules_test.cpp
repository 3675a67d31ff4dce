#include "agent/coverage/lan/lan_rules.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

HostPlan plan() {
    HostPlan plan;
    plan.personas = {{"server", {}, OtherPorts::Closed, {}, true, "srv", 1}};
    plan.ranges = {{*parseRange("10.9.0.0/24"), 0, 4, "eth1"},
                   {*parseRange("10.10.0.0/16"), 0, 1},
                   {*parseRange("10.11.0.5"), 0, 4, "eth0"},
                   {*parseRange("10.11.0.7-10.11.0.9"), 0, 4, "eth0"},
                   {*parseRange("fd00:9::/64"), 0, 4, "eth0"}};
    return plan;
}

TEST(LanLinksTest, FindsTheRangesOfEachInterface) {
    EXPECT_EQ(lanLinks(plan()),
              (std::vector<LanLink>{
                  {"eth0", {*parseRange("10.11.0.5"), *parseRange("10.11.0.7-10.11.0.9"), *parseRange("fd00:9::/64")}},
                  {"eth1", {*parseRange("10.9.0.0/24")}}}));
    EXPECT_TRUE(lanLinks({}).empty());
}

TEST(LanLinksTest, HaveInCommonWhatStaysAsItWas) {
    const auto link = [](const char* interface, std::vector<const char*> ranges) {
        LanLink made{interface, {}};
        for (const char* range : ranges) {
            made.ranges.push_back(*parseRange(range));
        }
        return made;
    };
    const std::vector<LanLink> before{link("eth0", {"10.9.0.0/24", "10.9.2.7", "fd00:9::/64"}),
                                      link("eth1", {"10.10.0.0/24"}), link("eth2", {"10.11.0.0/24"})};
    EXPECT_EQ(commonLinks(before, before), before);
    EXPECT_EQ(commonLinks({}, before), std::vector<LanLink>{}) << "what is new is not claimed before it is steered";
    EXPECT_EQ(commonLinks(before, {link("eth0", {"10.9.0.128-10.9.1.255", "10.9.0.3", "10.10.0.0/24", "fd00:9::7"}),
                                   link("eth2", {"10.12.0.0/24"})}),
              std::vector<LanLink>{link("eth0", {"10.9.0.128-10.9.0.255", "10.9.0.3", "fd00:9::7"})});
    std::vector<LanLink> stations = before;
    stations[0].stations = {{*parseRange("10.9.0.0/24"), {0x44, 0x19, 0xb6}, "camera"}};
    EXPECT_EQ(commonLinks(before, stations), (std::vector<LanLink>{before[1], before[2]}))
        << "other hardware addresses are announced anew";
}

TEST(LanLinksTest, SaysWhyARangeCannotBeClaimed) {
    EXPECT_EQ(whyNoLink("no-such-one"), "'no-such-one' is no interface of this machine; see ip link");
    EXPECT_EQ(whyNoLink("lo").find("'lo' is no Ethernet"), 0U);
    EXPECT_EQ(
        whyNotOnLink("no-such-one", *parseRange("10.9.0.0/24"))
            .find("'no-such-one' has no address of a network that holds 10.9.0.0/24 (it has none of that family)"),
        0U);
}

TEST(LanRulesTest, KeepsTheKernelFromAnsweringForAddressesOnLinks) {
    const std::string rules = lanRules(lanLinks(plan()));
    EXPECT_NE(rules.find("elements = { 10.11.0.5, 10.11.0.7-10.11.0.9, 10.9.0.0-10.9.0.255 }"), std::string::npos)
        << rules;
    EXPECT_NE(rules.find("arp operation request arp daddr ip @hosts4 drop"), std::string::npos);
    EXPECT_EQ(rules.find("table arp apiary_lan\ndelete table arp apiary_lan\n"), 0U) << "whatever is left goes first";
}

TEST(LanRulesTest, AreNoneWhereNoIPv4IsClaimed) {
    EXPECT_EQ(lanRules({}), "");
    EXPECT_EQ(lanRules({{"eth0", {*parseRange("fd00:9::/64")}}}), "");
}

}  // namespace
}  // namespace apiary::agent::test
