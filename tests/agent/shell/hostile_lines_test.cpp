// Lines that are made to break a shell: each is answered, quickly, and the session goes on. What a sanitizer would
// find, or what would not end, fails the test.

#include "agent/shell/shell.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace apiary::agent::test {
namespace {

class HostileLinesTest : public testing::Test {
protected:
    std::string say(std::string_view line) {
        return shell_.line(line, std::chrono::sys_days{std::chrono::year{2024} / 3 / 1}).output;
    }

    static std::shared_ptr<const ShellHost> host() {
        ShellHostSpec spec;
        spec.sensorSeed = 7;
        spec.users = {"root"};
        return ShellHost::make(spec);
    }

    Shell shell_{host(), "root", ""};
};

TEST_F(HostileLinesTest, FilesThatGoWhileTheyAreUsed) {
    EXPECT_NE(say("cd /tmp; echo x >a; ln -f a a").find("No such file"), std::string::npos);
    say("echo x >a; ln -b a a");
    EXPECT_EQ(say("echo x >f; { rm f; md5sum; } <f").substr(32), "  -\n");
}

TEST_F(HostileLinesTest, ClassesWithoutAnEnd) {
    EXPECT_EQ(say("echo alnum | tr '[:alnum' x"), "xxxxx\n");
    EXPECT_EQ(say("echo a1 | tr '[:alpha:]' x"), "x1\n");
}

TEST_F(HostileLinesTest, VariablesThatNameManyOthers) {
    say("many() { v=$2; for i in 1 2 3 4 5 6 7 8; do v=$v+$v; done; eval $1='$v'; }");
    say("many a b; many b c; many c d; many d e; e=1");
    EXPECT_NE(say("echo $((a))").find("arithmetic syntax error"), std::string::npos);
    EXPECT_EQ(say("p=q+q; q=r+1; r=3; echo $((p*2))"), "16\n");
}

TEST_F(HostileLinesTest, NumbersOfTurns) {
    EXPECT_EQ(say("tar c /etc/passwd 2>/dev/null | tar x --strip-components=18446744073709551615; echo $?"), "0\n");
    EXPECT_EQ(say("dd if=/dev/zero ibs=1M count=1 obs=1 2>/dev/null | wc -c | tr 0-9 n | head -c 1"), "n");
}

TEST_F(HostileLinesTest, WordsThatMultiply) {
    say("p=/./././././././././././././././.; for i in 1 2 3 4 5; do p=$p$p; done");
    say("w='{} {} {} {} {} {} {} {}'; for i in 1 2 3 4 5; do w=\"$w $w\"; done");
    EXPECT_LT(say("find $p -maxdepth 2 -exec echo $w {} +").size(), std::size_t{1} << 20U);
    say("y=0123456789abcdef; for i in 1 2 3 4 5 6 7 8 9 10 11; do y=$y$y; done");
    EXPECT_EQ(say("echo $y | xargs -I% echo $(echo $w | tr -d '{' | tr '}' '%')"), "xargs: argument line too long\n");
    EXPECT_LT(say("yes a | head -20000 | tr '\\n' , | cut -d, -O $y -f1-").size(), std::size_t{1} << 20U);
    say("n=%n; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do n=$n$n; done");
    EXPECT_LT(say("stat -c $n $p/etc/passwd").size(), std::size_t{1} << 20U);
}

TEST_F(HostileLinesTest, PatternsThatAreManyAndLarge) {
    say("s='s/x\\{1990\\}/y/;'; for i in 1 2 3 4 5 6 7 8 9; do s=$s$s; done");
    EXPECT_NE(say("echo a | sed \"$s\"").find("out of memory"), std::string::npos);
    EXPECT_EQ(say("echo xx | sed 's/x\\{2\\}/y/'"), "y\n");
}

TEST_F(HostileLinesTest, TimesAndNumbersAtTheEdge) {
    say("cd /tmp; touch -d @-9223372036854775808 f; ls -l f; find . -mtime 1; stat f");
    say("touch -d @9223372036854775807 f; ls -l f; find . -mtime 1; stat f; ls -e f");
    say("printf %d --9223372036854775808; test --9223372036854775808 -eq 1");
    say("sleep 4294967295d 4294967295d 4294967295d 4294967295d 4294967295d 4294967295d 4294967295d 4294967295d "
        "4294967295d"
        " 4294967295d 4294967295d 4294967295d 4294967295d 4294967295d 4294967295d 4294967295d 4294967295d 4294967295d"
        " 4294967295d 4294967295d 4294967295d 4294967295d 4294967295d 4294967295d 4294967295d 4294967295d 4294967295d");
    EXPECT_EQ(say("echo alive"), "alive\n");
}

}  // namespace
}  // namespace apiary::agent::test
