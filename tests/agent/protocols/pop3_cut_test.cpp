/// What is kept of a peer that does not wait for our answers, and leaves.

#include "agent/protocol/conversation.hpp"
#include "agent/protocols/registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

namespace apiary::agent::test {
namespace {

class Pop3CutTest : public testing::Test {
protected:
    /// All at once; what is due after a pause stays undone.
    void say(const std::string& bytes) { note(conversation_.bytes(bytes, WallTime{})); }

    std::string waiting() {
        EXPECT_EQ(conversation_.awaits(), Conversation::Awaits::Resume);
        return std::exchange(evidence_, {});
    }

    std::string afterReset() {
        evidence_.clear();
        note(conversation_.cut(WallTime{}));
        return evidence_;
    }

    std::string afterEnd() {
        evidence_.clear();
        note(conversation_.peerClosed(WallTime{}));
        return evidence_;
    }

    int remembered() const { return remembered_; }

private:
    void note(const Conversation::Actions& actions) {
        for (const Action& action : actions) {
            remembered_ += std::holds_alternative<Remember>(action) ? 1 : 0;
            const auto* evidence = std::get_if<Evidence>(&action);
            const auto* command = evidence == nullptr ? nullptr : std::get_if<Command>(evidence);
            const auto* credential = evidence == nullptr ? nullptr : std::get_if<Credential>(evidence);
            evidence_ += command == nullptr ? "" : command->verb + ' ' + command->argument + '\n';
            evidence_ += credential == nullptr ? ""
                                               : credential->user + ':' + credential->secret +
                                                     (credential->accepted ? " accepted\n" : " refused\n");
        }
    }

    Conversation conversation_{
        *findModule("pop3"), *prepare(*findModule("pop3"), {{"accounts", "listed"}, {"users", "anna:right"}}), {}};
    std::string evidence_;
    int remembered_ = 0;
};

TEST_F(Pop3CutTest, KeepsTheLoginsThatWaitBehindARefusedOne) {
    say("USER a\r\nPASS 1\r\nUSER b\r\nPASS 2\r\nUSER c\r\nPASS 3\r\nQUIT\r\nUSER d\r\nPASS 4\r\n");
    EXPECT_EQ(waiting(), "USER a\nPASS 1\na:1 refused\n");

    EXPECT_EQ(afterReset(), "USER b\nPASS 2\nb:2 refused\nUSER c\nPASS 3\nc:3 refused\nQUIT \n");
}

TEST_F(Pop3CutTest, KeepsThemAlsoOfAPeerThatEndsItsSide) {
    say("USER a\r\nPASS 1\r\nUSER b\r\nPASS 2\r\n");
    EXPECT_EQ(waiting(), "USER a\nPASS 1\na:1 refused\n");

    EXPECT_EQ(afterEnd(), "USER b\nPASS 2\nb:2 refused\n");
}

TEST_F(Pop3CutTest, KeepsAnAnswerToAChallengeThatWasNotSentYet) {
    say("AUTH PLAIN AGEAMQ==\r\nAUTH LOGIN\r\nYg==\r\nMg==\r\n");
    EXPECT_EQ(waiting(), "AUTH PLAIN AGEAMQ==\na:1 refused\n");

    EXPECT_EQ(afterReset(), "AUTH LOGIN\nb:2 refused\n");
}

TEST_F(Pop3CutTest, KeepsTheCommandsThatWaitForTheMailbox) {
    say("USER anna\r\nPASS right\r\nSTAT\r\nDELE 1\r\nQUIT\r\n");
    EXPECT_EQ(waiting(), "USER anna\nPASS right\nanna:right accepted\n");

    EXPECT_EQ(afterReset(), "STAT \nDELE 1\nQUIT \n");
    EXPECT_EQ(remembered(), 0);
}

TEST_F(Pop3CutTest, WhatWasNeverAnsweredHasNoConsequences) {
    say("USER a\r\nPASS 1\r\n");
    (void)waiting();
    const int before = remembered();
    say("USER b\r\nPASS 2\r\nUSER anna\r\nPASS right\r\nDELE 1\r\nQUIT\r\n");

    EXPECT_EQ(afterReset(), "USER b\nPASS 2\nb:2 refused\nUSER anna\nPASS right\nanna:right accepted\n");
    EXPECT_EQ(remembered(), before);
}

TEST_F(Pop3CutTest, AnUnfinishedLineIsNoCommand) {
    say("USER a\r\nPASS 1\r\nUSER b");
    (void)waiting();

    EXPECT_EQ(afterReset(), "");
}

TEST_F(Pop3CutTest, NotesNoMoreOfAFloodThanOneTurnMay) {
    std::string flood = "USER a\r\nPASS 1\r\n";
    for (int i = 0; i < 10'000; ++i) {
        flood += "USER b\r\nPASS 2\r\n";
    }
    say(flood);
    (void)waiting();

    const std::string kept = afterReset();
    EXPECT_GT(std::ranges::count(kept, '\n'), 200);
    EXPECT_LT(std::ranges::count(kept, '\n'), 300);
}

}  // namespace
}  // namespace apiary::agent::test
