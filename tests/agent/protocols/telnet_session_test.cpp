/// TELNET in time, and what gives a honeypot away.

#include "agent/protocol/conversation.hpp"
#include "agent/protocol/seeded.hpp"
#include "agent/protocols/registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

const Settings kRouter = {{"hostname", "router"}, {"accounts", "listed"}, {"users", "root:admin123"}};
constexpr std::string_view kGreeting = "\xff\xfd\x01\xff\xfd\x1f\xff\xfb\x01\xff\xfb\x03";

/// A host with a clock of its own: alarms ring when it passes.
class Visit {
public:
    explicit Visit(const Settings& settings = kRouter, std::uint64_t sensorSeed = 0, std::string recalled = {})
        : conversation_(*findModule("telnet"), *prepare(*findModule("telnet"), settings, sensorSeed),
                        Environment{.peer = Endpoint::of({127, 0, 0, 1}, 40000),
                                    .local = Endpoint::of({127, 0, 0, 1}, 23),
                                    .recalled = std::move(recalled)}) {
        perform(conversation_.open(now_));
    }

    Visit& pass(Millis time) {
        const WallTime end = now_ + time;
        while (!conversation_.over() && ringsAt_ <= end) {
            now_ = std::exchange(ringsAt_, WallTime::max());
            perform(conversation_.alarm(now_));
        }
        now_ = end;
        return *this;
    }

    Visit& say(std::string_view bytes) {
        perform(conversation_.bytes(bytes, now_));
        return pass(100ms);
    }

    bool logIn(const std::string& user, const std::string& password) {
        say(user + "\r\n").say(password + "\r\n").pass(4s);
        return said_.find("~ ") != std::string::npos;
    }

    /// Types, and is gone before the host has looked.
    void sayAndLeave(std::string_view bytes) {
        perform(conversation_.bytes(bytes, now_));
        perform(conversation_.peerClosed(now_));
    }

    /// What was said since the last call.
    std::string said() { return std::exchange(said_, {}); }
    const std::vector<std::string>& segments() const { return segments_; }
    const std::string& remembered() const { return remembered_; }
    bool over() const { return conversation_.over(); }
    const std::vector<std::string>& evidence() const { return evidence_; }

private:
    void perform(const Conversation::Actions& actions) {
        for (const Action& action : actions) {
            if (const auto* send = std::get_if<Send>(&action)) {
                said_ += send->bytes;
                segments_.push_back(send->bytes);
            } else if (const auto* alarm = std::get_if<Alarm>(&action)) {
                ringsAt_ = alarm->after == Millis::zero() ? WallTime::max() : now_ + alarm->after;
            } else if (const auto* remember = std::get_if<Remember>(&action)) {
                remembered_ = remember->bytes;
            } else if (const auto* evidence = std::get_if<Evidence>(&action)) {
                note(*evidence);
            }
        }
    }

    void note(const Evidence& evidence) {
        if (const auto* credential = std::get_if<Credential>(&evidence)) {
            evidence_.push_back(credential->user + ":" + credential->secret);
        } else if (const auto* command = std::get_if<Command>(&evidence)) {
            evidence_.push_back(command->verb);
        }
    }

    Conversation conversation_;
    WallTime now_{std::chrono::sys_days(std::chrono::year(2024) / 2 / 29) + 13h + 14min + 15s};
    WallTime ringsAt_ = WallTime::max();
    std::string said_;
    std::vector<std::string> segments_;
    std::string remembered_;
    std::vector<std::string> evidence_;
};

TEST(TelnetSessionTest, TakesDownWhatWasTypedJustBeforeTheEnd) {
    Visit guess;
    guess.pass(100ms).say("root\r\n").sayAndLeave("toor\r\n");
    EXPECT_EQ(guess.evidence(), std::vector<std::string>{"root:toor"});
    Visit inside;
    ASSERT_TRUE(inside.pass(100ms).logIn("root", "admin123"));
    inside.say("sleep 5\r\n").sayAndLeave("uname\r\n");
    EXPECT_EQ(inside.evidence(), (std::vector<std::string>{"root:admin123", "sleep", "uname"}));
}

TEST(TelnetSessionTest, ShowsWhatWasSaidBeforeTimePassed) {
    Visit visit;
    ASSERT_TRUE(visit.pass(100ms).logIn("root", "admin123"));
    visit.said();
    EXPECT_TRUE(visit.say("echo on; sleep 2; echo e; sleep 2; echo z\r\n").said().ends_with("\r\non\r\n"));
    EXPECT_EQ(visit.pass(1800ms).said(), "");
    EXPECT_EQ(visit.pass(200ms).said(), "e\r\n");
    EXPECT_TRUE(visit.say("\x03").said().starts_with("^C"));  // what would have come later does not
    EXPECT_EQ(visit.pass(9s).said(), "");
}

