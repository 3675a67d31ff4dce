#include "agent/probes/probe_message.hpp"

#include "tests/agent/probes/frames.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

ProbeRow row(std::uint16_t port) {
    return {.kind = ProbeKind::Closed,
            .anyBlock = true,
            .tool = "masscan",
            .source = attacker(1, 4000),
            .target = host(3, 4, port),
            .packets = 12'345'678'901,
            .addresses = 256,
            .merged = 3,
            .firstUs = 1'492'510'799'000'001,
            .lastUs = 1'492'510'799'000'002,
            .ttl = 243,
            .flags = kSyn,
            .icmpType = 0,
            .window = 1024,
            .mss = 1460,
            .optionsHash = 0xdeadbeef};
}

TEST(ProbeMessageTest, ComesBackAsItWas) {
    std::vector<ProbeRow> rows;
    for (std::uint16_t port = 0; port < 1000; ++port) {
        rows.push_back(row(port));
    }
    std::vector<ProbeRow> back;
    const auto messages = rowMessages(rows);
    EXPECT_GT(messages.size(), 1U);
    for (const std::string& message : messages) {
        EXPECT_LE(message.size(), kLongestProbeMessage);
        const auto read = readProbeMessage(message);
        ASSERT_TRUE(read);
        const auto& some = std::get<std::vector<ProbeRow>>(*read);
        back.insert(back.end(), some.begin(), some.end());
    }
    EXPECT_EQ(back, rows);
    const CaptureFigures figures{.seen = 1, .beyond = 7, .interfaces = 2, .configured = 3};
    EXPECT_EQ(std::get<CaptureFigures>(*readProbeMessage(figuresMessage(figures))), figures);
}

TEST(ProbeMessageTest, RefusesWhatIsCutOrLonger) {
    for (const std::string& message : {rowMessages(std::vector{row(1)}).front(), figuresMessage({})}) {
        for (std::size_t size = 0; size < message.size(); ++size) {
            const auto read = readProbeMessage(std::string_view(message).substr(0, size));
            EXPECT_TRUE(!read || std::get<std::vector<ProbeRow>>(*read).empty()) << size;
        }
        EXPECT_FALSE(readProbeMessage(message + "x"));
    }
}

TEST(ProbeMessageTest, RefusesWhatNoRowCanBe) {
    const auto read = [](ProbeRow bad) { return readProbeMessage(rowMessages(std::vector{std::move(bad)}).front()); };
    EXPECT_TRUE(read(row(1)));
    ProbeRow bad = row(1);
    bad.kind = static_cast<ProbeKind>(4);
    EXPECT_FALSE(read(bad));
    bad = row(1);
    bad.tool = "a b";
    EXPECT_FALSE(read(bad));
    bad = row(1);
    bad.packets = 0;
    EXPECT_FALSE(read(bad));
    bad = row(1);
    bad.lastUs = bad.firstUs - 1;
    EXPECT_FALSE(read(bad));
}

TEST(ProbeRowTest, SaysItsParticulars) {
    EXPECT_EQ(reasonOf(row(23)),
              "tool=masscan addresses=256 merged=3 ttl=243 flags=S window=1024 mss=1460 options=deadbeef");
    ProbeRow plain{.kind = ProbeKind::Icmp, .tool = {}, .source = {}, .target = {}, .ttl = 64, .icmpType = 8};
    EXPECT_EQ(reasonOf(plain), "ttl=64 type=8");
    plain.kind = ProbeKind::Udp;
    EXPECT_EQ(reasonOf(plain), "ttl=64");
    plain.kind = ProbeKind::Closed;
    plain.flags = 0;
    plain.anyPort = true;
    EXPECT_EQ(reasonOf(plain), "ports=many ttl=64 flags=- window=0");
}

}  // namespace
}  // namespace apiary::agent::test
