/// What is kept of requests that are refused, cut, or say more than a turn takes.

#include "agent/protocol/conversation.hpp"
#include "agent/protocols/registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace apiary::agent::test {
namespace {

constexpr char kForm[] = "application/x-www-form-urlencoded";

std::string head(const std::string& line, const std::string& fields, std::size_t length) {
    return line + " HTTP/1.1\r\nHost: a\r\n" + fields + "Content-Length: " + std::to_string(length) + "\r\n\r\n";
}

std::string post(const std::string& target, const std::string& type, const std::string& body, std::size_t more = 0) {
    return head("POST " + target, "Content-Type: " + type + "\r\n", body.size() + more) + body;
}

class HttpEvidenceTest : public testing::Test {
protected:
    /// Plays a visit that begins with these bytes; returns what is noted until nothing is left to do.
    std::string visit(const std::string& bytes) {
        conversation_.emplace(*findModule("http"), *prepare(*findModule("http")), Environment{});
        (void)conversation_->open(now_);
        evidence_.clear();
        longest_ = turns_ = 0;
        for (auto actions = conversation_->bytes(bytes, now_);; actions = conversation_->resume(now_)) {
            note(actions);
            if (conversation_->awaits() != Conversation::Awaits::Resume) {
                return std::exchange(evidence_, {});
            }
        }
    }

    std::string cut() { return after(conversation_->cut(now_)); }
    std::string idle() { return after(conversation_->idle(now_)); }
    std::string end() { return after(conversation_->peerClosed(now_)); }
    std::string alarm(std::chrono::seconds later) { return after(conversation_->alarm(now_ + later)); }

    bool over() const { return conversation_->over(); }
    std::size_t longest() const { return longest_; }  // of the turns, in actions
    std::size_t turns() const { return turns_; }

private:
    std::string after(const Conversation::Actions& actions) {
        note(actions);
        return std::exchange(evidence_, {});
    }

    void note(const Conversation::Actions& actions) {
        longest_ = std::max(longest_, actions.size());
        ++turns_;
        for (const Action& action : actions) {
            if (const auto* evidence = std::get_if<Evidence>(&action)) {
                note(*evidence);
            }
        }
    }

    void note(const Evidence& evidence) {
        if (const auto* command = std::get_if<Command>(&evidence)) {
            evidence_ += command->verb + ' ' + command->argument + '\n';
        } else if (const auto* login = std::get_if<Credential>(&evidence)) {
            evidence_ += login->user + ':' + login->secret + '\n';
        } else if (const auto* piece = std::get_if<PayloadPiece>(&evidence)) {
            evidence_ += piece->bytes + (piece->last ? "[" + piece->name + "]\n" : "");
        }
    }

    const WallTime now_{};
    std::optional<Conversation> conversation_;
    std::string evidence_;
    std::size_t longest_ = 0;
    std::size_t turns_ = 0;
};

TEST_F(HttpEvidenceTest, AHeadThatIsCutInItsFieldsIsACommandAndALogin) {
    const std::string begun = "POST /in?user=q&pass=r HTTP/1.1\r\nAuthorization: Basic YTpi\r\nHost: a";
    const std::string kept = "POST /in?user=q&pass=r\na:b\nq:r\n";

    EXPECT_EQ(visit(begun), "");
    EXPECT_EQ(cut(), kept);
    (void)visit(begun);
    EXPECT_EQ(idle(), kept);
    (void)visit(begun);
    EXPECT_EQ(end(), kept);
    (void)visit(begun);
    EXPECT_EQ(alarm(std::chrono::seconds(60)), kept);
}

TEST_F(HttpEvidenceTest, WhatCameOfABodyThatIsTooLongIsALoginOnce) {
    const std::string head = "POST /in HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    EXPECT_EQ(visit(head + "Content-Length: 1073741825\r\n\r\nuser=a&pass=b"), "POST /in\na:b\n");
}

TEST_F(HttpEvidenceTest, TheLoginOfATargetIsKeptWhenTheBodyIsCut) {
    EXPECT_EQ(visit(post("/x?user=q&pass=r", kForm, "user=a&pass=b", 9)), "POST /x?user=q&pass=r\n");
    EXPECT_EQ(cut(), "a:b\nq:r\n");
}

TEST_F(HttpEvidenceTest, WhatTheServerDoesNotReadIsTakenDown) {
    // Two hosts, both a length and a coding, an expectation, lines that end in LF alone.
    EXPECT_EQ(visit(head("POST /x", "Host: b\r\nContent-Type: text/plain\r\n", 13) + "user=a&pass=b"),
              "POST /x\nuser=a&pass=b[x]\na:b\n");
    EXPECT_EQ(visit(head("POST /x", "Transfer-Encoding: chunked\r\n", 3) + "3\r\nabc\r\n0\r\n\r\n"),
              "POST /x\nabc[x]\n");
    EXPECT_EQ(visit(head("POST /server-status", "Expect: 100-continue\r\nAuthorization: Basic YTpi\r\n", 13) +
                    "user=a&pass=b"),
              "POST /server-status\na:b\nuser=a&pass=b[server-status]\na:b\n");
    EXPECT_EQ(visit("POST /x?u=1 HTTP/1.1\nHost: a\nAuthorization: Basic YTpi\nContent-Type: " + std::string(kForm) +
                    "\nContent-Length: 13\n\nuser=c&pass=d"),
              "POST /x?u=1\na:b\nc:d\n");
    EXPECT_TRUE(over());
}

TEST_F(HttpEvidenceTest, WhatIsNoRequestIsNoCommand) {
    EXPECT_EQ(visit(std::string("\x16\x03\x01\0\xa5\n", 6)), "");
    EXPECT_EQ(visit("hello there\n"), "");
}

TEST_F(HttpEvidenceTest, AFormOfManyFilesIsToldInPortions) {
    std::string parts;
    for (int i = 0; i < 200; ++i) {
        parts += "\r\n--b\r\nfilename=\r\n\r\n";
    }
    std::string requests;
    for (int i = 0; i < 70; ++i) {
        requests += "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
    }
    const std::string kept = visit(requests + post("/x", "multipart/form-data; boundary=b", parts));
    EXPECT_EQ(std::ranges::count(kept, '['), 51);
    EXPECT_LE(longest(), Turn::kFullActions + 4);
    EXPECT_GE(turns(), 2U);
}

TEST_F(HttpEvidenceTest, ManyLoginsInOneBodyAreToldInPortionsBeforeTheAnswer) {
    std::string logins;
    for (int i = 0; i < 90; ++i) {
        logins += std::string(i == 0 ? "" : ",") + R"({"user":"u","password":")" + std::to_string(i) + "\"}";
    }
    const std::string request = post("/x", "application/json", "[" + logins + "]");
    const std::string kept = visit(request + request + request + request);
    EXPECT_EQ(std::ranges::count(kept, '\n'), 4 * (90 + 2));
    EXPECT_LE(longest(), Turn::kFullActions + 4);
    EXPECT_FALSE(over());
}

TEST_F(HttpEvidenceTest, ChunksOfOneByteAreNoFloodOfPieces) {
    std::string body;
    for (int i = 0; i < 1000; ++i) {
        body += "1\r\nx\r\n";
    }
    const std::string kept =
        visit("PUT /f HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body + "0\r\n\r\n");
    EXPECT_EQ(kept, "PUT /f\n" + std::string(1000, 'x') + "[f]\n");
    EXPECT_LE(longest(), 8U);
}

}  // namespace
}  // namespace apiary::agent::test
