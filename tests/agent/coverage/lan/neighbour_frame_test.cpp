#include "agent/coverage/lan/neighbour_frame.hpp"

#include "common/net/address.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace apiary::agent::test {
namespace {

using Kind = NeighbourMessage::Kind;

constexpr Mac kOurs{0x02, 0, 0, 0, 0, 1};
constexpr Mac kTheirs{0x52, 0x54, 0, 0x12, 0x34, 0x56};

AddressRange::Address at(const char* text) {
    return parseAddress(text)->address;
}

Frame bytes(std::string_view hex) {
    Frame frame;
    std::string digits;
    for (const char c : hex) {
        if (c != ' ') {
            digits += c;
        }
    }
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        frame.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
    }
    return frame;
}

/// A DHCP client's broadcast: a message of that type with these options behind it.
Frame dhcp(int type, std::string_view more) {
    Frame frame = bytes(
        "ffffffffffff 525400123456 0800 45000124000000004011 0000 00000000 ffffffff 0044004301100000 01010600 12345678 "
        "00000000");
    frame.resize(frame.size() + 16);
    const Frame chaddr = bytes("525400123456");
    frame.insert(frame.end(), chaddr.begin(), chaddr.end());
    frame.resize(14 + 28 + 236);
    const Frame options =
        bytes("63825363 3501" + std::string(type < 10 ? "0" : "") + std::to_string(type) + std::string(more) + "ff");
    frame.insert(frame.end(), options.begin(), options.end());
    return frame;
}

TEST(NeighbourFrameTest, ReadsARequestAsLinuxSendsIt) {
    const auto message =
        parseNeighbour(bytes("ffffffffffff 525400123456 0806 0001080006040001 525400123456 0a0a0001 "
                             "000000000000 0a0a004d 0000000000000000000000000000000000000000"));
    ASSERT_TRUE(message) << "padded to the least of Ethernet";
    EXPECT_EQ(*message, (NeighbourMessage{Kind::Asks, kTheirs, at("10.10.0.1"), at("10.10.0.77")}));
    EXPECT_FALSE(message->unspecified());
}

TEST(NeighbourFrameTest, ReadsWhatItWritesOfARP) {
    const Frame probe = probeFrame(kTheirs, at("10.10.0.77"));
    EXPECT_EQ(probe, bytes("ffffffffffff 525400123456 0806 0001080006040001 525400123456 00000000 000000000000 "
                           "0a0a004d"));
    EXPECT_EQ(*parseNeighbour(probe), (NeighbourMessage{Kind::Asks, kTheirs, at("0.0.0.0"), at("10.10.0.77")}));
    EXPECT_TRUE(parseNeighbour(probe)->unspecified());
    EXPECT_EQ(*parseNeighbour(announcementFrame(kTheirs, at("10.10.0.77"))),
              (NeighbourMessage{Kind::Asks, kTheirs, at("10.10.0.77"), at("10.10.0.77")}));
    const NeighbourMessage asker{Kind::Asks, kTheirs, at("10.10.0.1"), at("10.10.0.77")};
    const Frame answer = answerFrame(kOurs, at("10.10.0.77"), asker);
    EXPECT_EQ(answer, bytes("525400123456 020000000001 0806 0001080006040002 020000000001 0a0a004d 525400123456 "
                            "0a0a0001"));
    EXPECT_EQ(*parseNeighbour(answer), (NeighbourMessage{Kind::Tells, kOurs, at("10.10.0.77"), {}}));
}

TEST(NeighbourFrameTest, ReadsASolicitationWithItsChecksum) {
    const std::string head =
        "3333ff000002 525400123456 86dd 6000000000203aff 20010db8000000000000000000000001 "
        "ff0200000000000000000001ff000002 8700 ";
    const std::string rest = " 00000000 20010db8000000000000000000000002 0101525400123456";
    const auto message = parseNeighbour(bytes(head + "976b" + rest));
    ASSERT_TRUE(message);
    EXPECT_EQ(*message, (NeighbourMessage{Kind::Asks, kTheirs, at("2001:db8::1"), at("2001:db8::2")}));
    EXPECT_FALSE(parseNeighbour(bytes(head + "976c" + rest)));
}