TEST(TelnetSessionTest, DrawsForAFloodOfWindowSizesOnlySoMuch) {
    Visit visit;
    ASSERT_TRUE(visit.pass(100ms).logIn("root", "admin123"));
    visit.say(std::string(900, 'x')).said();
    std::string flood;
    for (int i = 0; i < 10'000; ++i) {
        flood += i % 2 == 0 ? "\xff\xfa\x1f\0\x50\0\x18\xff\xf0"s : "\xff\xfa\x1f\0\x51\0\x18\xff\xf0"s;
    }
    EXPECT_LE(visit.say(flood).said().size(), 4 * std::size_t{4096});
}

TEST(TelnetSessionTest, AnswersAllTabsThatWereTypedAhead) {
    Visit visit;
    ASSERT_TRUE(visit.pass(100ms).logIn("root", "admin123"));
    std::string typed;
    for (int i = 0; i < 40; ++i) {
        typed += "zz\t";  // nothing begins so: a beep
    }
    const std::string said = visit.say(typed).said();
    EXPECT_EQ(std::ranges::count(said, '\a'), 40);
}

TEST(TelnetSessionTest, ListsAtTabOnlySoMuch) {
    Visit visit;
    ASSERT_TRUE(visit.pass(100ms).logIn("root", "admin123"));
    visit.said();
    for (int i = 0; i < 10; ++i) {
        visit.say(std::string(400, '\t')).pass(5s);
    }
    const std::size_t said = visit.said().size();
    EXPECT_GT(said, std::size_t{256} << 10U);
    EXPECT_LT(said, std::size_t{300} << 10U);
}

TEST(TelnetSessionTest, GreetsInTheSegmentsOfTheRealServer) {
    Visit visit;
    visit.pass(100ms);
    EXPECT_EQ(visit.segments(), (std::vector<std::string>{std::string(kGreeting), "\r\r\nrouter login: "}));
}

TEST(TelnetSessionTest, AnswersNoNegotiationWhateverItSays) {
    Seeded chance(7);
    std::string orders;
    for (int i = 0; i < 20'000; ++i) {
        orders += {'\xff', static_cast<char>(251 + chance.below(4)), static_cast<char>(chance.below(256))};
    }
    Visit visit;
    visit.pass(100ms).said();
    EXPECT_EQ(visit.say(orders).said(), "");
    EXPECT_EQ(visit.say("root\r\n").said(), "root\r\nPassword: ");
}

TEST(TelnetSessionTest, AnswersAFloodOfAreYouThereOnce) {
    Visit visit;
    visit.pass(100ms).said();
    std::string flood;
    for (int i = 0; i < 1000; ++i) {
        flood += "\xff\xf6";
    }
    EXPECT_EQ(visit.say(flood).said(), "\xff\xff\xf1");
    EXPECT_EQ(visit.say("\xff\xf6").said(), "\xff\xff\xf1");
}

TEST(TelnetSessionTest, SaysLessThanAMultipleOfWhatItIsTold) {
    Seeded chance(11);
    for (int round = 0; round < 50; ++round) {
        Visit visit;
        visit.pass(100ms);
        if (round % 2 == 0) {
            visit.logIn("root", "admin123");
        }
        visit.said();
        std::string noise;
        for (int i = 0; i < 400; ++i) {
            noise += chance.below(3) == 0 ? '\xff' : static_cast<char>(chance.below(256));
        }
        EXPECT_LE(visit.say(noise).pass(5s).said().size(), 4096 + 64 * noise.size()) << "round " << round;
    }
}

TEST(TelnetSessionTest, WaitsThreeSecondsAfterAFailedLoginHoweverMuchIsTyped) {
    Visit visit;
    visit.pass(100ms).say("root\r\n").say("wrong\r\n").said();
    for (int i = 0; i < 28; ++i) {
        EXPECT_EQ(visit.say("x").said(), "x");
    }
    EXPECT_EQ(visit.pass(200ms).said(), "Login incorrect\r\nrouter login: ");
}

TEST(TelnetSessionTest, EndsTheLoginAfterAMinuteEvenInThatPause) {
    Visit visit;
    visit.pass(58s).say("root\r\n").say("wrong\r\n").said();
    EXPECT_EQ(visit.pass(2s).said(), "\r\r\nLogin timed out after 60 seconds\r\r\n");
    EXPECT_TRUE(visit.over());
}

TEST(TelnetSessionTest, DoesNotPutTheEndOffWhileSomebodyTypes) {
    Visit visit;
    for (int i = 0; i < 590; ++i) {
        visit.say("x");
    }
    EXPECT_FALSE(visit.over());
    EXPECT_TRUE(visit.pass(2s).over());
}

