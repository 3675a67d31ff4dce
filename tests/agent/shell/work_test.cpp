/// What the applets spend is counted, so that a line that asks for too much ends. "on" is what a line says that got
/// past it.

#include "agent/shell/shell.hpp"
#include "agent/shell/shell_expander.hpp"
#include "agent/shell/shell_regex.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace apiary::agent::test {
namespace {

constexpr WallTime kNow = std::chrono::sys_days{std::chrono::year{2024} / 3 / 1};
constexpr auto kExtended = ShellRegex::Kind::Extended;

std::string times(std::size_t count, std::string_view text) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) {
        all += text;
    }
    return all;
}

class WorkTest : public testing::Test {
protected:
    std::string say(std::string_view line) { return shell_.line(line, kNow).output; }

    static std::shared_ptr<const ShellHost> host() {
        ShellHostSpec spec;
        spec.sensorSeed = 7;
        spec.machine = "mips";
        spec.users = {"root"};
        return ShellHost::make(spec);
    }

    Shell shell_{host(), "root", ""};
};

TEST(ShellRegexTest, ReadsARepeatedSetOfBytesOnce) {
    const std::string set = '[' + times(100, "\x01-\xff") + ']';
    const ShellRegex once(set, kExtended, false);
    const ShellRegex often(set + "{1900}", kExtended, false);
    ASSERT_TRUE(often.valid()) << often.error();
    EXPECT_GT(once.cost(), 100U * 255);
    EXPECT_LT(often.cost(), once.cost() + 20'000);
    EXPECT_EQ(ShellRegex('(' + set + "){300}", kExtended, false).error(), "Regular expression too big");
    EXPECT_EQ(ShellRegex('[' + times(1990, "[:"), kExtended, false).error(), "Regular expression too big");
}

TEST(ShellRegexTest, MatchesARepeatedSetOfBytes) {
    std::size_t steps = 0;
    const ShellRegex regex("x[a-c]{2,3}y?", kExtended, false);
    EXPECT_EQ(regex.search("zxabcay", steps), ShellRegex::Span(1, 5));
    EXPECT_EQ(regex.search("xab.", steps), ShellRegex::Span(0, 3));
    EXPECT_EQ(regex.search("xaby", steps), ShellRegex::Span(0, 4));
    EXPECT_EQ(regex.search("xay", steps), std::nullopt);
    EXPECT_EQ(ShellRegex("[ab]{2,}", kExtended, false).search("cababac", steps), ShellRegex::Span(1, 6));
}

TEST(ShellRegexTest, CountsTheStatesThatTakeNoByte) {
    const ShellRegex regex('(' + times(200, "()*") + "x)*", kExtended, false);
    ASSERT_TRUE(regex.valid()) << regex.error();
    std::size_t steps = 0;
    EXPECT_TRUE(regex.search(times(100, "x"), steps));
    EXPECT_GT(steps, 100U * 200);
}

TEST(ShellPatternTest, LooksForTheEndOfAClassOnce) {
    const std::string open = "*[" + times(30'000, "[:") + "x]";
    EXPECT_FALSE(matchesPattern(open, times(20, "y")));
    EXPECT_TRUE(matchesPattern(open, "y:"));
    EXPECT_TRUE(matchesPattern("[[:digit:]a]", "7"));
    EXPECT_TRUE(matchesPattern("[[:digit:]a]", "a"));
    EXPECT_FALSE(matchesPattern("[[:digit:]a]", "b"));
    EXPECT_TRUE(matchesPattern("[[:]", "["));
}

TEST_F(WorkTest, EndsAwkThatReadsAnExpressionOverAndOver) {
    const std::string pattern = R"(p="\001-\377"; for (i = 0; i < 6; i++) p = p p; p = "[" p "]{1990}"; )";
    EXPECT_EQ(say("awk 'BEGIN{" + pattern + "for (i = 0; i < 3000; i++) \"x\" ~ p}'; echo on"), "");
    EXPECT_EQ(say("yes | head -n 1000 >/tmp/y; awk 'BEGIN{" + pattern + "FS = p}{}' /tmp/y; echo on"), "");
    EXPECT_EQ(say("awk 'BEGIN{" + pattern + "RS = p}{}' /tmp/y; echo on"), "on\n");
    EXPECT_EQ(say("awk 'BEGIN{print \"xab\" ~ \"[a-c]{2}$\"}'; echo on"), "1\non\n");
}

TEST_F(WorkTest, EndsExpr) {
    say("X=x; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do X=$X$X; done");
    say("P='\\(\\)*'; for i in 1 2 3 4 5 6; do P=$P$P; done");
    EXPECT_EQ(say("while :; do expr $X : \"\\($P\"'x\\)*' >/dev/null || break; done; echo on"), "");
    EXPECT_EQ(say("for i in 1 2; do expr index $X$X $X$X$X$X >/dev/null; done; echo on"), "on\n");
    EXPECT_EQ(say("expr index $X$X$X$X$X$X$X$X $X$X$X$X$X$X$X$X; echo on"), "");
    EXPECT_EQ(say("expr abc : 'a\\(.\\)'; expr index abc xc; echo on"), "b\n3\non\n");
}

TEST_F(WorkTest, EndsMatchingOfLongPatterns) {
    say("X=x; for i in 1 2 3 4 5 6 7 8 9 10; do X=$X$X; done; P=y$X$X$X$X$X$X$X$X$X$X$X$X$X$X$X$X");
    EXPECT_EQ(say("echo ${X##$P} >/dev/null; echo on"), "");
    EXPECT_EQ(say("echo ${X//$P/z} >/dev/null; echo on"), "");
    EXPECT_EQ(say("find / -path $P$P$P; echo on"), "");
    EXPECT_EQ(say("find / -iname $P$P$P; echo on"), "");
    EXPECT_EQ(say("Y=file.tar.gz; echo ${Y%%.*} ${Y##*[.]} ${Y/[a-z]*.t/x}; echo on"), "file gz xar.gz\non\n");
    EXPECT_EQ(say("find /etc -name 'pass*'; echo on"), "/etc/passwd\non\n");
}

TEST_F(WorkTest, EndsFactor) {
    EXPECT_EQ(say("factor 18446743979220271189; echo on"), "18446743979220271189: 4294967279 4294967291\non\n");
    const std::string said = say("factor" + times(100, " 18446743979220271189") + "; echo on");
    EXPECT_LT(said.size(), 100U * 40);
    EXPECT_EQ(said.find("on"), std::string::npos);
}

TEST_F(WorkTest, EndsSortWithManyKeys) {
    say("seq 1 20000 >/tmp/f");
    EXPECT_EQ(say("sort -n /tmp/f | head -n 1; echo on"), "1\non\n");
    EXPECT_EQ(say("sort" + times(1000, " -k1,1") + " /tmp/f >/tmp/g; echo on"), "");
    EXPECT_EQ(say("sort" + times(1000, " -k1,1") + " -c /tmp/f; echo on"), "");
    EXPECT_EQ(say("printf 'a 1\\na 2\\n' >/tmp/h; sort -k1,1 -k2,2r /tmp/h"), "a 2\na 1\n");
    EXPECT_EQ(say("sort" + times(16, " -k1,1") + " -k2,2r /tmp/h"), "a 1\na 2\n");
}

TEST_F(WorkTest, WhatAliasesStandForIsPaidFor) {
    say("alias b='" + times(1000, " ") + "'");
    say("echo -e '" + times(10, times(15, "b ") + ":\\n") + "' > /tmp/g");
    say("for i in $(seq 70); do cat /tmp/g >> /tmp/f; done");
    EXPECT_EQ(say(". /tmp/g; echo on"), "on\n");
    EXPECT_EQ(say(". /tmp/f; echo on"), "");
}

}  // namespace
}  // namespace apiary::agent::test
