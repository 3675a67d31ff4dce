/// What the shell shows of its machine: its processes, the kernel's values, time that passes, who logs in.

#include "agent/shell/shell.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow = std::chrono::sys_days{std::chrono::year{2024} / 3 / 1};
constexpr std::string_view kUnreachable = "can't connect to remote host (192.0.2.1): Network is unreachable\n";

class MachineTest : public testing::Test {
protected:
    Shell::Answer answer(std::string_view line) { return shell_.line(line, kNow); }
    std::string say(std::string_view line) { return answer(line).output; }

    std::shared_ptr<const ShellHost> host_ = ShellHost::make({});
    Shell shell_{host_, "root", ""};
};

TEST_F(MachineTest, SaysWhereInTheOutputTimePasses) {
    const Shell::Answer said = answer("echo a; sleep 2; echo bc; sleep 1; echo d");
    EXPECT_EQ(said.output, "a\nbc\nd\n");
    ASSERT_EQ(said.pauses.size(), 2U);
    EXPECT_EQ(said.pauses[0].at, 2U);
    EXPECT_EQ(said.pauses[0].until, 2s);
    EXPECT_EQ(said.pauses[1].at, 5U);
    EXPECT_EQ(said.takes, 3s);
    EXPECT_TRUE(answer("sleep 2 & echo a").pauses.empty());
}

TEST_F(MachineTest, KeepsTheUserWaitingWhereALineHasNoEnd) {
    for (const char* line : {"while :; do :; done", "yes > /dev/null", "tail -f /etc/hostname"}) {
        EXPECT_EQ(answer(line).takes, Shell::kMostTime) << line;
    }
    EXPECT_EQ(answer("yes | head -n 1").takes, 0s);
    EXPECT_EQ(say("echo alive"), "alive\n");
}

TEST_F(MachineTest, TakesWhatRootSetsInTheKernel) {
    EXPECT_EQ(say("echo 0 > /proc/sys/net/ipv4/ip_forward; cat /proc/sys/net/ipv4/ip_forward"), "0\n");
    EXPECT_EQ(say("sysctl -w vm.nr_hugepages=64; cat /proc/sys/vm/nr_hugepages"), "vm.nr_hugepages = 64\n64\n");
    EXPECT_EQ(say("echo 1 > /proc/version"), "sh: write error: Input/output error\n");
    EXPECT_EQ(say(">/sys/x"), "-sh: can't create /sys/x: Permission denied\n");
    EXPECT_EQ(say(">/proc/x"), "-sh: can't create /proc/x: nonexistent directory\n");
}

TEST_F(MachineTest, TellsOfEachProcess) {
    EXPECT_EQ(say("for p in /proc/[0-9]*; do [ -s $p/status ] && [ -s $p/stat ] || echo $p; done"), "");
    EXPECT_EQ(say("head -n 1 /proc/2/status; wc -c < /proc/2/maps; cut -d' ' -f1-4 /proc/2/stat"),
              "Name:\tkthreadd\n0\n2 (kthreadd) S 0\n");
    EXPECT_EQ(say("p=$(pidof telnetd); cat /proc/$p/comm; grep -c busybox /proc/$p/maps; grep ^PPid /proc/$p/status"),
              "telnetd\n3\nPPid:\t1\n");
    EXPECT_EQ(say("ps | grep -c '\\[kworker/0:0H-kb\\]'"), "1\n");  // as long as a name may be
}

TEST_F(MachineTest, HearsOfTheNetworkAfterTheRestOfThePipe) {
    EXPECT_EQ(say("wget -qO- http://192.0.2.1/x | nosuch"),
              "-sh: nosuch: not found\nwget: " + std::string(kUnreachable));
    EXPECT_EQ(say("wget -qO- http://192.0.2.1/x 2>&1 | cat"), "wget: " + std::string(kUnreachable));
}

TEST_F(MachineTest, LetsNobodyInByLoginButThoseWhoNeedNoPassword) {
    EXPECT_EQ(say("login"), host_->spec().hostName + " login: ");
    EXPECT_EQ(say("root"), "Password: ");
    EXPECT_TRUE(shell_.hidesTyping());
    EXPECT_EQ(say("admin"), "\nLogin incorrect\n" + host_->spec().hostName + " login: ");
    shell_.interrupt();
    EXPECT_NE(say("login -f root").find("built-in shell"), std::string::npos);
    EXPECT_EQ(say("echo $0"), "-sh\n");
    EXPECT_FALSE(answer("exit").exits);
}

TEST_F(MachineTest, FindsWhatIsWrongInASubstitutionBeforeItsEnd) {
    EXPECT_EQ(say("echo \"$(echo $(echo a)"), "");
    EXPECT_EQ(shell_.prompt().text, "> ");
    EXPECT_EQ(say("if true; then fi"), "-sh: syntax error: unexpected \"fi\"\n");
    EXPECT_EQ(shell_.prompt().text, "~ # ");
    say("echo $(echo a");
    EXPECT_EQ(say("echo b)"), "a b\n");
}

TEST_F(MachineTest, KnowsWhatItsRarerProgramsAreUsedFor) {
    EXPECT_EQ(say("ipcalc -bnp 10.1.2.3/20"), "BROADCAST=10.1.15.255\nNETWORK=10.1.0.0\nPREFIX=20\n");
    EXPECT_EQ(say("ipcalc -n 10.1.2.3/33"), "ipcalc: number 33 is not in 0..32 range\n");
    EXPECT_EQ(say("mkdir /tmp/b; busybox --install -s /tmp/b; readlink /tmp/b/wget"), "/bin/busybox\n");
    EXPECT_EQ(say("busybox --install /nosuch 2>&1 | head -n 1"), "busybox: /nosuch/[: No such file or directory\n");
    EXPECT_EQ(say("echo \"it's\" | xargs"), "xargs: unmatched single quote\n");
    EXPECT_EQ(say("cat -n /nosuch"), "cat: /nosuch: No such file or directory\n");
    EXPECT_EQ(say("httpd -h 2>&1 | head -n 1"), "httpd: option requires an argument -- 'h'\n");
    EXPECT_EQ(say(".. 2>&1"), "-sh: ..: Permission denied\n");
}

}  // namespace
}  // namespace apiary::agent::test
