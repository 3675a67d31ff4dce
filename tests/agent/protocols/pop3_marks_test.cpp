/// What gives a mail server away as a honeypot, as those who look for honeypots test it.

#include "agent/protocol/accounts.hpp"
#include "agent/protocol/conversation.hpp"
#include "agent/protocol/seeded.hpp"
#include "agent/protocols/registry.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace apiary::agent {
namespace {

constexpr std::uint64_t kSensor = 42;

/// One sensor's service, which a source visits again and again.
class Pop3MarksTest : public testing::Test {
protected:
    /// What the server says to `lines`, and to what comes `later`, on a new connection.
    std::string visit(const std::string& lines, const std::string& later = {}) {
        Environment environment;
        environment.recalled = recalled_;
        Conversation conversation(module_, prepared_, environment);
        std::string said = take(conversation.open(now_));
        for (const std::string& piece : {lines, later}) {
            said += take(conversation.bytes(piece, now_));
            while (conversation.awaits() == Conversation::Awaits::Resume) {
                said += take(conversation.resume(now_));
            }
        }
        now_ += std::chrono::minutes(1);
        return said;
    }

    std::string login() {
        const Account& account = accounts_.all().front();
        return "USER " + account.user + "\r\nPASS " + account.password + "\r\n";
    }

    void becomeAnotherSource() { recalled_.clear(); }

private:
    std::string take(Conversation::Actions actions) {
        std::string said;
        for (const Action& action : actions) {
            if (const auto* send = std::get_if<Send>(&action)) {
                said += send->bytes;
            } else if (const auto* remember = std::get_if<Remember>(&action)) {
                recalled_ = remember->bytes;
            }
        }
        return said;
    }

    const Module& module_ = *findModule("pop3");
    std::shared_ptr<const Prepared> prepared_ = *prepare(module_, {}, kSensor);
    Accounts accounts_ = *Accounts::of({{"accounts", "seeded"}, {"users", ""}}, kSensor);
    std::string recalled_;
    WallTime now_{std::chrono::seconds(1700000000)};
};

TEST_F(Pop3MarksTest, LetsNobodyInWhoMakesUpALogin) {
    Seeded chance(7);
    for (int i = 0; i < 200; ++i) {
        const std::string said =
            visit("USER u" + std::to_string(chance.next()) + "\r\nPASS " + std::to_string(chance.next()) + "\r\n");
        EXPECT_TRUE(said.ends_with("+OK\r\n-ERR [AUTH] Authentication failed.\r\n")) << said;
    }
}

TEST_F(Pop3MarksTest, LetsTheSamePairInEachTime) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(visit(login()).ends_with("+OK Logged in.\r\n"));
    }
}

TEST_F(Pop3MarksTest, HasTheSameMailAtEachVisit) {
    const std::string all = login() + "STAT\r\nUIDL\r\nRETR 1\r\n";
    EXPECT_EQ(visit(all), visit(all));
}

TEST_F(Pop3MarksTest, KeepsDeletionsForWhoDeletedAndForNobodyElse) {
    const std::string before = visit(login() + "UIDL\r\n");
    EXPECT_TRUE(visit(login() + "DELE 1\r\nQUIT\r\n").ends_with("+OK Logging out, messages deleted.\r\n"));
    EXPECT_LT(visit(login() + "UIDL\r\n").size(), before.size());
    becomeAnotherSource();
    EXPECT_EQ(visit(login() + "UIDL\r\n"), before);
}

TEST_F(Pop3MarksTest, ForgetsDeletionsThatNoQuitConfirmed) {
    const std::string before = visit(login() + "STAT\r\n");
    visit(login() + "DELE 1\r\n");
    EXPECT_EQ(visit(login() + "STAT\r\n"), before);
}

TEST_F(Pop3MarksTest, DiesOfAVerbWithAColonBeforeItHasSaidWhatCameWithIt) {
    const std::string before = visit(login() + "STAT\r\n");
    const std::string dying = "DELE 1\r\nGET / HTTP/1.1\r\nHost: x\r\n";
    EXPECT_TRUE(visit(login() + dying).ends_with("+OK Logged in.\r\n"));
    EXPECT_TRUE(visit(login() + "NOOP\r\n", dying).ends_with("+OK Logged in.\r\n+OK\r\n"));
    EXPECT_EQ(visit(login() + "STAT\r\n"), before);
}

TEST_F(Pop3MarksTest, HasSaidWholeBlocksBeforeItDies) {
    std::string lists;
    for (int i = 0; i < 60; ++i) {
        lists += "LIST\r\n";
    }
    const std::string all = visit(login() + lists);
    const std::string said = visit(login() + lists + "HOST:\r\n");
    const std::size_t greeting = visit(login()).size();
    EXPECT_EQ(said, all.substr(0, said.size()));
    EXPECT_TRUE(said.ends_with("\r\n"));
    EXPECT_GE(said.size(), greeting + 4096);
    EXPECT_LT(said.size(), greeting + 4096 + 40);
}

TEST_F(Pop3MarksTest, KnowsItsVerbsInAnyCaseAndRefusesThemBeforeTheLogin) {
    EXPECT_EQ(visit("capa\r\n"), visit("CAPA\r\n"));
    for (const std::string verb : {"STAT", "LIST", "RETR 1", "UIDL", "NOOP"}) {
        EXPECT_TRUE(visit(verb + "\r\n").ends_with("ready.\r\n-ERR Unknown command.\r\n")) << verb;
    }
}

TEST_F(Pop3MarksTest, CanDoWhatItSaysThatItCan) {
    const std::string capa = visit("CAPA\r\n");
    EXPECT_EQ(capa.find("STLS"), std::string::npos);  // without a certificate
    EXPECT_NE(capa.find("SASL PLAIN LOGIN"), std::string::npos);
    EXPECT_TRUE(visit("AUTH PLAIN\r\n").ends_with("+ \r\n"));
    EXPECT_TRUE(visit("AUTH LOGIN\r\n").ends_with("+ VXNlcm5hbWU6\r\n"));
    EXPECT_NE(visit(login() + "TOP 1 1\r\n").find("\r\nSubject: "), std::string::npos);
}

TEST_F(Pop3MarksTest, SaysNothingMoreAfterQuit) {
    EXPECT_TRUE(visit("QUIT\r\nNOOP\r\nCAPA\r\n").ends_with("+OK Logging out\r\n"));
}

}  // namespace
}  // namespace apiary::agent