TEST(TelnetSessionTest, LeavesAShellOpenForLongerThanALogin) {
    Visit visit;
    visit.pass(100ms);
    ASSERT_TRUE(visit.logIn("root", "admin123"));
    visit.pass(10min).said();
    EXPECT_EQ(visit.say("echo ok\r\n").said(), "echo ok\r\nok\r\n~ # \x1b[6n");
}

TEST(TelnetSessionTest, RefusesMadeUpLoginsAndKeepsToItsAccounts) {
    Visit visit;
    visit.pass(100ms);
    EXPECT_FALSE(visit.logIn("xhqzv", "kqpwm"));
    EXPECT_FALSE(visit.logIn("qmzrt", "bvnxl"));
    EXPECT_TRUE(visit.logIn("root", "admin123"));
}

TEST(TelnetSessionTest, FindsAgainWhatTheSourceWroteAtAnEarlierVisit) {
    Visit first;
    first.pass(100ms);
    ASSERT_TRUE(first.logIn("root", "admin123"));
    first.say("echo canary > /tmp/.k7\r\n").said();
    ASSERT_FALSE(first.remembered().empty());

    Visit second(kRouter, 0, first.remembered());
    second.pass(100ms);
    ASSERT_TRUE(second.logIn("root", "admin123"));
    second.said();
    EXPECT_EQ(second.say("cat /tmp/.k7\r\n").said(), "cat /tmp/.k7\r\ncanary\r\n~ # \x1b[6n");
}

TEST(TelnetSessionTest, HasAnAnswerOfItsOwnForEachCommand) {
    Visit visit;
    visit.pass(100ms);
    ASSERT_TRUE(visit.logIn("root", "admin123"));
    visit.said();
    std::vector<std::string> answers;
    for (const std::string command :
         {"id", "uname -a", "cat /proc/cpuinfo", "ls /", "free", "xhqzv", "/bin/busybox ECCHI"}) {
        answers.push_back(visit.say(command + "\r\n").said().substr(command.size()));
    }
    std::ranges::sort(answers);
    EXPECT_EQ(std::ranges::adjacent_find(answers), answers.end());
    EXPECT_TRUE(std::ranges::none_of(answers, [](const std::string& answer) { return answer.size() < 12; }));
}

TEST(TelnetSessionTest, ReadsFilesThatWereMadeToCrashIt) {
    Visit visit(kRouter, 0, "f\tzzz\xff\n\0\n\t\t\t\t\t\n-"s);
    visit.pass(100ms);
    EXPECT_TRUE(visit.logIn("root", "admin123"));
}

TEST(TelnetSessionTest, ChecksSettings) {
    const auto error = [](const Settings& settings) { return prepare(*findModule("telnet"), settings).error(); };
    EXPECT_NE(error({{"tries", "0"}}).find("tries"), std::string::npos);
    EXPECT_NE(error({{"failed_login_delay", "3"}}).find("failed_login_delay"), std::string::npos);
    EXPECT_NE(error({{"login_timeout", "1h"}}).find("login_timeout"), std::string::npos);
    EXPECT_NE(error({{"accounts", "all"}}).find("accounts"), std::string::npos);
}

TEST(TelnetSessionTest, IsNotTheSameHostOnEverySensor) {
    std::vector<std::string> greetings;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        greetings.push_back(Visit({}, seed).pass(100ms).said());
        EXPECT_EQ(greetings.back(), Visit({}, seed).pass(100ms).said());
    }
    std::ranges::sort(greetings);
    EXPECT_GE(std::unique(greetings.begin(), greetings.end()) - greetings.begin(), 4);
}

TEST(TelnetSessionTest, TellsTheTimeInUtc) {
    Settings settings = kRouter;
    settings["greeting"] = "%d %t";
    EXPECT_NE(Visit(settings).pass(100ms).said().find("Thursday, 29 February 2024 13:14:15"), std::string::npos);
}

TEST(TelnetSessionTest, ReadsCommandsThatWereTypedAheadWhileOutputIsHeldBack) {
    Visit visit;
    visit.pass(100ms);
    ASSERT_TRUE(visit.logIn("root", "admin123"));
    visit.said();
    EXPECT_EQ(visit
                  .say("\x13"
                       "echo a\r\necho b\r\n")
                  .pass(5s)
                  .said(),
              "");
    EXPECT_EQ(visit.say("\x11").said(), "echo a\r\na\r\n~ # echo b\r\nb\r\n~ # \x1b[6n");
}

}  // namespace
}  // namespace apiary::agent::test
