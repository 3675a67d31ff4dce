#include "agent/probes/packet.hpp"

#include "common/net/address.hpp"
#include "tests/agent/probes/frames.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

const std::vector<std::uint8_t> kLinuxOptions{2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7};

Endpoint six(std::string_view text, std::uint16_t port) {
    Endpoint endpoint = *parseAddress(text);
    endpoint.port = port;
    return endpoint;
}

TEST(ParseFrameTest, ReadsASyn) {
    const auto packet = parseFrame(tcp({.source = attacker(7, 4242),
                                        .target = host(3, 4, 23),
                                        .seq = 0x01020304,
                                        .window = 29'200,
                                        .ipId = 77,
                                        .options = kLinuxOptions}));
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->source, attacker(7, 4242));
    EXPECT_EQ(packet->target, host(3, 4, 23));
    EXPECT_EQ(packet->flags, kSyn);
    EXPECT_EQ(packet->seq, 0x01020304U);
    EXPECT_EQ(packet->window, 29'200);
    EXPECT_EQ(packet->ttl, 64);
    EXPECT_EQ(packet->ipId, 77);
    EXPECT_EQ(packet->mss, 1460);
    EXPECT_EQ(packet->optionBytes, 20);
    EXPECT_EQ(packet->totalSize, 60);
    EXPECT_NE(packet->optionsHash, 0U);
}

TEST(ParseFrameTest, HashesTheKindsOfOptionsAndNotTheirValues) {
    auto other = kLinuxOptions;
    other[2] = 1;
    other[11] = 9;
    const auto hash = [](const std::vector<std::uint8_t>& options) {
        return parseFrame(tcp({.source = attacker(1, 1), .target = host(0, 0, 1), .options = options}))->optionsHash;
    };
    EXPECT_EQ(hash(kLinuxOptions), hash(other));
    EXPECT_NE(hash(kLinuxOptions), hash({2, 4, 5, 0xb4}));
    EXPECT_EQ(hash({}), 0U);
}

TEST(ParseFrameTest, ReadsUdpAndIcmpOfBothFamiliesBehindTags) {
    const Endpoint source = six("2001:db8::7", 53);
    const Endpoint target = six("fd00:9::1", 161);
    for (const Frame& frame :
         {udp(source, target), tagged(udp(source, target)), tagged(tagged(udp(source, target)), 0x88a8)}) {
        const auto packet = parseFrame(frame);
        ASSERT_TRUE(packet);
        EXPECT_EQ(packet->protocol, ProbePacket::Protocol::Udp);
        EXPECT_EQ(packet->target, target);
    }
    EXPECT_EQ(parseFrame(icmp(attacker(1, 0), host(0, 1, 0), 8))->icmpType, 8);
    EXPECT_EQ(parseFrame(icmp(source, target, 128))->icmpType, 128);
    EXPECT_EQ(parseFrame(icmp(source, target, 128))->target.port, 0);
}

TEST(ParseFrameTest, GoesBehindTheExtensionHeadersOfIpv6) {
    Frame frame = udp(six("2001:db8::7", 53), six("fd00:9::1", 161));
    const Frame extension{17, 0, 1, 4, 0, 0, 0, 0};
    frame[14 + 6] = 60;
    frame[14 + 5] = 16;
    frame.insert(frame.begin() + 54, extension.begin(), extension.end());
    ASSERT_TRUE(parseFrame(frame));
    EXPECT_EQ(parseFrame(frame)->target.port, 161);
}

TEST(ParseFrameTest, RefusesWhatIsCutAtAnyPlace) {
    const Frame whole = tcp({.source = attacker(7, 1), .target = host(3, 4, 23)});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(parseFrame(std::span(whole).first(size))) << size;
    }
    EXPECT_TRUE(parseFrame(whole));
}

TEST(ParseFrameTest, BelievesNoLength) {
    const Frame good = tcp({.source = attacker(7, 1), .target = host(3, 4, 23), .options = {2, 4, 5, 0xb4}});
    Frame frame = good;
    frame[14] = 0x44;  // a header of IPv4 that is too short
    EXPECT_FALSE(parseFrame(frame));
    frame = good;
    frame[14] = 0x4f;  // longer than the packet says it is
    EXPECT_FALSE(parseFrame(frame));
    frame = good;
    frame[14 + 3] = 21;  // a packet that ends before TCP's header does
    EXPECT_FALSE(parseFrame(frame));
    frame = good;
    frame[14 + 7] = 1;  // a later fragment
    EXPECT_FALSE(parseFrame(frame));
    frame = good;
    frame[34 + 12] = 0x40;  // a header of TCP that is too short
    EXPECT_FALSE(parseFrame(frame));
    frame = good;
    frame[34 + 21] = 200;  // an option that is longer than all
    ASSERT_TRUE(parseFrame(frame));
    EXPECT_EQ(parseFrame(frame)->mss, 0);
    frame = good;
    frame[34 + 21] = 0;  // and one that would never end
    EXPECT_TRUE(parseFrame(frame));
}

TEST(ParseFrameTest, TakesNoPaddingForOptions) {
    Frame frame = icmp(attacker(1, 0), host(0, 1, 0), 8);
    frame[14 + 3] = 22;  // two bytes of ICMP, and padding of Ethernet
    frame.resize(60);
    EXPECT_FALSE(parseFrame(frame));
}

}  // namespace
}  // namespace apiary::agent::test
