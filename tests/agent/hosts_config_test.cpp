#include "agent/config.hpp"
#include "common/net/address.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace apiary::agent::test {
namespace {

constexpr std::string_view kHosts =
    "[agent]\nname = 'one'\nstate = 'run'\n[coverage]\nuser = 'apiary'\nport = 50000\n"
    "[[service]]\nname = 'ftp'\nprotocol = 'ftp'\nports = [21]\n"
    "[[service]]\nname = 'mail'\nprotocol = 'smtp'\nports = [25]\n[service.settings]\nhostname = '{host}.lan'\n"
    "[[service]]\nname = 'local'\nprotocol = 'ftp'\nlisten = ['127.0.0.1:2021']\n"
    "[[persona]]\nname = 'server'\nservices = ['ftp', 'mail']\nhost_names = 'srv%%%%%%'\n"
    "[[hosts]]\npersona = 'server'\nranges = ['10.9.0.0/16']\n";

std::string errorsOf(const std::string& text) {
    std::string all;
    for (const std::string& error : parseConfig(text, "agent.toml").errors) {
        all += error + '\n';
    }
    return all;
}

/// What a service says first at an address.
std::string greeting(const ServiceSpec& spec, const Endpoint& target) {
    const HostFace face = spec.hosts->face(target);
    const auto session = spec.module->open(*face.prepared, {.peer = {}, .local = target, .recalled = {}});
    Turn turn(WallTime(), Transport::Stream);
    session->onOpen(turn);
    std::string said;
    for (const Action& action : std::move(turn).takeActions()) {
        if (const auto* send = std::get_if<Send>(&action)) {
            said += send->bytes;
        }
    }
    return said;
}

TEST(HostsConfigTest, GivesServicesTheirHosts) {
    const auto reading = parseConfig(kHosts, "agent.toml");
    ASSERT_EQ(reading.errors, std::vector<std::string>{});
    const ServiceSpec& ftp = reading.config.services.at(0).spec;
    ASSERT_NE(ftp.hosts, nullptr);
    EXPECT_TRUE(ftp.hosts->covers(Endpoint::of({10, 9, 77, 3}, 21)));
    EXPECT_EQ(ftp.steered, std::vector<Endpoint>{Endpoint::of({127, 0, 0, 1}, 50'000)});
    EXPECT_EQ(ftp.shown, std::vector<Endpoint>{Endpoint::of({10, 9, 0, 0}, 21)});
    EXPECT_TRUE(ftp.listens.empty());
    EXPECT_EQ(reading.config.services.at(2).spec.hosts, nullptr);
    EXPECT_TRUE(reading.config.services.at(2).spec.steered.empty());
}

TEST(HostsConfigTest, SteersIpv6Too) {
    const auto reading =
        parseConfig(std::string(kHosts) + "[[hosts]]\npersona = 'server'\nranges = 'fd00:9::/64'\n", "a");
    ASSERT_EQ(reading.errors, std::vector<std::string>{});
    EXPECT_EQ(reading.config.services.at(0).spec.steered,
              (std::vector<Endpoint>{*parseEndpoint("127.0.0.1:50000"), *parseEndpoint("[::1]:50000")}));
}

TEST(HostsConfigTest, LetsHostsOfOnePersonaDiffer) {
    const auto reading = parseConfig(kHosts, "agent.toml", 5);
    const auto again = parseConfig(kHosts, "agent.toml", 5);
    const ServiceSpec& mail = reading.config.services.at(1).spec;
    std::set<std::string> seen;
    for (std::uint8_t i = 0; i < 20; ++i) {
        const Endpoint host = Endpoint::of({10, 9, 0, i}, 25);
        const std::string said = greeting(mail, host);
        EXPECT_EQ(greeting(again.config.services.at(1).spec, host), said);
        seen.insert(said);
    }
    EXPECT_EQ(seen.size(), 20U) << *seen.begin();
}

std::string withUdp(const std::string& service) {
    return std::string(kHosts) + "[[service]]\nname = 'u'\n" + service + "[[persona]]\nname = 'x'\nservices = ['u']\n";
}

TEST(HostsConfigTest, PlaysDatagramServicesAtHosts) {
    const auto reading =
        parseConfig(withUdp("protocol = 'catchall-udp'\nports = ['53/udp', '123/udp']\n"), "agent.toml");
    ASSERT_TRUE(reading.errors.empty()) << reading.errors.front();
    const ServiceSpec& spec = reading.config.services.back().spec;
    EXPECT_EQ(spec.answering, (std::vector<std::uint16_t>{53, 123}));
    EXPECT_EQ(spec.limits.idle, std::chrono::seconds(10)) << "a flow has no end of its own";
    EXPECT_EQ(spec.credit.factor, 3U);
    EXPECT_EQ(spec.credit.replies, 5U);
    EXPECT_EQ(spec.credit.bytes, 4096U);
}

TEST(HostsConfigTest, LetsTheOperatorBeStricterWithReplies) {
    const std::string service = "protocol = 'catchall-udp'\nports = ['53/udp']\nidle = '30s'\n";
    const auto reading = parseConfig(withUdp(service + "reply_factor = 1\n"), "agent.toml");
    ASSERT_TRUE(reading.errors.empty()) << reading.errors.front();
    EXPECT_EQ(reading.config.services.back().spec.credit.factor, 1U);
    EXPECT_EQ(reading.config.services.back().spec.limits.idle, std::chrono::seconds(30));
    EXPECT_NE(errorsOf(withUdp(service + "reply_factor = 4\n")).find("agent.toml:33: [[service]] reply_factor"),
              std::string::npos);
}

TEST(HostsConfigTest, RefusesPortsOfTheOtherTransport) {
    EXPECT_NE(
        errorsOf(withUdp("protocol = 'catchall-udp'\nports = [53]\n"))
            .find("agent.toml:31: [[service]] ports do not fit catchall-udp, which speaks UDP; write \"161/udp\""),
        std::string::npos);
    EXPECT_NE(errorsOf(withUdp("protocol = 'ftp'\nports = ['21/udp']\n"))
                  .find("agent.toml:31: [[service]] ports do not fit ftp, which speaks TCP; leave out the /udp"),
              std::string::npos);
}

TEST(HostsConfigTest, LetsOnlyTheSilentOneHaveManyPortsOfUdp) {
    EXPECT_EQ(errorsOf(withUdp("protocol = 'catchall-udp'\nports = ['1-65535/udp']\n")), "");
    EXPECT_NE(errorsOf(withUdp("protocol = 'snmp'\nports = ['1-65535/udp']\n"))
                  .find("agent.toml:31: [[service]] ports are more than the 32 from which snmp can answer"),
              std::string::npos);
}

TEST(HostsConfigTest, StillWantsAListenWithoutPorts) {
    EXPECT_EQ(errorsOf("[agent]\nname = 'one'\nstate = 'run'\n[[service]]\nname = 'a'\nprotocol = 'ftp'\n"),
              "agent.toml:4: [[service]] listen is missing; it must be set\n");
}

}  // namespace
}  // namespace apiary::agent::test
