#include "agent/coverage/coverage_config.hpp"

#include "common/net/address.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace apiary::agent::test {
namespace {

/// Reads a file of this text, which has five services' worth of keys that are not for apiary-coverage.
CoverageReading read(const std::string& text) {
    const auto path =
        std::filesystem::temp_directory_path() / ("apiary-coverage-" + std::to_string(::getpid()) + ".toml");
    std::ofstream(path) << text;
    CoverageReading reading = readCoverage(path.string());
    std::filesystem::remove(path);
    for (std::string& error : reading.errors) {
        error.erase(0, error.find(".toml"));
    }
    return reading;
}

const std::string kHosts =
    "[agent]\nname = 'x'\n[coverage]\nuser = 'nobody'\n[[service]]\nname = 'ftp'\nprotocol = 'ftp'\nports = [21]\n"
    "[[persona]]\nname = 'server'\nservices = ['ftp']\n[[hosts]]\npersona = 'server'\nranges = ['198.18.0.0/16']\n";

std::string withTraits(const std::string& line) {
    std::string text = kHosts;
    return text.replace(text.find("[[hosts]]"), 0, line + "\n");
}

TEST(CoverageConfigTest, ReadsItsPartOfTheAgentsFile) {
    const auto reading = read(kHosts + "[collector]\naddress = '192.0.2.9:7443'\nca = 'x'\n");
    ASSERT_EQ(reading.errors, std::vector<std::string>{});
    EXPECT_EQ(reading.config.egress.user, 65'534U);
    EXPECT_EQ(reading.config.egress.collector, std::vector<Endpoint>{*parseEndpoint("192.0.2.9:7443")});
    EXPECT_TRUE(reading.config.egress.resolvers.empty());
    EXPECT_EQ(reading.config.plan.addresses(), 65'536U);
}

TEST(CoverageConfigTest, RefusesTheLoopbacksOwnAddress) {
    const auto reading = read(kHosts + "[[hosts]]\npersona = 'server'\nranges = ['127.0.0.0/16']\n");
    ASSERT_EQ(reading.errors.size(), 1U);
    EXPECT_EQ(
        reading.errors[0].find(".toml:17: [[hosts]] ranges 127.0.0.0/16 holds 127.0.0.1, this machine's own address"),
        0U)
        << reading.errors[0];
}

TEST(CoverageConfigTest, RefusesToClaimOnWhatIsNotThere) {
    const auto reading =
        read(kHosts + "[[hosts]]\npersona = 'server'\nlan = 'no-such'\nranges = ['198.51.100.0/24']\n");
    ASSERT_EQ(reading.errors.size(), 1U);
    EXPECT_EQ(reading.errors[0], ".toml:17: [[hosts]] lan 'no-such' is no interface of this machine; see ip link");
}

TEST(CoverageConfigTest, SaysOfEachOfTheHostsOfOneLineWhyItCannotBeClaimed) {
    const std::string text =
        "coverage = { user = 'nobody' }\nservice = [{ name = 'ftp', protocol = 'ftp', ports = [21] }]\n"
        "persona = [{ name = 'server', services = ['ftp'] }]\n"
        "hosts = [{ persona = 'server', lan = 'no-such', ranges = ['198.51.100.0/24'] }, "
        "{ persona = 'server', lan = 'lo', ranges = ['198.51.101.0/24'] }, "
        "{ persona = 'server', ranges = ['198.18.0.0/16'] }]\n";
    const auto reading = read(text);
    ASSERT_EQ(reading.errors.size(), 2U);
    EXPECT_EQ(reading.errors[0], ".toml:4: [[hosts]] lan 'no-such' is no interface of this machine; see ip link");
    EXPECT_EQ(reading.errors[1].find(".toml:4: [[hosts]] lan 'lo' is no Ethernet"), 0U) << reading.errors[1];
}

TEST(CoverageConfigTest, SaysWhichPersonaIsNotKnown) {
    EXPECT_EQ(read(withTraits("traits = 'camera'\n[[hosts]]\npersona = 'servre'\nranges = ['198.19.0.0/24']")).errors,
              std::vector<std::string>{
                  ".toml:14: [[hosts]] persona 'servre' is not known; write a [[persona]] of that name"});
}

TEST(CoverageConfigTest, RefusesRootAndUnknownUsers) {
    std::string text = kHosts;
    text.replace(text.find("nobody"), 6, "root");
    EXPECT_EQ(read(text).errors.at(0).find(".toml:4: [coverage] user must not be root"), 0U);
    text.replace(text.find("'root'"), 6, "'no such user'");
    EXPECT_EQ(read(text).errors.at(0).find(".toml:4: [coverage] user 'no such user' is not a user"), 0U);
}

TEST(CoverageConfigTest, HasNothingToDoWithoutHosts) {
    EXPECT_EQ(read("[agent]\nname = 'x'\n").errors.at(0),
              ".toml: there are no [[hosts]] to steer, and no [coverage] user to guard; add one");
}

TEST(CoverageConfigTest, GuardsAnAgentWithoutHosts) {
    const CoverageReading reading = read("[agent]\nname = 'x'\n[coverage]\nuser = 'nobody'\n");
    EXPECT_TRUE(reading.errors.empty()) << reading.errors[0];
    EXPECT_TRUE(reading.config.plan.empty());
    EXPECT_NE(reading.config.egress.user, 0U);
}

TEST(CoverageConfigTest, ReadsTraitsByName) {
    const auto reading =
        read(withTraits("traits = 'camera'\n[[persona]]\nname = 'other'\nservices = []\n"
                        "[[hosts]]\npersona = 'other'\nranges = ['198.19.0.0/24']"));
    ASSERT_EQ(reading.errors, std::vector<std::string>{});
    ASSERT_EQ(reading.config.traits.size(), 2U);
    ASSERT_TRUE(reading.config.traits[0]);
    EXPECT_EQ(reading.config.traits[0]->title, "Network camera");
    EXPECT_FALSE(reading.config.traits[1]);
}

TEST(CoverageConfigTest, SaysWhichTraitsThereAre) {
    EXPECT_EQ(read(withTraits("traits = 'camra'")).errors,
              std::vector<std::string>{
                  ".toml:12: [[persona]] traits 'camra' is not known; there are camera, linux, recorder, "
                  "windows-10, windows-server-2016, or name a file of your own: \"./camra.toml\""});
}

TEST(CoverageConfigTest, SaysWhatIsWrongWithAFileOfTraits) {
    const auto path = std::filesystem::temp_directory_path() / ("traits-" + std::to_string(::getpid()) + ".toml");
    std::ofstream(path) << "title = 'x'\n[ip]\nttl = 0\n[tcp]\noptions = ['mss']\n";
    const auto reading = read(withTraits("traits = '" + path.string() + "'"));
    std::filesystem::remove(path);
    ASSERT_EQ(reading.errors.size(), 1U);
    EXPECT_EQ(reading.errors[0].find(".toml:3: [ip] ttl must be"), 0U) << reading.errors[0];
}

TEST(CoverageConfigTest, RefusesMoreNetworksThanTheKernelShouldTry) {
    std::string ranges;
    for (int i = 0; i < 520; ++i) {  // every other address, so that none has a neighbour
        ranges += (i == 0 ? "'" : ",\n'") + std::string("198.18.") + std::to_string(i / 128) + '.' +
                  std::to_string(i % 128 * 2) + '\'';
    }
    std::string text = withTraits("traits = 'linux'");
    text.replace(text.find("'198.18.0.0/16'"), 15, ranges);
    const auto reading = read(text);
    ASSERT_EQ(reading.errors.size(), 1U);
    EXPECT_EQ(reading.errors[0].find(".toml:12: [[persona]] traits make 520 networks"), 0U) << reading.errors[0];
}

TEST(CoverageConfigTest, FindsResolvers) {
    EXPECT_EQ(resolversIn("# nameserver 1.1.1.1\nsearch lan\nnameserver 192.0.2.53\nnameserver fd00::53\n"),
              (std::vector<Endpoint>{*parseEndpoint("192.0.2.53:53"), *parseEndpoint("[fd00::53]:53")}));
}

}  // namespace
}  // namespace apiary::agent::test
