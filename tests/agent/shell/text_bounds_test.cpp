#include "agent/shell/shell.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <sys/resource.h>
#include <utility>

namespace apiary::agent::test {
namespace {

constexpr WallTime kNow = std::chrono::sys_days{std::chrono::year{2024} / 3 / 1};

std::string repeated(std::string_view text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

/// What awk, sed and hexdump would take of the machine for one hostile line.
class TextBoundsTest : public testing::Test {
protected:
    std::string say(std::string_view line) { return shell_.line(line, kNow).output; }

    /// The most memory that the process ever had, in KiB, against what it had at the last call.
    static long grown() {
        static long before = 0;
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        return usage.ru_maxrss - std::exchange(before, usage.ru_maxrss);
    }

    static std::shared_ptr<const ShellHost> host() {
        ShellHostSpec spec;
        spec.sensorSeed = 7;
        spec.machine = "mips";
        spec.users = {"root"};
        return ShellHost::make(spec);
    }

    std::shared_ptr<const ShellHost> host_ = host();
    Shell shell_{host_, "root", ""};
};

constexpr long kMuch = 200 << 10U;  // KiB

TEST_F(TextBoundsTest, RefusesAProgramOfAwkWhoseTreeIsTooHigh) {
    for (const std::string_view more : {"+1", "*1", " 1", "&&1", "||1", "~1", " in a", "|getline"}) {
        EXPECT_NE(say("awk 'BEGIN{x=1" + repeated(more, 8000) + "}'").find("Too deep recursion"), std::string::npos)
            << more;
    }
    EXPECT_EQ(say("awk 'BEGIN{print 1" + repeated("+1", 199) + "}'"), "200\n");
    EXPECT_NE(say("awk 'BEGIN{f(f(1" + repeated("+1", 130) + ")" + repeated("+1", 130) + ")}'").find("Too deep"),
              std::string::npos);
}

TEST_F(TextBoundsTest, EndsCallsOfAwkThatGoDeepThroughHighTrees) {
    say("awk 'function f(n) { return f(n)" + repeated("+1", 240) + " } BEGIN { print f(1) }'");
    EXPECT_EQ(say("awk 'function f(n) { return n < 2 ? 1 : n * f(n - 1) } BEGIN { print f(15) }'"), "1307674368000\n");
}

TEST_F(TextBoundsTest, RefusesAProgramOfAwkOfTooManyParts) {
    EXPECT_EQ(say("awk 'BEGIN{" + repeated("x;", 20'000) + "}'"), "awk: out of memory\n");
    EXPECT_EQ(say("awk '" + repeated("/a/;", 301) + "'"), "awk: out of memory\n");
}

TEST_F(TextBoundsTest, TellsTheLineOfAnErrorOfAwk) {
    EXPECT_EQ(say("awk 'BEGIN {\nif (1) x = 1\n\n\ny = 2\nz = 1 / 0 }'"), "awk: cmd. line:6: Division by zero\n");
}

TEST_F(TextBoundsTest, BoundsWidthAndPrecision) {
    EXPECT_EQ(boundedConversion("%.999999"), "%.1000");
    EXPECT_EQ(boundedConversion("%-99999999999999999999.7"), "%-1000.7");
    EXPECT_EQ(boundedConversion("%08.3"), "%08.3");
    EXPECT_EQ(boundedConversion("% +#-"), "% +#-");
    say("awk 'BEGIN{f=\"%.999999f\";f=f f f f f f f f;f=f f f f f f f f;for(;;)x=sprintf(f)}'");
    EXPECT_EQ(say("awk 'BEGIN{printf \"%5.2f|%-6s|%03d\\n\", 3.14159, \"ab\", 7}'"), " 3.14|ab    |007\n");
    EXPECT_LE(say("head -c 1024 /dev/zero | hexdump -v" + repeated(" -e '1024/1 \"%9999999x\"'", 20)).size(),
              Shell::kMostOutput);
    EXPECT_EQ(say("echo ab | hexdump -e '2/1 \"%3x\" \"\\n\"'").substr(0, 6), " 61 62");
}

TEST_F(TextBoundsTest, EndsADumpOfManyFormatsThatShowNothing) {
    say("head -c 200000 /dev/urandom >/tmp/r");
    EXPECT_EQ(say("hexdump -v" + repeated(" -e '/1 \"%.0s\"'", 200) + " /tmp/r; echo behind"), "");
    EXPECT_EQ(say("echo alive"), "alive\n");
}

TEST_F(TextBoundsTest, BoundsWhatAwkPutsInPlaceOfAMatch) {
    grown();
    EXPECT_EQ(say("awk 'BEGIN{s=\"&\";for(i=0;i<14;i++)s=s s;x=s;sub(/.*/,s,x);print length(x)}'"), "65536\n");
    EXPECT_EQ(say("awk 'BEGIN{s=\"&\";for(i=0;i<14;i++)s=s s;x=s;x=gensub(/.*/,s,1,x);print length(x)}'"), "65536\n");
    EXPECT_LT(grown(), kMuch);
}

TEST_F(TextBoundsTest, BoundsTheArraysOfAwk) {
    grown();
    say("awk 'BEGIN{s=\"x \";for(i=0;i<10;i++)s=s s;" +
        [] {
            std::string splits;
            for (int i = 0; i < 1500; ++i) {
                splits += "split(s,a" + std::to_string(i) + ");";
            }
            return splits;
        }() +
        "}'");
    EXPECT_EQ(
        say("awk 'BEGIN{s=\"x\";for(i=0;i<16;i++)s=s s;a[s" + repeated(",s", 1500) + "];for(k in a)print length(k)}'"),
        "65536\n");
    say("awk 'BEGIN{s=\"x\";for(i=0;i<16;i++)s=s s;print s" + repeated(",s", 1500) + " > \"/tmp/f\"}'");
    EXPECT_LT(grown(), kMuch);
}

TEST_F(TextBoundsTest, BoundsWhatAwkSeeksInAText) {
    say("awk 'BEGIN{s=\"x\";for(i=0;i<15;i++)s=s s;t=s s;s=s \"y\";for(;;)index(t,s)}'");
    EXPECT_EQ(say("awk 'BEGIN{print index(\"honey bee\", \"bee\")}'"), "7\n");
}

TEST_F(TextBoundsTest, BoundsTheLineOfSed) {
    grown();
    say("D=0123456789abcdef; for i in 1 2 3 4 5 6 7 8 9 10 11; do D=$D$D; done; echo $D | sed 's/.*/" +
        repeated("&", 25'000) + "/'");
    EXPECT_LT(grown(), kMuch);
    EXPECT_EQ(say("echo bee | sed 's/.*/&&-\\&/'"), "beebee-&\n");
}

TEST_F(TextBoundsTest, BoundsWhatSedKeepsForTheEndOfALine) {
    grown();
    say("echo x | sed -e ':x' -e 'a " + repeated("A", 60'000) + "' -e 'bx'");
    EXPECT_LT(grown(), kMuch);
    EXPECT_EQ(say("echo x | sed -e 'a y' -e 'a z'"), "x\ny\nz\n");
}

}  // namespace
}  // namespace apiary::agent::test
