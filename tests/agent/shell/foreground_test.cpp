/// Keys that end or stop what runs in the foreground, and what goes on from there.

#include "agent/shell/shell.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace apiary::agent::test {
namespace {

constexpr WallTime kNow = std::chrono::sys_days{std::chrono::year{2024} / 3 / 1};

using Key = Shell::Key;

class ForegroundTest : public testing::Test {
protected:
    std::string say(std::string_view line) { return shell_.line(line, kNow).output; }
    std::string press(Key key, Millis passed = Millis{0}) { return shell_.press(key, passed, kNow).output; }
    std::string endInput() { return shell_.endOfInput(kNow).output; }

    std::shared_ptr<const ShellHost> host_ = ShellHost::make({});
    Shell shell_{host_, "root", ""};
};

TEST_F(ForegroundTest, ReadsOnAfterItWasStopped) {
    say("cat");
    EXPECT_EQ(say("one"), "one\n");
    EXPECT_EQ(press(Key::Suspend), "[1]+  Stopped                    cat\n");
    EXPECT_EQ(say("fg"), "cat\n");
    EXPECT_TRUE(shell_.readsTerminal());
    EXPECT_EQ(say("two"), "two\n");
    EXPECT_EQ(endInput(), "");
    EXPECT_FALSE(shell_.readsTerminal());
    EXPECT_EQ(say("jobs"), "");
}

TEST_F(ForegroundTest, WritesWhatItReadBeforeAndAfter) {
    say("cat > /tmp/f");
    say("one");
    EXPECT_EQ(press(Key::Suspend), "[1]+  Stopped                    cat 1>/tmp/f\n");
    say("echo x > /tmp/g");
    say("fg");
    say("two");
    endInput();
    EXPECT_EQ(say("cat /tmp/f /tmp/g"), "one\ntwo\nx\n");
}

TEST_F(ForegroundTest, ReadsWhatWasInTheBackground) {
    say("cat &");
    EXPECT_EQ(say("fg"), "cat\n");
    EXPECT_EQ(say("abc"), "abc\n");
    EXPECT_EQ(endInput(), "");
    EXPECT_FALSE(shell_.readsTerminal());
}

TEST_F(ForegroundTest, KeepsItsNumberWhenItIsStoppedAgain) {
    say("sleep 72");
    press(Key::Suspend);
    say("sleep 71");
    EXPECT_EQ(press(Key::Suspend), "[2]+  Stopped                    sleep 71\n");
    say("fg %1");
    EXPECT_EQ(press(Key::Suspend), "[1]+  Stopped                    sleep 72\n");
}

TEST_F(ForegroundTest, LeavesTheRestOfTheLineToRun) {
    say("sleep 9 | cat; echo tail");
    EXPECT_EQ(press(Key::Quit), "Quit\nQuit\ntail\n");
    EXPECT_EQ(say("echo $?"), "0\n");
    say("cat; echo rest");
    EXPECT_EQ(press(Key::Quit), "Quit\nrest\n");
    say("cat; echo rest");
    EXPECT_EQ(press(Key::Suspend), "rest\n[1]+  Stopped                    cat\n");
}

TEST_F(ForegroundTest, IsEndedByOneKeyAloneOfSeveralWaits) {
    EXPECT_EQ(say("echo a; sleep 3; echo b; sleep 3; echo c"), "a\nb\nc\n");
    const Shell::Answer rest = shell_.press(Key::Quit, Millis{3000}, kNow);
    EXPECT_EQ(rest.output, "Quit\nc\n");
    EXPECT_EQ(rest.takes, Millis{0});
}

TEST_F(ForegroundTest, RunsTheTrapOfControlC) {
    say("trap 'echo caught' INT");
    say("sleep 9; echo rest");
    EXPECT_EQ(press(Key::Interrupt), "caught\nrest\n");
    say("read x; echo rest");
    EXPECT_EQ(press(Key::Interrupt), "caught\nrest\n");
    say("trap INT");
    say("sleep 9; echo rest");
    EXPECT_EQ(press(Key::Interrupt), "\n");
    EXPECT_EQ(say("echo $?"), "130\n");
}

TEST_F(ForegroundTest, ReportsACommandOnce) {
    say("cat > /tmp/f");
    press(Key::Suspend);
    const Shell::Answer resumed = shell_.line("fg", kNow);
    ASSERT_EQ(resumed.evidence.size(), 1U);
    EXPECT_EQ(std::get<Command>(resumed.evidence.front()).verb, "fg");
}

TEST_F(ForegroundTest, IsASubshellThatKillsItself) {
    EXPECT_EQ(say("( kill -USR1 $(sh -c 'echo $PPID') ); echo =$?"), "User defined signal 1\n=138\n");
    EXPECT_EQ(say("(sh -c 'kill -9 $PPID'; echo no); echo =$?"), "Killed\n=137\n");
}

}  // namespace
}  // namespace apiary::agent::test
