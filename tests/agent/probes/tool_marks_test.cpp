#include "agent/probes/tool_marks.hpp"

#include "tests/agent/probes/frames.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

const std::vector<std::uint8_t> kMss{2, 4, 5, 0xb4};

std::string_view toolOf(ToolTeller& teller, const Frame& frame) {
    return ToolTeller::nameOf(teller.tell(*parseFrame(frame)));
}

std::string_view toolOf(const Frame& frame) {
    ToolTeller teller;
    return toolOf(teller, frame);
}

std::uint32_t wordOf(const Endpoint& endpoint) {
    const auto v4 = *endpoint.v4();
    return (std::uint32_t{v4[0]} << 24U) | (std::uint32_t{v4[1]} << 16U) | (std::uint32_t{v4[2]} << 8U) | v4[3];
}

/// A SYN as masscan makes it, templ-pkt.c.
TcpFrame masscan(const Endpoint& target, std::uint32_t seq) {
    return {.source = attacker(1, 61'000),
            .target = target,
            .seq = seq,
            .window = 1024,
            .ipId = static_cast<std::uint16_t>(wordOf(target) ^ target.port ^ seq)};
}

TEST(ToolMarksTest, TellsMasscanByItsFold) {
    EXPECT_EQ(toolOf(tcp(masscan(host(200, 3, 23), 0xdeadbeef))), "masscan");
    TcpFrame other = masscan(host(200, 3, 23), 0xdeadbeef);
    other.options = kMss;
    EXPECT_EQ(toolOf(tcp(other)), "masscan") << "before nmap, whose window and option it has";
    other.ipId ^= 1;
    EXPECT_EQ(toolOf(tcp(other)), "nmap");
}

TEST(ToolMarksTest, TakesNoOrdinarySynForMasscanByChance) {
    TcpFrame syn = masscan(host(200, 3, 23), 0xdeadbeef);
    syn.options = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7};
    EXPECT_EQ(toolOf(tcp(syn)), "");
}

TEST(ToolMarksTest, TellsZmap) {
    const TcpFrame zmap{
        .source = attacker(1, 1), .target = host(0, 9, 80), .window = 65'535, .ipId = 54'321, .ttl = 243};
    EXPECT_EQ(toolOf(tcp(zmap)), "zmap");
    Frame ping = icmp(attacker(1, 0), host(0, 9, 0), 8);
    ping[14 + 4] = 54'321 >> 8U;
    ping[14 + 5] = 54'321 & 0xff;
    EXPECT_EQ(toolOf(ping), "nmap") << "whose identification is any, and whose TTL is below 64";
    ping[14 + 8] = 243;
    EXPECT_EQ(toolOf(ping), "zmap");
    TcpFrame other = zmap;
    other.ttl = 61;
    EXPECT_EQ(toolOf(tcp(other)), "");
    other = zmap;
    other.window = 1000;
    EXPECT_EQ(toolOf(tcp(other)), "");
}

TEST(ToolMarksTest, TellsNmap) {
    TcpFrame syn{.source = attacker(1, 1), .target = host(0, 9, 80), .window = 3072, .ipId = 5, .options = kMss};
    EXPECT_EQ(toolOf(tcp(syn)), "nmap");
    syn.window = 3073;
    EXPECT_EQ(toolOf(tcp(syn)), "");
    syn.window = 5120;
    EXPECT_EQ(toolOf(tcp(syn)), "");
    EXPECT_EQ(toolOf(icmp(attacker(1, 0), host(0, 9, 0), 8)), "nmap");
    EXPECT_EQ(toolOf(icmp(attacker(1, 0), host(0, 9, 0), 8, 56)), "") << "as ping sends it";
}

TEST(ToolMarksTest, TellsMirai) {
    TcpFrame syn{.source = attacker(1, 1), .target = host(7, 9, 23), .seq = wordOf(host(7, 9, 23)), .window = 12'345};
    EXPECT_EQ(toolOf(tcp(syn)), "mirai");
    ++syn.seq;
    EXPECT_EQ(toolOf(tcp(syn)), "");
    syn = {.source = attacker(1, 1), .target = host(7, 9, 23), .flags = kSyn | kAck, .seq = wordOf(host(7, 9, 23))};
    EXPECT_EQ(toolOf(tcp(syn)), "") << "an answer";
}

TEST(ToolMarksTest, TellsUnicornscanByTheSecondPacketOfASource) {
    const auto syn = [](const Endpoint& target, std::uint16_t port, std::uint32_t cookie) {
        return tcp({.source = attacker(1, port),
                    .target = target,
                    .seq = cookie ^ wordOf(target) ^ ((std::uint32_t{target.port} << 16U) + port),
                    .window = 16'384,
                    .ipId = 4});
    };
    ToolTeller teller;
    EXPECT_EQ(toolOf(teller, syn(host(1, 2, 22), 4711, 0x12345678)), "");
    EXPECT_EQ(toolOf(teller, syn(host(1, 3, 80), 9000, 0x12345678)), "unicornscan");
    EXPECT_EQ(toolOf(teller, syn(host(1, 4, 80), 9000, 0x87654321)), "");
    EXPECT_EQ(toolOf(teller, syn(host(1, 4, 80), 9000, 0x87654321)), "") << "the same SYN again";
}

TEST(ToolMarksTest, SaysWhereEachRuleIsFrom) {
    for (const ToolMark& mark : toolMarks()) {
        EXPECT_FALSE(mark.tool.empty() || mark.rule.empty() || mark.publishedIn.empty());
    }
    EXPECT_EQ(ToolTeller::nameOf(0), "");
    EXPECT_EQ(ToolTeller::nameOf(255), "");
}

}  // namespace
}  // namespace apiary::agent::test
