#include "agent/hosts/host_plan.hpp"

#include "common/net/address.hpp"

#include <gtest/gtest.h>

#include <set>

namespace apiary::agent::test {
namespace {

Endpoint at(std::string_view text) {
    return *parseEndpoint(text);
}

/// A /16 of servers with a hole of recorders in it, and some IPv6.
HostPlan plan() {
    HostPlan plan;
    plan.services = {{"ftp", {{21, 21}}, 61'000, 1}, {"web", {{80, 80}, {8000, 8100}}, 61'001, 5}};
    plan.personas = {{"server", {0, 1}, OtherPorts::Closed, {}, true, "srv####", 9},
                     {"recorder", {1}, OtherPorts::Filtered, {}, true, "%%%%%%", 14}};
    plan.ranges = {{*parseRange("10.9.0.0-10.9.2.255"), 0, 20},
                   {*parseRange("10.9.3.0/24"), 1, 24},
                   {*parseRange("10.9.4.0-10.9.255.255"), 0, 20},
                   {*parseRange("fd00:9::/64"), 1, 28}};
    std::ranges::sort(plan.ranges, {}, &HostRange::addresses);
    return plan;
}

TEST(HostPlanTest, KnowsThePersonaOfEachAddressAndOfNoOther) {
    const HostPlan hosts = plan();
    EXPECT_EQ(hosts.personaAt(at("10.9.0.0:1"))->name, "server");
    EXPECT_EQ(hosts.personaAt(at("10.9.2.255:1"))->name, "server");
    EXPECT_EQ(hosts.personaAt(at("10.9.3.0:1"))->name, "recorder");
    EXPECT_EQ(hosts.personaAt(at("10.9.3.255:1"))->name, "recorder");
    EXPECT_EQ(hosts.personaAt(at("10.9.255.255:1"))->name, "server");
    EXPECT_EQ(hosts.personaAt(at("[fd00:9::1234]:1"))->name, "recorder");
    for (const char* other : {"10.8.255.255:1", "10.10.0.0:1", "[fd00:8::1]:1", "[fd00:9:0:1::]:1", "127.0.0.1:1"}) {
        EXPECT_EQ(hosts.personaAt(at(other)), nullptr) << other;
    }
    EXPECT_EQ(HostPlan().personaAt(at("10.9.0.0:1")), nullptr);
}

TEST(HostPlanTest, KnowsTheServiceOfAnAddressAndPort) {
    const HostPlan hosts = plan();
    EXPECT_EQ(hosts.serviceAt(at("10.9.0.1:21"), PortKind::Tcp)->name, "ftp");
    EXPECT_EQ(hosts.serviceAt(at("10.9.0.1:8050"), PortKind::Tcp)->name, "web");
    EXPECT_EQ(hosts.serviceAt(at("10.9.3.1:21"), PortKind::Tcp), nullptr);
    EXPECT_EQ(hosts.serviceAt(at("10.9.3.1:80"), PortKind::Tcp)->name, "web");
    EXPECT_EQ(hosts.serviceAt(at("10.8.3.1:80"), PortKind::Tcp), nullptr);
}

TEST(HostPlanTest, TellsServicesOfUdpFromThoseOfTcp) {
    HostPlan hosts = plan();
    hosts.services.push_back({"snmp", {{161, 161}, {8000, 8001}}, 61'002, 7, PortKind::Udp});
    hosts.personas[0].services.push_back(2);
    EXPECT_EQ(hosts.serviceAt(at("10.9.0.1:8000"), PortKind::Udp)->name, "snmp");
    EXPECT_EQ(hosts.serviceAt(at("10.9.0.1:8000"), PortKind::Tcp)->name, "web");
    EXPECT_EQ(hosts.serviceAt(at("10.9.0.1:161"), PortKind::Tcp), nullptr);
    EXPECT_EQ(hosts.serviceAt(at("10.9.3.1:161"), PortKind::Udp), nullptr);
}

TEST(HostPlanTest, AnswersFromSoManyPortsOrFromNone) {
    HostService service{"u", {{161, 161}, {1000, 1000 + kMostAnsweringPorts - 2}}, 61'002, 7, PortKind::Udp};
    EXPECT_EQ(service.answeringPorts().size(), kMostAnsweringPorts);
    EXPECT_EQ(service.answeringPorts().front(), 161);
    ++service.ports.back().last;
    EXPECT_TRUE(service.answeringPorts().empty()) << "each takes a socket";
    EXPECT_TRUE((HostService{"t", {{1, 65'535}}, 61'003, 8}).answeringPorts().empty()) << "of TCP";
    EXPECT_TRUE((HostService{"all", {{1, 65'535}}, 61'003, 8, PortKind::Udp}).answeringPorts().empty());
}

TEST(HostPlanTest, CountsAddressesAndShowsWhereAServiceCanBeTried) {
    const HostPlan hosts = plan();
    EXPECT_EQ(hosts.addresses(), UINT64_MAX) << "with a /64";
    EXPECT_EQ(hosts.examples(hosts.services[0]), std::vector<Endpoint>{at("10.9.0.0:21")});
    EXPECT_EQ(hosts.examples(hosts.services[1]),
              (std::vector<Endpoint>{at("10.9.0.0:80"), at("10.9.3.0:80"), at("[fd00:9::]:80")}));
}

TEST(HostPlanTest, ShowsAServiceAtHostsThatAreRoutedHereBeforeThoseOnALink) {
    HostPlan hosts = plan();
    hosts.ranges[0].lan = "eth0";
    EXPECT_EQ(hosts.examples(hosts.services[0]), std::vector<Endpoint>{at("10.9.4.0:21")});
    hosts.ranges[2].lan = "eth0";
    EXPECT_EQ(hosts.examples(hosts.services[0]), (std::vector<Endpoint>{at("10.9.0.0:21"), at("10.9.2.255:21")}))
        << "any of them may be somebody else's";
}

TEST(HostPlanTest, MakesHostsDifferAndStayTheSame) {
    const HostPlan hosts = plan();
    const Persona& server = hosts.personas[0];
    EXPECT_EQ(hostSeed(7, server, at("10.9.0.1:21")), hostSeed(7, server, at("10.9.0.1:80"))) << "one host";
    EXPECT_NE(hostSeed(7, server, at("10.9.0.1:21")), hostSeed(8, server, at("10.9.0.1:21"))) << "another sensor";
    EXPECT_NE(hostSeed(7, server, at("10.9.0.1:21")), hostSeed(7, hosts.personas[1], at("10.9.0.1:21")));
    std::set<std::uint64_t> seeds;
    for (unsigned i = 0; i < 65'536; ++i) {
        const Endpoint::V4 v4{10, 9, static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)};
        seeds.insert(hostSeed(7, server, Endpoint::of(v4, 21)));
    }
    EXPECT_EQ(seeds.size(), 65'536U);
}

TEST(HostPlanTest, NamesHostsAfterThePattern) {
    Persona persona;
    persona.hostNames = "cam-#@%-x";
    EXPECT_EQ(hostName(persona, 1), hostName(persona, 1));
    std::set<std::string> names;
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        const std::string name = hostName(persona, seed);
        ASSERT_EQ(name.size(), 9U);
        EXPECT_TRUE(name.starts_with("cam-") && name.ends_with("-x")) << name;
        EXPECT_TRUE(std::isdigit(name[4]) != 0 && std::islower(name[5]) != 0 && name[6] != '%') << name;
        names.insert(name);
    }
    EXPECT_GT(names.size(), 1500U) << "of 9360 possible ones";
}

}  // namespace
}  // namespace apiary::agent::test
