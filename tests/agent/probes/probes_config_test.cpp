#include "agent/probes/probes_config.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;

const std::string kHosts = R"([coverage]
user = "65534"
[[service]]
name = "ftp"
protocol = "ftp"
ports = [21]
passive_ports = [20000, 20100]
[[persona]]
name = "server"
services = ["ftp"]
[[hosts]]
persona = "server"
ranges = ["10.9.0.0/16"]
)";

ProbesReading read(const std::string& text) {
    return parseProbesConfig(text, "agent.toml", {});
}

TEST(ProbesConfigTest, ReadsWhatIsThereAndFillsInTheRest) {
    const auto reading = read(kHosts + "[probes]\ninterfaces = [\"eth0\", \"eth1.7\"]\nevery = \"5s\"\n");
    ASSERT_TRUE(reading.errors.empty()) << reading.errors.front();
    EXPECT_EQ(reading.config.probes.interfaces, (std::vector<std::string>{"eth0", "eth1.7"}));
    EXPECT_EQ(reading.config.probes.every, 5s);
    EXPECT_EQ(reading.config.probes.ring, 8U << 20U);
    EXPECT_EQ(reading.config.probes.rows, 16'384U);
    EXPECT_EQ(reading.config.user, 65'534U);
    EXPECT_EQ(reading.config.hosts.channels, (std::vector<PortRange>{{32'768, 60'999}, {20'000, 20'100}}));
}

TEST(ProbesConfigTest, SaysWhatIsWrongWithTheLine) {
    const auto errorsOf = [](const std::string& lines) {
        std::string all;
        for (const std::string& error : read(kHosts + "[probes]\n" + lines).errors) {
            all += error + '\n';
        }
        return all;
    };
    EXPECT_NE(errorsOf("every = \"5s\"\n").find("agent.toml:14: "), std::string::npos);
    EXPECT_NE(errorsOf("interfaces = []\n").find("agent.toml:15: "), std::string::npos);
    EXPECT_NE(errorsOf("interfaces = [\"eth0\"]\nevery = \"5m\"\n").find("agent.toml:16: "), std::string::npos);
    EXPECT_NE(errorsOf("interfaces = [\"eth0\", \"eth0\"]\n").find("twice"), std::string::npos);
    EXPECT_NE(errorsOf("interfaces = [\"../etc\"]\n").find("no name of an interface"), std::string::npos);
    EXPECT_NE(errorsOf("interfaces = [\"eth0\"]\nring = \"1KiB\"\n").find("agent.toml:16: "), std::string::npos);
}

TEST(ProbesConfigTest, RefusesToCaptureForNobody) {
    const auto without = read("[probes]\ninterfaces = [\"eth0\"]\n");
    ASSERT_EQ(without.errors.size(), 1U);
    EXPECT_NE(without.errors[0].find("agent.toml:1: "), std::string::npos);
    ASSERT_EQ(read(kHosts).errors.size(), 1U);
    EXPECT_NE(read(kHosts).errors[0].find("there is no [probes]"), std::string::npos);
}

TEST(ProbesConfigTest, WatchesTheMachinesOwnAddressesOnWhichServicesListen) {
    const std::string services =
        "[[service]]\nname = \"ftp\"\nprotocol = \"ftp\"\nlisten = [\"0.0.0.0:21\", \"127.0.0.1:2121\"]\n";
    const std::string user = "[coverage]\nuser = \"65534\"\n";
    const std::string probes = "[probes]\ninterfaces = [\"eth0\"]\n";
    const auto reading = read(user + services + probes);
    ASSERT_TRUE(reading.errors.empty()) << reading.errors.front();
    EXPECT_EQ(reading.config.hosts.listeners, std::vector<Endpoint>{Endpoint::of({}, 21)});
    ASSERT_EQ(read(user + services + probes + "own_addresses = false\n").errors.size(), 1U);
    ASSERT_EQ(read(services + probes).errors.size(), 1U);
    EXPECT_EQ(read(services + probes).errors[0].find("agent.toml:5: "), 0U);
    EXPECT_NE(read(services + probes).errors[0].find("needs [coverage] user"), std::string::npos);
    EXPECT_TRUE(read(kHosts + probes).config.hosts.listeners.empty());
}

TEST(ProbesConfigTest, TakesTheKernelsChoiceOfPorts) {
    EXPECT_EQ(channelPortsIn("20000\t21000\n"), (PortRange{20'000, 21'000}));
    EXPECT_EQ(channelPortsIn("nonsense"), (PortRange{32'768, 60'999}));
    EXPECT_EQ(channelPortsIn("5 4"), (PortRange{32'768, 60'999}));
}

}  // namespace
}  // namespace apiary::agent::test
