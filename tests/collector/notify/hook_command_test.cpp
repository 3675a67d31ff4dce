#include "collector/notify/hook_command.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <unistd.h>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using End = Delivery::End;

class HookCommandTest : public testing::Test {
protected:
    HookCommandTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "apiary-hook-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~HookCommandTest() override { std::filesystem::remove_all(folder_); }

    /// A shell script that sees the folder as $1.
    Delivery run(const std::string& script, const std::string& json = "{}", std::chrono::milliseconds deadline = 20s) {
        return HookCommand({"/bin/sh", "-c", script, "hook", folder_.string()}, deadline).carry(json, stopping_);
    }
    std::string read(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream(folder_ / name).rdbuf();
        return text.str();
    }

    std::filesystem::path folder_;
    std::atomic<bool> stopping_ = false;
};

TEST_F(HookCommandTest, HandsTheJsonToStandardInput) {
    const std::string json = R"({"text":")" + std::string(200'000, 'x') + R"("})";  // more than a pipe holds
    const auto delivery = run("cat > \"$1/got\"", json);
    EXPECT_EQ(delivery.end, End::Done) << delivery.problem;
    EXPECT_EQ(read("got"), json);
}

TEST_F(HookCommandTest, NeverRunsWhatANoticeHolds) {
    const std::string json = R"({"text":"$(touch )" + (folder_ / "x").string() + R"() `touch )" +
                             (folder_ / "y").string() + R"(`; touch z"})";
    EXPECT_EQ(run("cat > \"$1/got\"; env > \"$1/environment\"; echo \"$@\" > \"$1/arguments\"", json).end, End::Done);
    EXPECT_EQ(read("got"), json);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "x"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "y"));
    EXPECT_EQ(read("environment").find("touch"), std::string::npos);
    EXPECT_EQ(read("arguments"), folder_.string() + "\n");
}

TEST_F(HookCommandTest, GivesItNoVariableOfOurs) {
    ::setenv("APIARY_SECRET", "hidden", 1);
    run("env > \"$1/environment\"");
    EXPECT_EQ(read("environment").find("hidden"), std::string::npos);
    EXPECT_NE(read("environment").find("PATH="), std::string::npos);
}

TEST_F(HookCommandTest, LeavesItNoDescriptorOfOurs) {
    const int open = ::dup(STDERR_FILENO);  // without FD_CLOEXEC
    run("ls /proc/self/fd > \"$1/fds\"");
    ::close(open);
    EXPECT_EQ(read("fds"), "0\n1\n2\n3\n");  // 3 is ls's own, of the folder
}

TEST_F(HookCommandTest, SaysHowItFailed) {
    EXPECT_EQ(run("echo 'no such room'; exit 3").problem, "/bin/sh ended with 3: no such room\\x0a");
    EXPECT_EQ(run("kill -9 $$").problem, "/bin/sh was ended by signal 9");
    EXPECT_NE(HookCommand({"/nowhere/hook"}).carry("{}", stopping_).problem.find("/nowhere/hook cannot be run"),
              std::string::npos);
    EXPECT_EQ(run("exit 3").end, End::Later);
}

TEST_F(HookCommandTest, KeepsLittleOfWhatItPrints) {
    const auto delivery = run("head -c 10000000 /dev/zero; exit 1");
    EXPECT_LT(delivery.problem.size(), 400U);
}

TEST_F(HookCommandTest, KillsTheWholeGroupAtTheDeadline) {
    const auto delivery = run("echo $$ > \"$1/group\"; sleep 1000 & sleep 1000", "{}", 1500ms);
    EXPECT_EQ(delivery.end, End::Later);
    EXPECT_EQ(delivery.problem, "/bin/sh took longer than 1500 ms");
    // Its children are somebody else's to reap, but they are ended: a zombie is not signalled as a running one.
    const auto group = std::stoi(read("group"));
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (::kill(-group, 0) == 0 && std::chrono::steady_clock::now() < until) {
        std::this_thread::yield();
    }
    EXPECT_NE(::kill(-group, 0), 0);
}

TEST_F(HookCommandTest, TakesWhatItLeftRunningWithIt) {
    EXPECT_EQ(run("echo $$ > \"$1/group\"; sleep 1000 >/dev/null 2>&1 &").end, End::Done);
    const auto group = std::stoi(read("group"));
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (::kill(-group, 0) == 0 && std::chrono::steady_clock::now() < until) {
        std::this_thread::yield();
    }
    EXPECT_NE(::kill(-group, 0), 0);
}

TEST_F(HookCommandTest, EndsWithTheCollector) {
    stopping_ = true;
    EXPECT_EQ(run("sleep 1000").problem, "/bin/sh was ended with the collector");
}

}  // namespace
}  // namespace apiary::collector
