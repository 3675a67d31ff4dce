/// What transcripts cannot say of SMTP: settings, seeds, limits, and the marks by which honeypots are told.

#include "agent/protocol/accounts.hpp"
#include "agent/protocol/conversation.hpp"
#include "agent/protocols/registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>
#include <string>

namespace apiary::agent::test {
namespace {

/// One connection to a service, which says all at once what it is told to.
class Peer {
public:
    explicit Peer(const Settings& settings = {}, std::uint64_t sensorSeed = 0, std::uint64_t seed = 0)
        : conversation_(*findModule("smtp"), *prepare(*findModule("smtp"), settings, sensorSeed), environment(seed)) {
        note(conversation_.open(WallTime{}));
    }

    /// What comes back.
    std::string say(const std::string& bytes) {
        said_.clear();
        note(conversation_.bytes(bytes, WallTime{}));
        while (conversation_.awaits() == Conversation::Awaits::Resume) {
            note(conversation_.resume(WallTime{}));
        }
        return said_;
    }

    std::string shakeHands() {
        const auto early = conversation_.takeEarlyBytes();
        note(conversation_.tls({}, WallTime{}));
        return early.handedBack + early.smuggled;
    }

    const std::string& said() const { return said_; }
    bool over() const { return conversation_.over(); }
    Millis paused() const { return paused_; }
    const std::string& payload() const { return payload_; }
    int uploads() const { return uploads_; }  // that have ended

    /// The peer resets the connection.
    void reset() { note(conversation_.cut(WallTime{})); }

private:
    static Environment environment(std::uint64_t seed) {
        Environment made;
        made.seed = seed;
        made.offersTls = true;
        return made;
    }

    void note(const Conversation::Actions& actions) {
        for (const Action& action : actions) {
            if (const auto* send = std::get_if<Send>(&action)) {
                said_ += send->bytes;
            } else if (const auto* pause = std::get_if<Pause>(&action)) {
                paused_ += pause->duration;
            } else if (const auto* evidence = std::get_if<Evidence>(&action)) {
                const auto* piece = std::get_if<PayloadPiece>(evidence);
                payload_ += piece != nullptr ? piece->bytes : "";
                uploads_ += piece != nullptr && piece->last ? 1 : 0;
            }
        }
    }

    Conversation conversation_;
    std::string said_;
    std::string payload_;
    int uploads_ = 0;
    Millis paused_{};
};

std::string errorOf(const Settings& settings) {
    const auto prepared = prepare(*findModule("smtp"), settings);
    return prepared ? std::string() : prepared.error();
}

std::size_t linesOf(const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

std::string repeated(const std::string& text, std::size_t times) {
    std::string all;
    for (; times > 0; --times) {
        all += text;
    }
    return all;
}

const std::string kMail = "MAIL FROM:<a@b.example>\r\nRCPT TO:<root>\r\nDATA\r\nx\r\n.\r\n";

std::string queueIdOf(const std::string& said) {
    std::smatch found;
    return std::regex_search(said, found, std::regex("queued as ([0-9A-F]+)\r\n")) ? found[1].str() : "";
}

TEST(SmtpTest, NamesTheSettingThatIsBad) {
    EXPECT_NE(errorOf({{"hostname", "a b"}}).find("hostname"), std::string::npos);
    EXPECT_NE(errorOf({{"relay", "yes"}}).find("defer, reject or accept"), std::string::npos);
    EXPECT_NE(errorOf({{"size_limit", "5"}}).find("size_limit"), std::string::npos);
    EXPECT_NE(errorOf({{"failed_login_delay", "2"}}).find("failed_login_delay"), std::string::npos);
    EXPECT_NE(errorOf({{"submission", "perhaps"}}).find("submission"), std::string::npos);
    EXPECT_EQ(errorOf({{"relay", "accept"}, {"submission", "yes"}}), "");
}

TEST(SmtpTest, SensorsHaveNamesOfTheirOwn) {
    std::set<std::string> greetings;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        const std::string greeting = Peer({}, seed).said();
        EXPECT_TRUE(std::regex_match(greeting, std::regex("220 [a-z]+[0-9]+\\.localdomain ESMTP Postfix .*\r\n")));
        EXPECT_EQ(greeting, Peer({}, seed, 7).said());
        greetings.insert(greeting);
    }
    EXPECT_GT(greetings.size(), 20U);
}

TEST(SmtpTest, TwoRandomLoginsAreNeverBothAccepted) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Peer peer({}, seed);
        for (const char* login : {"AHF3ejM5MQBsa3N1ZQ==", "AHBmbnR2AHV5MzE0ZA==", "AGFkbWluAGtoOXdjZA=="}) {
            EXPECT_TRUE(peer.say(std::string("AUTH PLAIN ") + login + "\r\n").starts_with("535 "));
        }
        EXPECT_GE(peer.paused(), Millis(6000));
    }
}

