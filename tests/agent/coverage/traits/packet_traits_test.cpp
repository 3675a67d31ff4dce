#include "agent/coverage/traits/packet_traits.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

constexpr std::string_view kGood =
    "title = 'x'\n[ip]\nttl = 128\n[tcp]\noptions = ['mss', 'window-scale', 'sack']\nwindow_scale = 8\n";

std::string errorsOf(std::string text, const std::string& change = {}, const std::string& to = {}) {
    if (const auto at = text.find(change); !change.empty() && at != std::string::npos) {
        text.replace(at, change.size(), to);
    }
    std::string all;
    for (const std::string& error : parseTraits(text, "own.toml").errors) {
        all += error + '\n';
    }
    return all;
}

TEST(PacketTraitsTest, AreReadFromAFile) {
    const TraitsReading reading = parseTraits(std::string(kGood) +
                                                  "window = 8192\nmss = 1400\necn = false\n"
                                                  "[segments]\nnull = 'reset'\nsyn_fin = 'handshake'\nxmas = 'silent'\n"
                                                  "[reset]\nacknowledges = 'random'\nwindow = 0\n"
                                                  "[icmp]\necho_code = 'zero'\nerrors_dscp = 0\n",
                                              "own.toml");
    ASSERT_EQ(reading.errors, std::vector<std::string>{});
    const PacketTraits& traits = reading.traits;
    EXPECT_EQ(traits.ttl, 128U);
    EXPECT_EQ(traits.options, (std::vector{TcpOption::Mss, TcpOption::WindowScale, TcpOption::SackPermitted}));
    EXPECT_EQ(traits.windowScale, 8U);
    EXPECT_EQ(traits.window, 8192);
    EXPECT_EQ(traits.mss, 1400);
    EXPECT_FALSE(traits.ecn);
    EXPECT_EQ(traits.null, SegmentAnswer::Reset);
    EXPECT_EQ(traits.synFin, SegmentAnswer::Handshake);
    EXPECT_EQ(traits.xmas, SegmentAnswer::Silent);
    EXPECT_TRUE(traits.resetAckIsRandom);
    EXPECT_EQ(traits.resetWindow, 0);
    EXPECT_TRUE(traits.echoCodeIsZero);
    EXPECT_EQ(traits.errorsDscp, 0);
}

TEST(PacketTraitsTest, AreTheKernelsWhereAFileSaysNothing) {
    const TraitsReading reading = parseTraits("title = 'x'\n[ip]\nttl = 64\n[tcp]\noptions = ['mss']\n", "own.toml");
    ASSERT_EQ(reading.errors, std::vector<std::string>{});
    PacketTraits plain;
    plain.title = "x";
    EXPECT_EQ(reading.traits, plain);
}

TEST(PacketTraitsTest, ThatAreBuiltInAreGood) {
    std::string names;
    for (const BuiltInTraits& each : builtInTraits()) {
        EXPECT_EQ(errorsOf(std::string(each.text)), "") << each.name;
        names += std::string(each.name) + ' ';
    }
    EXPECT_EQ(names, "camera linux recorder windows-10 windows-server-2016 ");
}

TEST(PacketTraitsTest, SayTheLineOfWhatIsWrong) {
    const std::string good(kGood);
    ASSERT_EQ(errorsOf(good), "");
    EXPECT_EQ(errorsOf(good, "ttl = 128", "ttl = 300"), "own.toml:3: [ip] ttl must be a number from 1 to 255\n");
    EXPECT_EQ(errorsOf(good, "ttl = 128", "ttl = 128\nid = 'odd'"),
              "own.toml:4: [ip] id has 'odd'; it takes \"kernel\" or \"counter\"\n");
    EXPECT_EQ(
        errorsOf(good, "'sack'", "'sock'"),
        "own.toml:5: [tcp] options lists 'sock'; it takes \"mss\", \"window-scale\", \"sack\" or \"timestamps\"\n");
    EXPECT_EQ(errorsOf(good, "'sack'", "'mss'"), "own.toml:5: [tcp] options lists 'mss' twice; once is enough\n");
    EXPECT_EQ(errorsOf(good, "'mss', 'window-scale'", "'window-scale', 'mss'"),
              "own.toml:5: [tcp] options must begin with \"mss\", as the kernel's does\n");
    EXPECT_EQ(errorsOf(good, "window_scale = 8", "window_scale = 15"),
              "own.toml:6: [tcp] window_scale must be a number from 0 to 14\n");
    EXPECT_EQ(errorsOf(good + "wimdow = 8\n"), "own.toml:7: unknown key 'wimdow' in [tcp]; did you mean 'window'?\n");
}

TEST(PacketTraitsTest, RefuseWhatMeansNothing) {
    const std::string good(kGood);
    EXPECT_EQ(errorsOf(good, "'window-scale', ", ""),
              "own.toml:6: [tcp] window_scale is of no use: options do not list \"window-scale\"; leave it out\n");
    EXPECT_EQ(errorsOf(good + "clock = 'uptime'\n"),
              "own.toml:7: [tcp] clock is of no use: options do not list \"timestamps\"; leave it out\n");
    EXPECT_EQ(errorsOf(good, "ttl = 128", "ttl = 2\nhops = 2"),
              "own.toml:4: [ip] hops must be less than ttl: nothing would arrive\n");
    EXPECT_EQ(errorsOf(good, "ttl = 128", "ttl = 128\nfragmentable = true"),
              "own.toml:4: [ip] fragmentable needs id = \"counter\": the kernel numbers only what it sent without DF "
              "itself\n");
}

TEST(PacketTraitsTest, NeedTitleTtlAndOptions) {
    const std::string errors = errorsOf("");
    for (const char* key : {"title", "ttl", "options"}) {
        EXPECT_NE(errors.find(key), std::string::npos) << errors;
    }
    ASSERT_EQ(readTraits("/nowhere/own.toml").errors.size(), 1U) << "and nothing else of a file that is not there";
}

}  // namespace
}  // namespace apiary::agent::test
