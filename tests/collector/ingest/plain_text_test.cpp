#include "collector/ingest/text_values.hpp"
#include "common/net/address.hpp"

#include <gtest/gtest.h>

#include <string>

namespace apiary::collector {
namespace {

std::string scope(const char* address) {
    return scopeOf(*parseAddress(address));
}

TEST(PlainTextTest, KeepsPrintableTextAndEscapesTheRest) {
    EXPECT_EQ(plainText("ftp \\ 21", 64), "ftp \\ 21");
    EXPECT_EQ(plainText(std::string_view("a\0b", 3), 64), "a\\x00b");
    EXPECT_EQ(plainText("abcdef", 3), "abc");
}

TEST(PlainTextTest, KnowsTheNamesOfProtocols) {
    EXPECT_TRUE(isProtocolName("catchall-udp"));
    for (const std::string name : {"", "FTP", "a b", "ftp\n", "\xc3\xa4"}) {
        EXPECT_FALSE(isProtocolName(name)) << name;
    }
    EXPECT_FALSE(isProtocolName(std::string(33, 'a')));
}

TEST(NormalizeCommandTest, CountsCommandsThatDifferOnlyInAddressesAsOne) {
    EXPECT_EQ(normalizeCommand("PORT", "10,0,0,1,4,5"), "PORT <n>,<n>,<n>,<n>,<n>,<n>");
    EXPECT_EQ(normalizeCommand("nc", "192.0.2.77 4444"), "nc <ip> <n>");
    EXPECT_EQ(normalizeCommand("ping", "2001:db8::1"), "ping <ip>");
    EXPECT_EQ(normalizeCommand("GET", "/deadbeef01234567/x"), "GET /<hex>/x");
}

TEST(NormalizeCommandTest, MakesShortPrintableTextOfAnyBytes) {
    EXPECT_EQ(normalizeCommand("SITE", std::string_view("\0\xff\x90go", 5)), "SITE <bin>go");
    EXPECT_LE(normalizeCommand("X", std::string(1U << 20U, '\xff')).size(), 256U);
    EXPECT_LE(normalizeCommand(std::string(5000, 'v'), std::string(5000, '.')).size(), 256U);
    EXPECT_EQ(normalizeCommand("", ""), "");
}

TEST(ScopeOfTest, SaysWhereAnAddressLies) {
    for (const char* address : {"10.1.2.3", "172.31.255.255", "192.168.0.1", "fd00::1"}) {
        EXPECT_EQ(scope(address), "private") << address;
    }
    for (const char* address : {"127.0.0.1", "::1", "169.254.1.1", "192.0.2.1", "255.255.255.255", "fe80::1",
                                "2001:db8::1", "100.64.0.1", "ff02::1", "::"}) {
        EXPECT_EQ(scope(address), "special") << address;
    }
    for (const char* address : {"8.8.8.8", "172.32.0.1", "192.0.3.1", "2a00::1", "100.128.0.1"}) {
        EXPECT_EQ(scope(address), "internet") << address;
    }
}

}  // namespace
}  // namespace apiary::collector