TEST(SmtpTest, RefusesWordsOfALoginThatAreTooLong) {
    const std::string failed = "535 5.7.8 Error: authentication failed: bad protocol / cancel\r\n";
    const std::string longest(1364, 'A');  // 1023 bytes
    Peer peer({{"accounts", "listed"}, {"users", "admin:admin123"}});
    peer.say("EHLO x\r\n");
    EXPECT_EQ(peer.say("AUTH LOGIN " + longest + "\r\n"), "334 UGFzc3dvcmQ6\r\n");
    EXPECT_EQ(peer.say(longest + "AAAA\r\n"), failed);
    EXPECT_EQ(peer.say("AUTH LOGIN " + longest + "AAAA\r\n"), failed);
    const std::string user(1368, 'B');  // 1026 bytes, behind a NUL
    EXPECT_EQ(peer.say("AUTH PLAIN AEFB" + user + "AEFB\r\n"),
              "535 5.7.8 Error: authentication failed: overflowed buffer\r\n");
}

TEST(SmtpTest, ANameEndsAtItsNul) {
    Peer peer({{"accounts", "listed"}, {"users", "admin:admin123"}});
    peer.say("EHLO x\r\nAUTH LOGIN YWRtaW4AeA==\r\n");  // "admin", NUL, "x"
    EXPECT_EQ(peer.say("YWRtaW4xMjM=\r\n"), "235 2.7.0 Authentication successful\r\n");
}

TEST(SmtpTest, ShowsControlCharactersAsBlanks) {
    Peer peer;
    peer.say("EHLO x\r\n");
    EXPECT_EQ(peer.say("VRFY <a\x01\x7f>\r\n"),
              "550 5.1.1 <a  >: Recipient address rejected: User unknown in local recipient table\r\n");
}

TEST(SmtpTest, RelaysForNobodyUnlessBait) {
    const std::string mail = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n";
    EXPECT_TRUE(Peer().say(mail).ends_with("454 4.7.1 <c@d.example>: Relay access denied\r\n"));
    EXPECT_TRUE(
        Peer(Settings{{"relay", "reject"}}).say(mail).ends_with("554 5.7.1 <c@d.example>: Relay access denied\r\n"));
    EXPECT_TRUE(Peer(Settings{{"relay", "accept"}}).say(mail).ends_with("250 2.1.5 Ok\r\n"));
}

TEST(SmtpTest, QueueIdsDifferButForTheFileOfTheSensor) {
    std::set<std::string> ids;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const std::string id = queueIdOf(Peer({}, 1, seed).say(kMail));
        EXPECT_TRUE(std::regex_match(id, std::regex("[0-9A-F]{10,11}"))) << id;
        ids.insert(id);
    }
    EXPECT_EQ(ids.size(), 20U);
}

TEST(SmtpTest, EveryMailHasAnIdOfItsOwn) {
    Peer peer;
    EXPECT_NE(queueIdOf(peer.say(kMail)), queueIdOf(peer.say(kMail)));
}

