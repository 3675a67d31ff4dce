/// What is typed while a program reads the terminal, which login has noted, and the devices that a user makes.

#include "agent/shell/shell.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace apiary::agent::test {
namespace {

constexpr WallTime kNow = std::chrono::sys_days{std::chrono::year{2024} / 3 / 1};

class TypedLinesTest : public testing::Test {
protected:
    std::string say(std::string_view line) { return shell_.line(line, kNow).output; }
    std::string endInput() { return shell_.endOfInput(kNow).output; }

    std::shared_ptr<const ShellHost> host_ = ShellHost::make({});
    Shell shell_{host_, "root", ""};
};

TEST_F(TypedLinesTest, AreAnsweredOneByOne) {
    const std::pair<const char*, const char*> answered[] = {
        {"grep a", "a:b\n"},     {"cut -d: -f2", "b\n"},          {"rev", "b:a\n"},         {"fold -w 2", "a:\nb\n"},
        {"nl", "     1\ta:b\n"}, {"awk -F: '{print $1}'", "a\n"}, {"grep -n b", "1:a:b\n"},
    };
    for (const auto& [command, answer] : answered) {
        EXPECT_EQ(say(command), "");
        EXPECT_EQ(say("a:b"), answer) << command;
        EXPECT_EQ(endInput(), "") << command;
        EXPECT_EQ(shell_.prompt().text, "~ # ") << command;
    }
}

TEST_F(TypedLinesTest, AreAnsweredBySedWhenItHasTheNextOne) {
    say("sed 's/a/X/;$s/$/ last/'");
    EXPECT_EQ(say("a1"), "");
    EXPECT_EQ(say("a2"), "X1\n");
    EXPECT_EQ(endInput(), "X2 last\n");
}

TEST_F(TypedLinesTest, AreCountedByUniqWhenAnotherOneComes) {
    say("uniq -c");
    EXPECT_EQ(say("a"), "");
    EXPECT_EQ(say("a"), "");
    EXPECT_EQ(say("b"), "      2 a\n");
    EXPECT_EQ(endInput(), "      1 b\n");
}

TEST_F(TypedLinesTest, AreReadNoFurtherThanNeeded) {
    for (const char* command : {"grep -q z", "grep -m1 z >/dev/null", "awk '/z/{exit}'"}) {
        say(command);
        EXPECT_EQ(say("z"), "");
        EXPECT_EQ(shell_.prompt().text, "~ # ") << command;
    }
}

TEST_F(TypedLinesTest, AreSummedUpAtTheEndAlone) {
    for (const char* command : {"grep -c a", "awk 'END{print NR}'", "wc -l"}) {
        say(command);
        EXPECT_EQ(say("a"), "") << command;
        EXPECT_EQ(endInput(), "1\n") << command;
    }
}

TEST_F(TypedLinesTest, CountForAPositionUnlessTheyWereThrownAway) {
    say("echo one");
    say("echo a | | b");  // ash drops the rest of the line with its end
    EXPECT_EQ(say("(exec /nosuch)"), "-sh: exec: line 2: /nosuch: not found\n");
}

TEST_F(TypedLinesTest, AssignWithoutBeingSplit) {
    say("f() { local v=$1; echo \"$v\"; }; w='a b'");
    EXPECT_EQ(say("f 'x y'"), "x y\n");
    EXPECT_EQ(say("export e=$w; echo \"$e\""), "a b\n");
    EXPECT_EQ(say("echo v=$w | wc -w; set -- v=$w; echo $#"), "2\n2\n");
}

TEST_F(TypedLinesTest, MakeDevicesAndPipes) {
    EXPECT_EQ(say("mknod -m 600 /tmp/z c 1 5; mkfifo /tmp/p; ls -l /tmp | cut -c1-43"),
              "total 0\nprw-r--r--    1 root     root             0\ncrw-------    1 root     root        1,   5\n");
    EXPECT_EQ(say("head -c 2 /tmp/z | wc -c; [ -p /tmp/p ] && [ -c /tmp/z ] && find /tmp -type p"), "2\n/tmp/p\n");
    EXPECT_EQ(say("mknod /tmp/z c 1 5; mknod /tmp/y c 9999 1"),
              "mknod: /tmp/z: File exists\nmknod: number 9999 is not in 0..4095 range\n");
    shell_ = Shell(host_, "root", shell_.memory());
    EXPECT_EQ(say("head -c 2 /tmp/z | wc -c; stat -c %F /tmp/p"), "2\nfifo\n");
}

TEST_F(TypedLinesTest, ComeFromWhomLoginNoted) {
    EXPECT_EQ(say("who"), "");
    shell_.noteLogin("192.0.2.7:41000", kNow);
    EXPECT_EQ(say("who; logname"), "root            pts/0           00:00   Mar  1 00:00:00  192.0.2.7:41000\nroot\n");
    EXPECT_EQ(shell_.memory(), "");
    say("head -c 100 /var/run/utmp > /tmp/cut; cp /tmp/cut /var/run/utmp");
    EXPECT_EQ(say("who"), "");
    say("rm -r /var/run");
    shell_.noteLogin("192.0.2.7:41000", kNow);  // has nowhere to write it
    EXPECT_EQ(say("ls /var/run; who"), "ls: /var/run: No such file or directory\n");
}

}  // namespace
}  // namespace apiary::agent::test
