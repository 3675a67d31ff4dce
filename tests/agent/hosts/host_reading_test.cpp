#include "agent/hosts/host_reading.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

/// Ten lines: [coverage], two services, a persona, and the head of a [[hosts]].
constexpr std::string_view kHead =
    "[coverage]\nuser = 'apiary'\n"
    "[[service]]\nname = 'ftp'\nports = [21]\n"
    "[[service]]\nname = 'web'\nports = [80, '8000-8100', 8101]\n"
    "[[persona]]\nname = 'server'\nservices = ['ftp', 'web']\n";

std::vector<Taken> surroundings() {
    return {{*parseRange("192.0.2.1"), "a gateway of this machine"},
            {*parseRange("192.0.2.7"), "this machine's own address on eth0"},
            {*parseRange("192.0.2.0/24"), "the network on the link of eth0, where other machines may have them"}};
}

/// The same with a second link, and with what takenHere() says of links.
std::vector<Taken> links() {
    std::vector<Taken> taken = surroundings();
    taken.back().link = "eth0";
    taken.push_back({*parseRange("198.51.100.0/24"), "the network on the link of eth1", "eth1"});
    const auto special = takenInNetwork(*parseRange("192.0.2.0/24"), "eth0");
    taken.insert(taken.end(), special.begin(), special.end());
    return taken;
}

struct Reading {
    HostReading hosts;
    std::string errors;
};

Reading read(const std::string& text, const std::vector<Taken>& taken = surroundings()) {
    TomlFile file = TomlFile::parse(text, "agent.toml");
    Reading reading{readHosts(file.root(), taken), ""};
    for (const std::string& error : file.finish()) {
        reading.errors += error + '\n';
    }
    return reading;
}

Reading withHosts(const std::string& ranges) {
    return read(std::string(kHead) + "[[hosts]]\npersona = 'server'\n" + ranges);
}

Reading withLink(const std::string& rest) {
    return read(std::string(kHead) + "[[hosts]]\npersona = 'server'\n" + rest, links());
}

