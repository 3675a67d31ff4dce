#include "agent/protocols/ftp_listing.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace apiary::agent::test {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kNow = 20000 * kDay;  // 2024-10-04

class FtpListingTest : public testing::Test {
protected:
    std::string list(const std::string& options, const std::string& filter = {}, bool full = false) const {
        return ftpList(files_, {options, filter, "", "/", full}, kNow);
    }

    const FtpFiles files_{{{"/", {true, FtpUser::Local, 0755, 4096, kNow, nullptr}},
                           {"/.hidden", {false, FtpUser::Local, 0600, 3, kNow - 3 * kDay, nullptr}},
                           {"/b", {true, FtpUser::Anonymous, 0700, 4096, kNow - 2 * kDay, nullptr}},
                           {"/b/in", {true, FtpUser::Local, 0755, 4096, kNow, nullptr}},
                           {"/a.txt", {false, FtpUser::Local, 0644, 123456789, kNow - 182 * kDay, nullptr}},
                           {"/z.txt", {false, FtpUser::Local, 0644, 1, kNow - 182 * kDay - 1, nullptr}},
                           {"/y", {false, FtpUser::Local, 0, 1, kNow + 1, nullptr}}}};
};

// Columns and the turn from clock to year are vsftpd's; compared with the real one by tests/fidelity/ftp.py.
TEST_F(FtpListingTest, WritesFullLines) {
    EXPECT_EQ(list("", "", true),
              "-rw-r--r--    1 1000     1000     123456789 Apr 05 00:00 a.txt\r\n"
              "drwx------    3 102      105          4096 Oct 02 00:00 b\r\n"
              "----------    1 1000     1000            1 Oct 04  2024 y\r\n"
              "-rw-r--r--    1 1000     1000            1 Apr 04  2024 z.txt\r\n");
}

TEST_F(FtpListingTest, KnowsTheOptionsThatVsftpdKnows) {
    EXPECT_EQ(list(""), "a.txt\r\nb\r\ny\r\nz.txt\r\n");
    EXPECT_EQ(list("r"), "z.txt\r\ny\r\nb\r\na.txt\r\n");
    EXPECT_EQ(list("aF"), "./\r\n../\r\n.hidden\r\na.txt\r\nb/\r\ny\r\nz.txt\r\n");
    EXPECT_EQ(list("t"), "y\r\nb\r\na.txt\r\nz.txt\r\n");
    EXPECT_EQ(list("tr"), "z.txt\r\na.txt\r\nb\r\ny\r\n");
    EXPECT_EQ(list("zQ"), list(""));
}

TEST_F(FtpListingTest, ShowsAHiddenFileToAPatternThatBeginsWithADot) {
    EXPECT_EQ(list("", ".h*"), ".hidden\r\n");
    EXPECT_EQ(list("", "*"), list(""));
}

TEST_F(FtpListingTest, ShowsTheTwoDotsToWildcardsAlone) {
    EXPECT_EQ(list("a", "*"), list("a"));
    EXPECT_EQ(list("a", "?"), ".\r\n..\r\nb\r\ny\r\n");
    EXPECT_EQ(list("a", ".*"), ".hidden\r\n");
    EXPECT_EQ(list("", "..*"), "");
}

TEST_F(FtpListingTest, KeepsTheOrderOfNamesWhereTimesAreEqual) {
    EXPECT_NE(list("at").find(".\r\n..\r\n"), std::string::npos);
}

TEST(FtpMatchesTest, UnderstandsThePatternsOfVsftpd) {
    EXPECT_TRUE(ftpMatches("a.txt", "*.txt"));
    EXPECT_TRUE(ftpMatches("a.txt", "?.t?t"));
    EXPECT_TRUE(ftpMatches("a.txt", "{b,a}.{sh,txt}"));
    EXPECT_TRUE(ftpMatches("a{", "a{"));
    EXPECT_FALSE(ftpMatches("a.txt", "a"));
    EXPECT_FALSE(ftpMatches("a.txt", "*.sh"));
    EXPECT_FALSE(ftpMatches("a.txt", "?"));
}

TEST(FtpMatchesTest, LooksBehindAStarForTheLastPlaceAlone) {
    EXPECT_TRUE(ftpMatches("readme.txt", "r*t"));
    EXPECT_TRUE(ftpMatches("abab", "*ab"));
    EXPECT_TRUE(ftpMatches("abcabc", "*b?"));
    EXPECT_TRUE(ftpMatches("abcabc", "*b{c,x}"));
    EXPECT_TRUE(ftpMatches("abcabc", "ab*"));
    EXPECT_FALSE(ftpMatches("abab", "*b?b"));
    EXPECT_FALSE(ftpMatches("abcabc", "*bc*a*"));
    EXPECT_FALSE(ftpMatches("abab", "*ab*b"));
}

TEST(FtpMatchesTest, GivesUpOnAPatternMadeToBeSlow) {
    std::string pattern;
    for (int i = 0; i < 500; ++i) {
        pattern += "*{a,b}";
    }
    EXPECT_FALSE(ftpMatches(std::string(255, 'a'), pattern));
}

TEST(FtpTimeTest, CountsDays) {
    EXPECT_EQ(ftpTime(951782399), "20000228235959");
    EXPECT_EQ(ftpTime(951782400), "20000229000000");
}

}  // namespace
}  // namespace apiary::agent::test
