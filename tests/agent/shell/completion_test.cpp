#include "agent/shell/shell.hpp"
#include "agent/shell/shell_completion.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace apiary::agent::test {
namespace {

using Names = std::vector<std::string>;

constexpr WallTime kNow = std::chrono::sys_days{std::chrono::year{2024} / 3 / 1};

class CompletionTest : public testing::Test {
protected:
    void say(std::string_view line) { shell_.line(line, kNow); }
    std::vector<std::string> at(std::string_view typed) const { return shell_.completion(typed).matches; }

    static std::shared_ptr<const ShellHost> host() {
        ShellHostSpec spec;
        spec.users = {"root", "support"};
        return ShellHost::make(spec);
    }

    Shell shell_{host(), "root", ""};
};

TEST_F(CompletionTest, FindsAppletsBuiltinsAndPrograms) {
    EXPECT_EQ(at("unali"), (Names{"unalias"}));
    EXPECT_EQ(at("ls; hexd"), (Names{"hexdump"}));
    say("mkdir /tmp/new; touch /tmp/new/hexdown; PATH=/tmp/new:/bin");
    EXPECT_EQ(at("hexd"), (Names{"hexdown", "hexdump"}));
    EXPECT_EQ(shell_.completion("ls | hexd").part, "hexd");
}

TEST_F(CompletionTest, FindsFoldersAloneBehindCd) {
    say("mkdir /tmp/new; cd /tmp/new; mkdir one; touch two; ln -s one three; ln -s gone four");
    EXPECT_EQ(at("cd "), (Names{"one/", "three/"}));
    EXPECT_EQ(at("cat "), (Names{"four", "one/", "three/", "two"}));
    EXPECT_EQ(at("cd x "), (Names{"four", "one/", "three/", "two"}));
    EXPECT_EQ(at("a=tar"), Names{"tar"});  // no blank: a command
}

TEST_F(CompletionTest, TakesQuotesOffAndLooksWhereCommandsBegin) {
    say("cd /tmp; touch 'a b'");
    EXPECT_EQ(shell_.completion("ls 'a").part, "a");
    EXPECT_EQ(shell_.completion("ls a\\ ").part, "a ");
    EXPECT_EQ(at("ls a\\ "), (Names{"a b"}));
    EXPECT_EQ(at("echo '; hexd"), Names{});
    EXPECT_EQ(at("echo `hexd"), (Names{"hexdump"}));
    EXPECT_EQ(at("echo `ls` hexd"), Names{});
    EXPECT_EQ(at("ls >& hexd"), Names{});
}

TEST_F(CompletionTest, KnowsHomes) {
    say("touch /root/mine");
    EXPECT_EQ(at("ls ~su"), (Names{"~support/"}));
    EXPECT_EQ(at("ls ~/mi"), (Names{"mine"}));
    EXPECT_EQ(at("ls ~root/mi"), (Names{"mine"}));
    EXPECT_EQ(at("ls ~nobodyhere/mi"), Names{});
}

TEST_F(CompletionTest, ShowsNoNameThatCouldActOnATerminal) {
    say("cd /tmp; touch \"$(printf 'x\\033[2J')\" \"$(printf 'x\\177')\" xy");
    EXPECT_EQ(at("ls x"), (Names{"xy"}));
}

TEST_F(CompletionTest, LooksAtOnlySoManyFilesWhateverThePathSays) {
    say("A=/bin:; for i in 1 2 3 4 5 6 7 8 9 10; do A=$A$A; done; PATH=$A/tmp/new; mkdir /tmp/new; touch /tmp/new/zzz");
    EXPECT_EQ(at("zzz"), Names{});
    say("PATH=/tmp/new");
    EXPECT_EQ(at("zz"), Names{"zzz"});
}

TEST_F(CompletionTest, DoesNotSeeWhatItsUserMayNotRead) {
    const Shell guest(host(), "support", "");
    EXPECT_EQ(guest.completion("ls /root/.").matches, Names{});
    EXPECT_EQ(at("ls /root/.."), (Names{"../"}));
}

}  // namespace
}  // namespace apiary::agent::test
