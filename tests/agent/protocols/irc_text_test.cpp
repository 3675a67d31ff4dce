#include "agent/protocols/irc_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace apiary::agent {
namespace {

TEST(IrcTextTest, TakesBracketsForCapitalBraces) {
    EXPECT_EQ(ircFold("A[B]\\^"), "a{b}|^");
    EXPECT_TRUE(ircEqual("x[y]", "X{Y}"));
    EXPECT_FALSE(ircEqual("x", "xy"));
}

TEST(IrcTextTest, MatchesMasks) {
    EXPECT_TRUE(ircMatches("irc.example.org", "*.example.*"));
    EXPECT_TRUE(ircMatches("abcabd", "*ab?"));
    EXPECT_TRUE(ircMatches("", "**"));
    EXPECT_FALSE(ircMatches("", "?"));
    EXPECT_FALSE(ircMatches("abc", "ab"));
    EXPECT_TRUE(ircMatches("a[", "A{"));
    EXPECT_FALSE(ircMatches("a[", "A{", false));
}

TEST(IrcTextTest, MatchesManyStarsInReasonableTime) {
    EXPECT_FALSE(ircMatches(std::string(500, 'a'), std::string(200, '*') + "a*a*a*a*a*b"));
}

TEST(IrcTextTest, KnowsNicksIdentsAndChannels) {
    EXPECT_TRUE(ircIsNick("[x]^-9"));
    EXPECT_FALSE(ircIsNick("9x"));
    EXPECT_FALSE(ircIsNick(std::string(31, 'x')));
    EXPECT_TRUE(ircIsIdent("9.x-"));
    EXPECT_FALSE(ircIsIdent("a@b"));
    EXPECT_TRUE(ircIsChannel("#"));
    EXPECT_FALSE(ircIsChannel("#a\x07"));
    EXPECT_FALSE(ircIsChannel("#" + std::string(64, 'x')));
}

TEST(IrcTextTest, ReadsNumbersAsStreamsDo) {
    EXPECT_EQ(ircNumber(" 12x"), 12U);
    EXPECT_EQ(ircNumber("x"), 0U);
    EXPECT_EQ(ircNumber("99999999999999999999"), 0U);
    EXPECT_EQ(ircNumber("-1"), ~std::uint64_t{0});
}

TEST(IrcTextTest, ReadsAndWritesDurations) {
    EXPECT_EQ(ircDuration("1h5"), 3605U);
    EXPECT_EQ(ircDuration("5x"), std::nullopt);
    EXPECT_EQ(ircDurationText(0), "0s");
    EXPECT_EQ(ircDurationText(90061), "1d1h1m1s");
}

TEST(IrcTextTest, WritesDates) {
    EXPECT_EQ(ircDate(1795658401), "Thu Nov 26 2026 02:00:01");
    EXPECT_EQ(ircCreated(1795658401), "02:00:01 Nov 26 2026");
}

TEST(IrcTextTest, ReadsALineBehindTagsAndSource) {
    bool tooLong = false;
    const auto line = ircRead("  @a=b :who privmsg  #x  :two words", tooLong);
    ASSERT_TRUE(line);
    EXPECT_EQ(line->command, "PRIVMSG");
    EXPECT_EQ(line->parameters, (std::vector<std::string>{"#x", "two words"}));
}

TEST(IrcTextTest, FindsNoCommandInBlanksAndTagsAlone) {
    bool tooLong = false;
    EXPECT_FALSE(ircRead("   ", tooLong));
    EXPECT_FALSE(ircRead("@a", tooLong));
    EXPECT_FALSE(ircRead(":me", tooLong));
    EXPECT_FALSE(tooLong);
    EXPECT_FALSE(ircRead('@' + std::string(4095, 'a') + " PING x", tooLong));
    EXPECT_TRUE(tooLong);
}

TEST(IrcTextTest, CutsALongLine) {
    bool tooLong = false;
    const auto line = ircRead("PING :" + std::string(600, 'x'), tooLong);
    ASSERT_TRUE(line);
    EXPECT_EQ(line->parameters[0].size(), 504U);
}

}  // namespace
}  // namespace apiary::agent