TEST(HostReadingTest, ReadsPersonasAndRanges) {
    const auto [hosts, errors] = withHosts(
        "ranges = ['10.9.0.0/16', 'fd00:9::/64']\nexcept = ['10.9.0.0/24', '10.9.255.255']\n"
        "[[persona]]\nname = 'camera'\nservices = ['web']\nother_ports = 'filtered'\nother_ports_except = [22, '1-7']\n"
        "ping = false\nhost_names = 'cam%%%%'\n[[hosts]]\nranges = '10.9.0.5'\npersona = 'camera'\n");
    ASSERT_EQ(errors, "");
    EXPECT_EQ(hosts.user, "apiary");
    ASSERT_EQ(hosts.plan.ranges.size(), 3U);
    EXPECT_EQ(rangeText(hosts.plan.ranges[0].addresses), "10.9.0.5");
    EXPECT_EQ(hosts.plan.personas[hosts.plan.ranges[0].persona].name, "camera");
    EXPECT_EQ(rangeText(hosts.plan.ranges[1].addresses), "10.9.1.0-10.9.255.254");
    EXPECT_EQ(rangeText(hosts.plan.ranges[2].addresses), "fd00:9::/64");
    EXPECT_EQ(hosts.plan.services[1].ports, (std::vector<PortRange>{{80, 80}, {8000, 8101}}));
    EXPECT_EQ(hosts.plan.services[0].loopback, 61'000);
    EXPECT_EQ(hosts.plan.services[1].loopback, 61'001);
    const Persona& camera = hosts.plan.personas[1];
    EXPECT_EQ(camera.others, OtherPorts::Filtered);
    EXPECT_EQ(camera.except, (std::vector<PortRange>{{1, 7}, {22, 22}}));
    EXPECT_FALSE(camera.ping);
}

TEST(HostReadingTest, ReadsWhereTraitsComeFrom) {
    const auto traits = [](const std::string& line) {
        const auto [hosts, errors] = read(std::string(kHead) + line);
        return errors.empty() ? hosts.plan.personas.at(0).traits : errors;
    };
    EXPECT_EQ(traits(""), "");
    EXPECT_EQ(traits("traits = 'windows-10'\n"), "windows-10");
    EXPECT_EQ(traits("traits = './own.toml'\n"), "own.toml") << "beside agent.toml";
    EXPECT_EQ(traits("traits = '/etc/own.toml'\n"), "/etc/own.toml");
    EXPECT_EQ(traits("traits = ''\n"),
              "agent.toml:12: [[persona]] traits must name traits, or a file of them; leave the line out for those of "
              "this machine\n");
}

TEST(HostReadingTest, IsEmptyWithoutHosts) {
    const auto [hosts, errors] = read("");
    EXPECT_EQ(errors, "");
    EXPECT_TRUE(hosts.plan.empty());
}

TEST(HostReadingTest, RefusesOverlapsWithBothLines) {
    EXPECT_EQ(withHosts("ranges = ['10.9.0.0/16']\n[[hosts]]\npersona = 'server'\nranges = ['10.9.3.4']\n").errors,
              "agent.toml:17: [[hosts]] ranges 10.9.3.4 overlaps 10.9.0.0/16 of line 12; an address is one host\n");
    EXPECT_NE(withHosts("ranges = ['10.9.0.0/16', '10.9.1.0-10.10.0.0']\n").errors, "");
}

TEST(HostReadingTest, RefusesWhatOthersHave) {
    EXPECT_EQ(
        withHosts("ranges = ['192.0.0.0/16']\n").errors,
        "agent.toml:14: [[hosts]] ranges 192.0.0.0/16 holds 192.0.2.1, a gateway of this machine; leave it out, or "
        "name it under except\n");
    EXPECT_NE(withHosts("ranges = ['192.0.2.7']\n").errors.find("own address on eth0"), std::string::npos);
    EXPECT_NE(withHosts("ranges = ['192.0.2.128/25']\n").errors.find("the network on the link of eth0"),
              std::string::npos);
    EXPECT_EQ(withHosts("ranges = ['192.0.0.0/16']\nexcept = ['192.0.2.0/24']\n").errors, "");
    EXPECT_NE(withHosts("ranges = ['10.9.0.0/24']\n[collector]\naddress = '10.9.0.8:7443'\n")
                  .errors.find("10.9.0.8, the collector's address"),
              std::string::npos);
    for (const char* special : {"0.0.0.0/8", "224.0.0.5", "255.255.255.255", "::1", "fe80::1", "ff02::1", "::/64"}) {
        EXPECT_NE(withHosts("ranges = ['" + std::string(special) + "']\n").errors, "") << special;
    }
}

TEST(HostReadingTest, TakesAddressesOfALinkIfTheyAreToBeClaimedThere) {
    const auto [hosts, errors] = withLink(
        "lan = 'eth0'\nranges = ['192.0.2.0/24']\nexcept = ['192.0.2.0-192.0.2.9', '192.0.2.255']\n"
        "[[hosts]]\npersona = 'server'\nranges = ['10.9.0.0/16']\n");
    ASSERT_EQ(errors, "");
    ASSERT_EQ(hosts.plan.ranges.size(), 2U);
    EXPECT_EQ(hosts.plan.ranges[0].lan, "");
    EXPECT_EQ(hosts.plan.ranges[1].lan, "eth0");
    EXPECT_EQ(hosts.lanRate, 500U);
}

TEST(HostReadingTest, RefusesWhatNoHostOfALinkMayHaveWithTheLine) {
    for (const auto& [ranges, said] :
         {std::pair("192.0.2.0/28", "holds 192.0.2.1, a gateway of this machine"),
          std::pair("192.0.2.7", "this machine's own address on eth0"),
          std::pair("192.0.2.255", "192.0.2.255, the broadcast address on the link of eth0"),
          std::pair("192.0.2.0", "192.0.2.0, the address of the network on the link of eth0"),
          std::pair("198.51.100.0/28", "198.51.100.0/24, the network on the link of eth1"),
          std::pair("198.51.100.0/28", "or have them claimed there: lan = \"eth1\"")}) {
        const auto errors = withLink("lan = 'eth0'\nranges = ['" + std::string(ranges) + "']\n").errors;
        EXPECT_EQ(errors.find("agent.toml:15: [[hosts]] ranges " + std::string(ranges)), 0U) << errors;
        EXPECT_NE(errors.find(said), std::string::npos) << errors;
    }
    EXPECT_NE(withLink("lan = 'eth0'\nranges = ['192.0.2.16/28']\n[collector]\naddress = '192.0.2.20:7443'\n")
                  .errors.find("the collector's address"),
              std::string::npos);
    EXPECT_NE(withLink("lan = ''\nranges = ['10.9.0.1']\n").errors.find("agent.toml:14: [[hosts]] lan must name"),
              std::string::npos);
}

TEST(HostReadingTest, ReadsTheVendorOfHardwareAddresses) {
    const auto withMac = [](const std::string& mac) {
        return read(std::string(kHead) + "mac = '" + mac + "'\n[[hosts]]\npersona = 'server'\nranges = ['10.9.0.1']\n");
    };
    EXPECT_EQ(withMac("44:19:b6").hosts.plan.personas[0].vendor, (std::array<std::uint8_t, 3>{0x44, 0x19, 0xb6}));
    EXPECT_FALSE(withHosts("ranges = ['10.9.0.1']\n").hosts.plan.personas[0].vendor);
    for (const char* bad : {"", "44:19", "44:19:b6:00:00:00", "44-19-b6", "4x:19:b6", "45:19:b6"}) {
        EXPECT_EQ(withMac(bad).errors.find("agent.toml:12: [[persona]] mac must be how the hardware addresses"), 0U)
            << bad;
    }
}

TEST(HostReadingTest, BoundsWhatIsToBeClaimed) {
    EXPECT_EQ(withLink("lan = 'eth9'\nranges = ['10.8.0.0/16', 'fd00:8::/64']\n").errors, "");
    EXPECT_NE(withLink("lan = 'eth9'\nranges = ['10.8.0.0/16', '10.9.0.1']\n")
                  .errors.find("makes 65537 IPv4 addresses to be claimed"),
              std::string::npos);
}

TEST(HostReadingTest, RefusesWhatIsTooLarge) {
    EXPECT_EQ(withHosts("ranges = ['10.0.0.0/8']\n").errors,
              "agent.toml:14: [[hosts]] ranges 10.0.0.0/8 makes 16777216 IPv4 addresses; all ranges together may have "
              "1048576, as many as a /12\n");
    EXPECT_EQ(withHosts("ranges = ['10.16.0.0/12']\n").errors, "");
    EXPECT_NE(withHosts("ranges = ['10.16.0.0/12', '10.9.0.1']\n").errors, "");
    EXPECT_NE(withHosts("ranges = ['fd00::/40']\n").errors.find("/48 or smaller"), std::string::npos);
}

TEST(HostReadingTest, SaysAtWhichLineARangeIsNone) {
    EXPECT_EQ(
        withHosts("ranges = ['10.9.0.1/16']\n").errors,
        "agent.toml:14: [[hosts]] ranges is wrong: '10.9.0.1/16' has bits behind its length; write 10.9.0.0/16, or "
        "10.9.0.1 for the one address\n");
    EXPECT_NE(withHosts("ranges = ['10.9.0.0/24']\nexcept = ['10.8.0.0/24']\n")
                  .errors.find("agent.toml:15: [[hosts]] except 10.8.0.0/24 is in none of the ranges"),
              std::string::npos);
    EXPECT_NE(withHosts("").errors.find("ranges is missing"), std::string::npos);
}

TEST(HostReadingTest, HasNoHostsOfAPersonaThatIsNotKnown) {
    const auto [hosts, errors] =
        read(std::string(kHead) + "[[hosts]]\npersona = 'serve'\nranges = ['10.9.0.1', '10.9.0.x', 'fd00::/8']\n");
    EXPECT_TRUE(hosts.plan.ranges.empty());
    for (const char* said : {"'serve' is not known", "ranges is wrong", "fd00::/8 is too large"}) {
        EXPECT_NE(errors.find(said), std::string::npos) << errors;
    }
}

TEST(HostReadingTest, RefusesPersonasThatCannotBe) {
    EXPECT_NE(read(std::string(kHead) + "[[hosts]]\npersona = 'nobody'\nranges = ['10.9.0.1']\n")
                  .errors.find("agent.toml:13: [[hosts]] persona 'nobody' is not known"),
              std::string::npos);
    EXPECT_NE(read(std::string(kHead) + "[[persona]]\nname = 'server'\nservices = ['ftp', 'smtp']\n")
                  .errors.find("agent.toml:13: [[persona]] name 'server' is taken by the persona of line 9"),
              std::string::npos);
    EXPECT_NE(read(std::string(kHead) + "[[persona]]\nname = 'x'\nservices = ['smtp']\n")
                  .errors.find("agent.toml:14: [[persona]] services lists 'smtp', but no [[service]]"),
              std::string::npos);
    EXPECT_NE(read("[[service]]\nname = 'a'\nports = [80]\n[[service]]\nname = 'b'\nports = ['1-100']\n"
                   "[[persona]]\nname = 'x'\nservices = ['a', 'b']\n")
                  .errors.find("gives port 80 to both 'a' (line 1) and 'b' (line 4)"),
              std::string::npos);
    EXPECT_NE(read("[[service]]\nname = 'a'\nports = [80]\n").errors.find("no [[persona]] lists the service 'a'"),
              std::string::npos);
}

TEST(HostReadingTest, RefusesBadPorts) {
    for (const char* ports : {"[0]", "[65536]", "['9-8']", "['x']", "[]", "[1.5]", "true", "['1-']"}) {
        EXPECT_NE(read("[[service]]\nname = 'a'\nports = " + std::string(ports) +
                       "\n[[persona]]\nname = 'x'\nservices = ['a']\n")
                      .errors.find("agent.toml:3: [[service]] ports"),
                  std::string::npos)
            << ports;
    }
}

TEST(HostReadingTest, ReadsPortsOfUdp) {
    const auto [hosts, errors] = read(
        "[[service]]\nname = 't'\nports = [53, '80/tcp']\n[[service]]\nname = 'u'\nports = ['53/udp', '100-110/udp']\n"
        "[[persona]]\nname = 'x'\nservices = ['t', 'u']\n");
    ASSERT_EQ(errors, "") << "the same port, of TCP and of UDP";
    EXPECT_EQ(hosts.plan.services[0].kind, PortKind::Tcp);
    EXPECT_EQ(hosts.plan.services[1].kind, PortKind::Udp);
    EXPECT_EQ(hosts.plan.services[1].ports, (std::vector<PortRange>{{53, 53}, {100, 110}}));
}

TEST(HostReadingTest, RefusesWhatIsBehindAPort) {
    const auto errorsOf = [](const std::string& ports) {
        return read("[[service]]\nname = 'a'\nports = [" + ports + "]\n[[persona]]\nname = 'x'\nservices = ['a']\n")
            .errors;
    };
    EXPECT_NE(errorsOf("'161/sctp'").find("agent.toml:3: [[service]] ports has '161/sctp'; behind the port stands "),
              std::string::npos);
    EXPECT_NE(errorsOf("'161/udp', 162").find("agent.toml:3: [[service]] ports has ports of TCP and of UDP; take two"),
              std::string::npos);
    EXPECT_NE(errorsOf("'0/udp'"), "");
    EXPECT_NE(read("[[service]]\nname = 'a'\nports = ['5/udp']\n[[service]]\nname = 'b'\nports = ['1-9/udp']\n"
                   "[[persona]]\nname = 'x'\nservices = ['a', 'b']\n")
                  .errors.find("gives port 5 to both 'a' (line 1) and 'b' (line 4)"),
              std::string::npos);
}

TEST(HostReadingTest, NeedsTheUserOfTheAgent) {
    EXPECT_NE(read("[[service]]\nname = 'a'\nports = [80]\n[[persona]]\nname = 'x'\nservices = ['a']\n"
                   "[[hosts]]\npersona = 'x'\nranges = ['10.9.0.1']\n")
                  .errors.find("agent.toml:7: [[hosts]] needs [coverage] user"),
              std::string::npos);
}

TEST(SurroundingsTest, KnowsWhatNoHostOfANetworkHas) {
    EXPECT_EQ(takenInNetwork(*parseRange("10.0.0.0/31"), "eth0").size(), 0U) << "RFC 3021";
    const auto six = takenInNetwork(*parseRange("fd00::/64"), "eth0");
    ASSERT_EQ(six.size(), 1U);
    EXPECT_EQ(rangeText(six[0].addresses), "fd00::");
}

TEST(SurroundingsTest, FindsTheGatewaysOfBothFamilies) {
    const auto gateways = gatewaysIn(
        "Iface\tDestination\tGateway \tFlags\neth0\t00000000\t0102A8C0\t0003\neth0\t0002A8C0\t00000000\t0001\n",
        "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd000009000000000000000000000001 1 1 "
        "0 0 eth0\n"
        "fd000009000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 1 1 "
        "0 0 eth0\n");
    ASSERT_EQ(gateways.size(), 2U);
    EXPECT_EQ(rangeText(gateways[0].addresses), "192.168.2.1");
    EXPECT_EQ(rangeText(gateways[1].addresses), "fd00:9::1");
}

}  // namespace
}  // namespace apiary::agent::test
