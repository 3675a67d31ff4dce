#include "agent/config.hpp"

#include "common/net/address.hpp"
#include "tests/support/certificates.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;
using apiary::test::TemporaryFolder;
using apiary::test::TestAuthority;

constexpr std::string_view kHead = "[agent]\nname = 'one'\nstate = 'run'\n";  // three lines

std::string service(const std::string& name, const std::string& listen, const std::string& more = "") {
    return "[[service]]\nname = '" + name + "'\nprotocol = 'ftp'\nlisten = ['" + listen + "']\n" + more;
}

ConfigReading parse(const std::string& rest) {
    return parseConfig(std::string(kHead) + rest, "agent.toml");
}

std::string errorsOf(const std::string& rest) {
    std::string all;
    for (const std::string& error : parse(rest).errors) {
        all += error + '\n';
    }
    return all;
}

TEST(ConfigTest, ReadsAServiceWithTheDefaultsOfTheFile) {
    const auto reading = parse("[limits]\nidle = '30s'\nburst = 5\n" + service("ftp", "127.0.0.1:2021", "burst = 7\n"));
    ASSERT_EQ(reading.errors, std::vector<std::string>{});
    const ServiceConfig& ftp = reading.config.services.at(0);
    EXPECT_EQ(ftp.spec.name, "ftp");
    EXPECT_EQ(ftp.spec.module->name, "ftp");
    EXPECT_NE(ftp.spec.prepared, nullptr);
    EXPECT_TRUE(ftp.enabled);
    EXPECT_EQ(ftp.spec.limits.idle, 30s);
    EXPECT_EQ(ftp.spec.limits.total, 15min);
    EXPECT_EQ(ftp.spec.admission.burst, 7U);
    EXPECT_EQ(ftp.spec.admission.waiting, 100ms);
}

TEST(ConfigTest, WorksAloneWithoutACollector) {
    EXPECT_FALSE(parse("").config.collector);
    EXPECT_EQ(errorsOf(""), "");
}

TEST(ConfigTest, PutsRelativePathsBelowTheFilesFolder) {
    const auto reading = parseConfig(std::string(kHead) +
                                         "[collector]\naddress = 'c:7443'\nca = 'ca.crt'\n"
                                         "certificate = '/x/a.crt'\nkey = 'a.key'\n",
                                     "/etc/apiary/agent.toml");
    ASSERT_EQ(reading.errors, std::vector<std::string>{});
    EXPECT_EQ(reading.config.state, "/etc/apiary/run");
    EXPECT_EQ(reading.config.journalDirectory, "/etc/apiary/run/journal");
    EXPECT_EQ(reading.config.collector->identity.ca, "/etc/apiary/ca.crt");
    EXPECT_EQ(reading.config.collector->identity.certificate, "/x/a.crt");
}

TEST(ConfigTest, RefusesTwoServicesOnOneAddressAndPortWithBothLines) {
    EXPECT_EQ(errorsOf(service("a", "127.0.0.1:21") + service("b", "127.0.0.1:21")),
              "agent.toml:11: [[service]] listen 127.0.0.1:21 is taken: the service 'a' of line 4 listens on "
              "127.0.0.1:21; only one service can have an address and port\n");
}

TEST(ConfigTest, CountsAWildcardAsEveryAddressOfItsFamily) {
    EXPECT_NE(errorsOf(service("a", "0.0.0.0:21") + service("b", "127.0.0.1:21")).find("is taken"), std::string::npos);
    EXPECT_NE(errorsOf(service("a", "[::1]:21") + service("b", "[::]:21")).find("is taken"), std::string::npos);
    EXPECT_EQ(errorsOf(service("a", "0.0.0.0:21") + service("b", "[::1]:21")), "");
    EXPECT_EQ(errorsOf(service("a", "127.0.0.1:21") + service("b", "127.0.0.2:21")), "");
    EXPECT_EQ(errorsOf(service("a", "127.0.0.1:0") + service("b", "127.0.0.1:0")), "");
}

TEST(ConfigTest, RefusesANameThatIsTaken) {
    EXPECT_NE(errorsOf(service("a", "127.0.0.1:21") + service("a", "127.0.0.1:22"))
                  .find("agent.toml:9: [[service]] name 'a' is taken by the service of line 4"),
              std::string::npos);
}

TEST(ConfigTest, ListsTheProtocolsThatAreKnown) {
    const std::string errors = errorsOf("[[service]]\nname = 'x'\nprotocol = 'gopher'\nlisten = '127.0.0.1:70'\n");
    EXPECT_TRUE(errors.starts_with("agent.toml:6: [[service]] protocol 'gopher' is not known; known are: ")) << errors;
    EXPECT_NE(errors.find("ftp"), std::string::npos);
}

TEST(ConfigTest, SaysAtItsLineWhichSettingAModuleRefuses) {
    const std::string errors = errorsOf(service("ftp", "127.0.0.1:21", "[service.settings]\nno_such_setting = 'x'\n"));
    EXPECT_TRUE(errors.starts_with("agent.toml:9: ")) << errors;
    EXPECT_NE(errors.find("ftp has no setting 'no_such_setting'; it has "), std::string::npos) << errors;
}

