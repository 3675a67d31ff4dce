#include "agent/hosts/address_range.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

AddressRange range(std::string_view text) {
    return *parseRange(text);
}

std::string texts(const std::vector<AddressRange>& ranges) {
    std::string all;
    for (const AddressRange& one : ranges) {
        all += (all.empty() ? "" : " ") + rangeText(one);
    }
    return all;
}

TEST(AddressRangeTest, ReadsOneAddressANetworkAndFromTo) {
    EXPECT_EQ(range("10.9.0.7").count(), 1U);
    EXPECT_EQ(range("10.9.0.0/16").count(), 65'536U);
    EXPECT_EQ(range("10.9.0.250-10.9.1.5").count(), 12U);
    EXPECT_EQ(range("fd00:9::/112").count(), 65'536U);
    EXPECT_EQ(range("0.0.0.0/0").count(), std::uint64_t{1} << 32U);
    EXPECT_EQ(range("fd00::/16").count(), UINT64_MAX);
}

TEST(AddressRangeTest, SaysWhatItReadInTheShortestForm) {
    for (const char* text : {"10.9.0.7", "10.9.0.0/16", "10.9.0.250-10.9.1.5", "fd00:9::/64", "fd00:9::1-fd00:9::9"}) {
        EXPECT_EQ(rangeText(range(text)), text);
    }
    EXPECT_EQ(rangeText(range("10.9.0.0-10.9.0.255")), "10.9.0.0/24");
    EXPECT_EQ(rangeText(range("10.9.0.0/32")), "10.9.0.0");
}

TEST(AddressRangeTest, RefusesWhatIsNoRangeAndSaysWhatWouldBe) {
    EXPECT_EQ(parseRange("10.9.0.1/16").error(),
              "'10.9.0.1/16' has bits behind its length; write 10.9.0.0/16, or 10.9.0.1 for the one address");
    EXPECT_EQ(parseRange("10.9.0.9-10.9.0.3").error(),
              "'10.9.0.9-10.9.0.3' ends before it begins; write 10.9.0.3-10.9.0.9");
    EXPECT_EQ(parseRange("10.0.0.0/33").error(), "'10.0.0.0/33' has no length from 0 to 32 behind its '/'");
    for (const char* text : {"", "/", "-", "10.9.0.0/", "10.9.0.0/x", "10.9.0.0/-1", "10.9.0/24", "10.9.0.1-", "a-b",
                             "10.9.0.1-fd00::1", "10.9.0.0/16-10.9.0.3"}) {
        EXPECT_FALSE(parseRange(text)) << text;
    }
}

TEST(AddressRangeTest, LeavesOutHoles) {
    EXPECT_EQ(texts(without(range("10.9.0.0/24"), {})), "10.9.0.0/24");
    EXPECT_EQ(texts(without(range("10.9.0.0/29"), {range("10.9.0.3"), range("10.9.0.0")})),
              "10.9.0.1-10.9.0.2 10.9.0.4/30");
    EXPECT_EQ(texts(without(range("10.9.0.0/29"), {range("10.9.0.4-10.9.0.200"), range("10.9.0.5")})), "10.9.0.0/30");
    EXPECT_EQ(texts(without(range("10.9.0.0/29"), {range("10.0.0.0/8")})), "");
    EXPECT_EQ(texts(without(range("10.9.0.0/29"), {range("10.8.0.0/16"), range("10.10.0.0/16")})), "10.9.0.0/29");
    EXPECT_EQ(texts(without(range("255.255.255.254/31"), {range("255.255.255.254")})), "255.255.255.255");
}

TEST(AddressRangeTest, IsMadeOfTheFewestNetworks) {
    EXPECT_EQ(networksOf(range("10.9.0.0/16")), std::vector<std::string>{"10.9.0.0/16"});
    EXPECT_EQ(networksOf(range("10.9.0.1-10.9.0.6")),
              (std::vector<std::string>{"10.9.0.1/32", "10.9.0.2/31", "10.9.0.4/31", "10.9.0.6/32"}));
    EXPECT_EQ(networksOf(range("0.0.0.0-255.255.255.255")), std::vector<std::string>{"0.0.0.0/0"});
    EXPECT_EQ(networksOf(range("fd00::ffff-fd00::1:0")), (std::vector<std::string>{"fd00::ffff/128", "fd00::1:0/128"}));
}

}  // namespace
}  // namespace apiary::agent::test