TEST(SmtpTest, ThrowsAwayWhatCameAlongWithStarttls) {
    Peer peer;
    EXPECT_EQ(peer.say("STARTTLS\r\nMAIL FROM:<smuggled@b.example>\r\n"), "220 2.0.0 Ready to start TLS\r\n");
    EXPECT_EQ(peer.shakeHands(), "");
    EXPECT_EQ(peer.say("RCPT TO:<root>\r\n"), "503 5.5.1 Error: need MAIL command\r\n");
}

TEST(SmtpTest, AThousandRecipientsAreEnough) {
    Peer peer;
    peer.say("MAIL FROM:<>\r\n");
    EXPECT_EQ(linesOf(peer.say(repeated("RCPT TO:<root>\r\n", 1000))), 1000U);
    EXPECT_EQ(peer.say("RCPT TO:<root>\r\n"), "452 4.5.3 Error: too many recipients\r\n");
}

TEST(SmtpTest, CountsCommandsThatDoNothingAsErrorsAfterAHundred) {
    Peer peer;
    EXPECT_EQ(linesOf(peer.say(repeated("NOOP\r\n", 101))), 101U);
    EXPECT_EQ(peer.paused(), Millis(0));
    const std::string last = peer.say(repeated("NOOP\r\n", 100));
    EXPECT_EQ(linesOf(last), 21U);
    EXPECT_NE(last.find("421 4.7.0 "), std::string::npos);
    EXPECT_TRUE(peer.over());
}

TEST(SmtpTest, AMailTakenMakesUpForErrors) {
    Peer peer;
    peer.say(repeated("X\r\n", 9));
    peer.say(kMail);
    EXPECT_EQ(linesOf(peer.say(repeated("X\r\n", 9))), 9U);
    EXPECT_EQ(peer.paused(), Millis(0));
}

TEST(SmtpTest, KeepsAMessageAsItCameButForTheDots) {
    Peer peer;
    peer.say("MAIL FROM:<>\r\nRCPT TO:<root>\r\nDATA\r\nA: b\r\n\r\n..c\nd\r\n.\r\n");
    EXPECT_EQ(peer.payload(), "A: b\r\n\r\n.c\nd\r\n");
}

TEST(SmtpTest, KeepsALineThatTheEndCutOff) {
    Peer peer;
    peer.say("MAIL FROM:<>\r\nRCPT TO:<root>\r\nDATA\r\none\r\n..half");
    peer.reset();
    EXPECT_EQ(peer.payload(), "one\r\n.half");
    EXPECT_EQ(peer.uploads(), 1);
}

TEST(SmtpTest, AnUploadInChunksEndsWithWhateverEndsTheMail) {
    for (const char* end : {"RSET\r\n", "EHLO x\r\n", "HELO x\r\n", "QUIT\r\n", "GET / HTTP/1.0\r\n", "BDAT x\r\n"}) {
        Peer peer;
        peer.say("MAIL FROM:<>\r\nRCPT TO:<root>\r\nBDAT 3\r\nabc");
        EXPECT_EQ(peer.uploads(), 0) << end;
        peer.say(end);
        EXPECT_EQ(peer.uploads(), 1) << end;
    }
}

TEST(SmtpTest, TakesAMailOfAMegabyteButNoByteMoreThanTheLimit) {
    const Settings settings{{"size_limit", "1000000"}};
    for (const std::size_t lines : {std::size_t{9'900}, std::size_t{10'001}}) {
        Peer peer(settings);
        peer.say("MAIL FROM:<>\r\nRCPT TO:<root>\r\nDATA\r\n");
        const std::string answer = peer.say(repeated(std::string(98, 'x') + "\r\n", lines) + ".\r\n");
        EXPECT_EQ(answer.substr(0, 9), lines == 9'900 ? "250 2.0.0" : "552 5.3.4");
    }
}

}  // namespace
}  // namespace apiary::agent::test
