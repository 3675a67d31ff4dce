#include "agent/coverage/lan/link_stations.hpp"

#include "common/net/address.hpp"

#include <gtest/gtest.h>

#include <set>

namespace apiary::agent::test {
namespace {

AddressRange::Address at(const std::string& text) {
    return parseAddress(text)->address;
}

/// A /24 of which a /26 has stations of its own.
LanLink link() {
    return {.interface = "br-lan.7",
            .ranges = {*parseRange("10.11.0.0/24")},
            .stations = {{*parseRange("10.11.0.64/26"), {0x44, 0x19, 0xb6}, "camera"}}};
}

TEST(LinkStationsTest, GivesEachHostItsOwnOfTheVendorAndTheSameAgain) {
    std::set<Mac> stations;
    for (int last = 64; last < 128; ++last) {
        const auto station = stationOf(link(), 7, at("10.11.0." + std::to_string(last)));
        ASSERT_TRUE(station);
        EXPECT_EQ(stationText(*station).substr(0, 9), "44:19:b6:");
        EXPECT_EQ(station, stationOf(link(), 7, at("10.11.0." + std::to_string(last))));
        EXPECT_NE(station, stationOf(link(), 8, at("10.11.0." + std::to_string(last)))) << "of another machine";
        stations.insert(*station);
    }
    EXPECT_EQ(stations.size(), 64U);
    EXPECT_FALSE(stationOf(link(), 7, at("10.11.0.63"))) << "it shares that of the interface";
}

TEST(LinkStationsTest, KnowsWhatItsOwnHostsHaveSaid) {
    using Kind = NeighbourMessage::Kind;
    const auto host = at("10.11.0.70");
    const Mac own = *stationOf(link(), 7, host);
    const auto nobody = at("0.0.0.0");
    EXPECT_TRUE(isOfOwnStation(link(), 7, {.kind = Kind::Asks, .from = own, .sender = host, .target = host}));
    EXPECT_TRUE(
        isOfOwnStation(link(), 7, {.kind = Kind::Asks, .from = own, .sender = host, .target = at("10.11.0.1")}));
    EXPECT_TRUE(isOfOwnStation(link(), 7, {.kind = Kind::Asks, .from = own, .sender = nobody, .target = host}));
    EXPECT_TRUE(isOfOwnStation(link(), 7, {.kind = Kind::Tells, .from = own, .sender = host, .target = {}}));
    EXPECT_FALSE(
        isOfOwnStation(link(), 7, {.kind = Kind::Tells, .from = own, .sender = at("10.11.0.71"), .target = {}}))
        << "somebody who speaks as another host";
    const Mac other{0x52, 0x54, 0, 0x12, 0x34, 0x56};
    EXPECT_FALSE(isOfOwnStation(link(), 7, {.kind = Kind::Tells, .from = other, .sender = host, .target = {}}));
    EXPECT_FALSE(
        isOfOwnStation(link(), 7, {.kind = Kind::Tells, .from = other, .sender = at("10.11.0.1"), .target = {}}));
}

TEST(LinkStationsTest, TakesAndSendsByThem) {
    const std::string rules = stationRules(link(), 7);
    const std::string first = stationText(*stationOf(link(), 7, at("10.11.0.64")));
    EXPECT_EQ(rules.find("table netdev apiary_lan_br_2dlan_2e7\ndelete table netdev apiary_lan_br_2dlan_2e7\n"), 0U)
        << rules;
    EXPECT_NE(rules.find("elements = { 10.11.0.64 : " + first + ", 10.11.0.65 : "), std::string::npos) << rules;
    EXPECT_NE(rules.find("hook ingress device \"br-lan.7\""), std::string::npos);
    EXPECT_NE(rules.find("ip fib saddr type local ether saddr set ip saddr map @station4"), std::string::npos)
        << "what passes through from a live owner is not a host's";
    EXPECT_EQ(stationRules({.interface = "eth0", .ranges = link().ranges}, 7), "");
}

TEST(LinkStationsTest, FindsThemInPersonas) {
    HostPlan plan;
    plan.personas = {
        {"server", {}, OtherPorts::Closed, {}, true, "srv", 1},
        {"camera", {}, OtherPorts::Closed, {}, true, "cam", 2, "", std::array<std::uint8_t, 3>{0x44, 0x19, 0xb6}}};
    plan.ranges = {{*parseRange("10.11.0.0/26"), 0, 3, "eth0"},
                   {*parseRange("10.11.0.64/26"), 1, 4, "eth0"},
                   {*parseRange("10.12.0.0/26"), 1, 5},
                   {*parseRange("fd00:11::/64"), 1, 6, "eth0"}};
    const auto links = lanLinks(plan);
    ASSERT_EQ(links.size(), 1U);
    EXPECT_EQ(links[0].stations, link().stations);
}

}  // namespace
}  // namespace apiary::agent::test