TEST(ConfigTest, CollectsEveryErrorOfAFile) {
    const auto reading = parse("[journal]\nbyts = '1GiB'\n" + service("a", "127.0.0.1:21", "idle = '1y'\n") +
                               service("bad name", "nowhere"));
    ASSERT_EQ(reading.errors.size(), 4U);
    EXPECT_EQ(reading.errors[0], "agent.toml:5: unknown key 'byts' in [journal]; did you mean 'bytes'?");
    EXPECT_TRUE(reading.errors[1].starts_with("agent.toml:10: [[service]] idle must be a duration"));
    EXPECT_TRUE(reading.errors[2].starts_with("agent.toml:12: [[service]] name must be 1 to 60 letters"));
    EXPECT_TRUE(reading.errors[3].starts_with("agent.toml:14: [[service]] listen is wrong: "));
}

TEST(ConfigTest, WantsBothFilesOfACertificate) {
    EXPECT_NE(errorsOf(service("a", "127.0.0.1:21", "tls_certificate = '/nonexistent.crt'\n"))
                  .find("needs both tls_certificate and tls_key"),
              std::string::npos);
    EXPECT_NE(
        errorsOf(service("a", "127.0.0.1:21", "implicit_tls = true\n")).find("implicit_tls needs tls_certificate"),
        std::string::npos);
}

TEST(ConfigTest, WantsACertificateAndItsOwnKey) {
    const TemporaryFolder folder;
    TestAuthority authority(folder, "drill");
    const TlsIdentity first = authority.issue("first", "DNS:localhost");
    const TlsIdentity second = authority.issue("second", "DNS:localhost");
    const auto both = [&](const std::string& certificate, const std::string& key) {
        return errorsOf(
            service("a", "127.0.0.1:21", "tls_certificate = '" + certificate + "'\ntls_key = '" + key + "'\n"));
    };
    EXPECT_EQ(both(first.certificate, first.key), "");
    EXPECT_EQ(both(first.certificate, second.key), "agent.toml:9: [[service]] tls_key is of no use: the private key '" +
                                                       second.key + "' does not belong to the certificate '" +
                                                       first.certificate + "'\n");
    EXPECT_NE(both(first.key, first.key).find("agent.toml:8: [[service]] tls_certificate is of no use: "),
              std::string::npos);
    EXPECT_NE(both(first.certificate, first.certificate).find("cannot be read: it must be a PEM key"),
              std::string::npos);
}

TEST(ConfigTest, ReadsPassivePortsAndProxies) {
    const auto reading =
        parse(service("a", "127.0.0.1:21", "passive_ports = [50000, 50010]\nproxies = ['127.0.0.9', '::1']\n"));
    ASSERT_EQ(reading.errors, std::vector<std::string>{});
    EXPECT_EQ(reading.config.services[0].spec.passivePorts, (std::pair<std::uint16_t, std::uint16_t>(50000, 50010)));
    EXPECT_EQ(reading.config.services[0].spec.proxies, (std::vector{*parseAddress("127.0.0.9"), *parseAddress("::1")}));
    EXPECT_NE(errorsOf(service("a", "127.0.0.1:21", "passive_ports = [2, 1]\n")).find("first and the last"),
              std::string::npos);
}

TEST(ConfigTest, ReadsTheBudgetsOfTheAgent) {
    const auto reading = parse(
        "[journal]\nbytes = '10MiB'\nfiles = 200\ndays = 30\n[spool]\nbytes = '5MiB'\n"
        "[limits]\nconnections = 7\nmemory = '256MiB'\n");
    ASSERT_EQ(reading.errors, std::vector<std::string>{});
    EXPECT_EQ(reading.config.journalBytes, 10U << 20U);
    EXPECT_EQ(reading.config.journalFiles, 200U);
    EXPECT_EQ(reading.config.journalAge, 30 * 24h);
    EXPECT_EQ(reading.config.spoolBytes, 5U << 20U);
    EXPECT_EQ(reading.config.connections, 7U);
    EXPECT_EQ(reading.config.memory, 256U << 20U);
}

TEST(ConfigTest, BoundsMemoryByTheMachineAndTheJournalNotByAge) {
    const auto reading = parse("");
    EXPECT_EQ(reading.config.journalAge, 0h);
    EXPECT_GE(reading.config.memory, 64U << 20U);
    EXPECT_LE(reading.config.memory, 1U << 30U);
}

TEST(ConfigTest, WantsAPortInTheCollectorsAddress) {
    const std::string rest = "ca = 'a'\ncertificate = 'b'\nkey = 'c'\n";
    for (const char* bad : {"collector", "collector:", "collector:0", ":7443", "http://collector:7443", "::1:7443"}) {
        EXPECT_NE(errorsOf("[collector]\naddress = '" + std::string(bad) + "'\n" + rest).find("must be HOST:PORT"),
                  std::string::npos)
            << bad;
    }
    EXPECT_EQ(errorsOf("[collector]\naddress = '[::1]:7443'\n" + rest), "");
}

}  // namespace
}  // namespace apiary::agent::test