TEST(NeighbourFrameTest, ReadsWhatItWritesOfNeighbourDiscovery) {
    const auto decoy = at("fd00:10::77");
    const Frame probe = probeFrame(kTheirs, decoy);
    EXPECT_EQ(Frame(probe.begin(), probe.begin() + 14), bytes("3333ff000077 525400123456 86dd"));
    EXPECT_EQ(probe.size(), 14U + 40 + 24) << "no option may be with it";
    EXPECT_EQ(*parseNeighbour(probe), (NeighbourMessage{Kind::Asks, kTheirs, at("::"), decoy}));
    EXPECT_TRUE(parseNeighbour(probe)->unspecified());
    const Frame told = announcementFrame(kTheirs, decoy);
    EXPECT_EQ(*parseNeighbour(told), (NeighbourMessage{Kind::Tells, kTheirs, decoy, {}}));
    EXPECT_EQ(told[14 + 40 + 4], 0x20) << "it overrides, and nobody solicited it";
    const NeighbourMessage asker{Kind::Asks, kTheirs, at("fe80::1"), decoy};
    const Frame answer = answerFrame(kOurs, decoy, asker);
    EXPECT_EQ(*parseNeighbour(answer), (NeighbourMessage{Kind::Tells, kOurs, decoy, {}}));
    EXPECT_EQ(answer[14 + 40 + 4], 0x60);
    EXPECT_EQ(Frame(answer.begin(), answer.begin() + 6), bytes("525400123456"));
}

TEST(NeighbourFrameTest, TakesTheStationFromTheOptionOfASolicitation) {
    Frame frame = announcementFrame(kTheirs, at("fd00:10::77"));
    frame[6 + 5] ^= 1;  // the frame comes from a bridge
    EXPECT_EQ(parseNeighbour(frame)->from, kTheirs);
}

TEST(NeighbourFrameTest, LetsNothingPassThatRfc4861Forbids) {
    const Frame good = announcementFrame(kTheirs, at("fd00:10::77"));
    ASSERT_TRUE(parseNeighbour(good));
    for (const std::size_t byte : {14 + 7, 14 + 40 + 1, 14 + 40 + 2, 14 + 40 + 10, 14 + 5, 14 + 40 + 25}) {
        Frame bad = good;
        bad[byte] ^= 1;
        EXPECT_FALSE(parseNeighbour(bad)) << "with another byte " << byte;
    }
    for (std::size_t length = 0; length < good.size(); ++length) {
        EXPECT_FALSE(parseNeighbour(std::span(good).first(length))) << "cut after " << length;
    }
}

TEST(NeighbourFrameTest, ReadsNothingFromGroupsAndOfOtherProtocols) {
    Frame frame = probeFrame(kTheirs, at("10.10.0.77"));
    frame[14 + 8] |= 1;
    EXPECT_FALSE(parseNeighbour(frame)) << "a group is nobody's address";
    frame = probeFrame(Mac{}, at("10.10.0.77"));
    EXPECT_FALSE(parseNeighbour(frame));
    frame = probeFrame(kTheirs, at("10.10.0.77"));
    frame[14 + 7] = 3;
    EXPECT_FALSE(parseNeighbour(frame)) << "reverse ARP";
    frame = probeFrame(kTheirs, at("10.10.0.77"));
    frame[12] = 0x81;
    EXPECT_FALSE(parseNeighbour(frame)) << "of a VLAN";
}

TEST(NeighbourFrameTest, SeesWhichAddressADhcpClientWants) {
    const auto message = parseNeighbour(dhcp(3, "3204 0a0a004d"));
    ASSERT_TRUE(message);
    EXPECT_EQ(*message, (NeighbourMessage{Kind::Leases, kTheirs, at("0.0.0.0"), at("10.10.0.77")}));
    EXPECT_FALSE(parseNeighbour(dhcp(1, "3204 0a0a004d"))) << "a DHCPDISCOVER only wishes";
    EXPECT_FALSE(parseNeighbour(dhcp(3, "32ff 0a0a004d"))) << "an option that is longer than the frame";
    Frame renews = dhcp(3, "");
    const Frame has = bytes("0a0a004e");
    std::ranges::copy(has, renews.begin() + 14 + 28 + 12);
    EXPECT_EQ(parseNeighbour(renews)->target, at("10.10.0.78")) << "that of ciaddr";
}

}  // namespace
}  // namespace apiary::agent::test
