#include "agent/protocols/pop3_mailbox.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace apiary::agent {
namespace {

std::vector<Pop3Mailbox> mailboxes(std::uint64_t seeds) {
    std::vector<Pop3Mailbox> all;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        all.push_back(pop3Decoys(seed, "admin", pop3DecoyHost(seed), pop3DecoyCount(seed, "admin")));
    }
    return all;
}

// tests/fidelity plants these mailboxes in the real server: UPDATE_TRANSCRIPTS=1 writes them down.
TEST(Pop3MailboxTest, IsTheOneThatTheRealServerIsComparedWith) {
    for (const std::string user : {"admin", "backup"}) {
        const std::filesystem::path path = std::filesystem::path(APIARY_FIDELITY) / ("pop3_" + user + ".mbox");
        const std::string mbox = pop3Mbox(pop3Decoys(0, user, "mail.halden.lan", 10));
        if (std::getenv("UPDATE_TRANSCRIPTS") != nullptr) {
            std::ofstream(path, std::ios::binary) << mbox;
        }
        std::ifstream in(path, std::ios::binary);
        EXPECT_EQ(mbox, std::string(std::istreambuf_iterator<char>(in), {})) << path;
    }
}

TEST(Pop3MailboxTest, DiffersBetweenSensorsAndUsersButNotBetweenVisits) {
    EXPECT_EQ(pop3Mbox(pop3Decoys(7, "admin", "h", 5)), pop3Mbox(pop3Decoys(7, "admin", "h", 5)));
    EXPECT_NE(pop3Mbox(pop3Decoys(7, "admin", "h", 5)), pop3Mbox(pop3Decoys(8, "admin", "h", 5)));
    EXPECT_NE(pop3Mbox(pop3Decoys(7, "admin", "h", 5)), pop3Mbox(pop3Decoys(7, "test", "h", 5)));
}

TEST(Pop3MailboxTest, HasMessagesThatMboxAndPop3CanCarry) {
    for (const Pop3Mailbox& mailbox : mailboxes(200)) {
        for (const auto& [uid, text] : mailbox.messages) {
            EXPECT_TRUE(text.ends_with("\r\n"));
            EXPECT_NE(text.find("\r\n\r\n"), std::string::npos);
            EXPECT_EQ(text.find("\nFrom "), std::string::npos);
            EXPECT_EQ(std::ranges::count(text, '\r'), std::ranges::count(text, '\n'));
            EXPECT_LT(text.size(), 8192U);
        }
    }
}

TEST(Pop3MailboxTest, NumbersItsMessagesUpwards) {
    for (const Pop3Mailbox& mailbox : mailboxes(200)) {
        EXPECT_TRUE(std::ranges::is_sorted(mailbox.messages, std::less<>{}, &Pop3Message::uid));
        std::set<std::string> uidls;
        for (std::size_t i = 0; i < mailbox.messages.size(); ++i) {
            uidls.insert(pop3Uidl(mailbox, i));
        }
        EXPECT_EQ(uidls.size(), mailbox.messages.size());
    }
}

TEST(Pop3MailboxTest, MayBeEmpty) {
    EXPECT_TRUE(pop3Decoys(1, "admin", "h", 0).messages.empty());
    EXPECT_EQ(pop3Mbox(pop3Decoys(1, "admin", "h", 0)), "");
}

}  // namespace
}  // namespace apiary::agent
