#include "tests/agent/engine/engine_fixture.hpp"

#include <algorithm>
#include <chrono>
#include <sys/socket.h>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;

class StreamTest : public EngineFixture {};

TEST_F(StreamTest, RecordsWhatWasSaidInOrder) {
    Client client = greeted(serve(spec()));
    client.send("echo a\\b\r\n");
    EXPECT_EQ(client.readLine(), "a\\b\r\n");
    client.send("quit\r\n");
    EXPECT_EQ(client.readAll(), "bye\r\n");
    EXPECT_EQ(client.endedBy(), Client::End::Fin);
    const auto session = recording_.ended();
    EXPECT_EQ(session.outcome, Outcome::Finished);
    EXPECT_EQ(session.lines,
              (std::vector<std::string>{"out 0 hello\r\n", "in 0 echo a\\b\r\n", "evidence", "out 0 a\\b\r\n",
                                        "in 0 quit\r\n", "evidence", "out 0 bye\r\n"}));
}

TEST_F(StreamTest, KeepsPacketsToSixteenKibibytes) {
    Client client = greeted(serve(spec()));
    client.send("big 100000\r\n");
    const std::string got = client.readBytes(100'000);
    client.send("quit\r\n");
    client.readAll();
    const auto session = recording_.ended();
    EXPECT_EQ(session.largestPacket, 16384U);
    EXPECT_EQ(session.out, "hello\r\n" + got + "bye\r\n");
}

TEST_F(StreamTest, GathersThePiecesOfAnAnswerInOnePacket) {
    Client client = greeted(serve(spec()));
    client.send("page 3\r\n");
    client.readBytes(11);
    client.send("quit\r\n");
    client.readAll();
    const std::string page{drillByte(0), drillByte(1), drillByte(2)};
    EXPECT_EQ(recording_.ended().lines, (std::vector<std::string>{"out 0 hello\r\n", "in 0 page 3\r\n", "evidence",
                                                                  "out 0 head\r\n" + page + "\r\n", "in 0 quit\r\n",
                                                                  "evidence", "out 0 bye\r\n"}));
}

TEST_F(StreamTest, GathersNoMoreThanAPacketHolds) {
    Client client = greeted(serve(spec()));
    client.send("page 40000\r\n");
    const std::string got = client.readBytes(40'008);
    client.send("quit\r\n");
    client.readAll();
    const auto session = recording_.ended();
    EXPECT_EQ(session.largestPacket, 16384U);
    EXPECT_EQ(session.out, "hello\r\n" + got + "bye\r\n");
    EXPECT_EQ(got.substr(0, 6) + got.substr(40'006), "head\r\n\r\n");
    EXPECT_EQ(got[6 + 39'999], drillByte(39'999));
}

TEST_F(StreamTest, ShowsTheEndOnlyWhenItIsDurable) {
    recording_.holdEnds(true);
    Client client = greeted(serve(spec()));
    client.send("quit\r\n");
    EXPECT_EQ(client.readLine(), "bye\r\n");
    EXPECT_EQ(recording_.ended().outcome, Outcome::Finished);
    EXPECT_FALSE(client.readable(50));
    EXPECT_EQ(view().openSessions, 1U);
    recording_.holdEnds(false);
    EXPECT_EQ(client.readAll(), "");
    EXPECT_EQ(client.endedBy(), Client::End::Fin);
}

TEST_F(StreamTest, DiscardsWhatStillComesSoThatTheLastReplyArrives) {
    Client client = greeted(serve(spec()));
    client.send("quit\r\n" + std::string(100'000, 'x'));
    EXPECT_EQ(client.readAll(), "bye\r\n");
    EXPECT_EQ(client.endedBy(), Client::End::Fin);
}

TEST_F(StreamTest, TellsAPeerThatHungUpFromOneThatReset) {
    const Endpoint where = serve(spec());
    Client polite = greeted(where);
    polite.finish();
    EXPECT_EQ(polite.readAll(), "end\r\n");
    Client rude = greeted(where);
    rude.reset();
    EXPECT_EQ(recording_.ended(0).outcome, Outcome::PeerClosed);
    EXPECT_EQ(recording_.ended(1).outcome, Outcome::Reset);
}

TEST_F(StreamTest, AnswersEverythingThatCameBeforeAHalfClose) {
    Client client = greeted(serve(spec()));
    std::string all;
    for (int i = 0; i < 2000; ++i) {
        all += "echo " + std::string(100, 'y') + "\r\n";
    }
    client.send(all);
    client.finish();
    EXPECT_EQ(client.readAll().size(), 2000U * 102U + 5U);
    EXPECT_EQ(recording_.ended().outcome, Outcome::PeerClosed);
}

TEST_F(StreamTest, TimesASilentPeerOut) {
    ServiceSpec impatient = spec();
    impatient.limits.idle = 50ms;
    Client client = greeted(serve(impatient));
    EXPECT_EQ(client.readAll(), "idle\r\n");
    EXPECT_EQ(recording_.ended().outcome, Outcome::TimedOut);
}

TEST_F(StreamTest, EndsALongSessionAtItsLimitHoweverBusy) {
    ServiceSpec brief = spec();
    brief.limits.total = 100ms;
    Client client = greeted(serve(brief));
    while (client.endedBy() == Client::End::None) {
        client.send("echo x\r\n");
        client.readLine();
    }
    EXPECT_EQ(recording_.ended().outcome, Outcome::Limit);
}

TEST_F(StreamTest, EndsASessionThatSendsTooMuch) {
    ServiceSpec narrow = spec();
    narrow.limits.sent = 1000;
    Client client = greeted(serve(narrow));
    client.send("big 5000\r\n");
    EXPECT_EQ(client.readAll().size(), 993U);
    EXPECT_EQ(recording_.ended().outcome, Outcome::Limit);
}

TEST_F(StreamTest, CutsAPeerThatDoesNotReadAndRecordsWhatWent) {
    ServiceSpec impatient = spec();
    impatient.limits.idle = 100ms;
    Client client(serve(impatient), std::nullopt, 4096);
    client.readLine();
    client.send("big 4000000\r\nbig 190000\r\n");
    const auto session = recording_.ended();
    EXPECT_EQ(session.outcome, Outcome::TimedOut);
    const std::string got = client.readAll();
    EXPECT_LT(got.size(), 4'000'000U);
    EXPECT_EQ(session.out, "hello\r\n" + got);
}

TEST_F(StreamTest, RingsTheAlarm) {
    Client client = greeted(serve(spec()));
    client.send("alarm 20\r\n");
    EXPECT_EQ(client.readLine(), "ring\r\n");
}

TEST_F(StreamTest, PausesWithoutReadingOrCountingSilence) {
    ServiceSpec impatient = spec();
    impatient.limits.idle = 80ms;
    Client client = greeted(serve(impatient));
    const auto begin = std::chrono::steady_clock::now();
    client.send("pause 200\r\n");
    client.send("echo later\r\n");
    EXPECT_EQ(client.readLine(), "woke\r\n");
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 200ms);
    EXPECT_EQ(client.readLine(), "later\r\n");
}

TEST_F(StreamTest, NoticesAResetInAPause) {
    Client client = greeted(serve(spec()));
    client.send("pause 60000\r\n");
    recording_.waitUntil([](const auto& sessions) { return sessions[0].in.size() > 5; });
    client.reset();
    EXPECT_EQ(recording_.ended().outcome, Outcome::Reset);
}

TEST_F(StreamTest, RecordsWhatHadComeBeforeAReset) {
    Client client = greeted(serve(spec()));
    client.send("pause 60000\r\n");
    recording_.waitUntil([](const auto& sessions) { return sessions[0].in.size() > 5; });
    client.send(std::string(30'000, 'r'));
    client.reset();
    EXPECT_EQ(recording_.ended().in, "pause 60000\r\n" + std::string(30'000, 'r'));
    EXPECT_EQ(recording_.ended().outcome, Outcome::Reset);
}

TEST_F(StreamTest, RecordsNoMoreBeforeAResetThanASessionMaySend) {
    ServiceSpec narrow = spec();
    narrow.limits.received = 20'000;
    Client client = greeted(serve(narrow));
    client.send("pause 60000\r\n");
    recording_.waitUntil([](const auto& sessions) { return sessions[0].in.size() > 5; });
    client.send(std::string(60'000, 'r'));
    client.reset();
    EXPECT_EQ(recording_.ended().in.size(),
              13U + 2 * 16'384U);  // the packet with which the limit is reached is the last
}

TEST_F(StreamTest, DropsTheOneConnectionWhoseSessionThrows) {
    const Endpoint where = serve(spec());
    Client other = greeted(where);
    Client client = greeted(where);
    client.send("throw\r\n");
    EXPECT_EQ(client.readAll(), "");
    EXPECT_EQ(recording_.ended(1).outcome, Outcome::Interrupted);
    other.send("echo fine\r\n");
    EXPECT_EQ(other.readLine(), "fine\r\n");
}

TEST_F(StreamTest, SendsNoMoreThanIsWrittenDown) {
    Client client = greeted(serve(spec()));
    client.send("big 3000000\r\n");
    ASSERT_TRUE(client.readable(5000));
    recording_.setFull(true);
    std::size_t got = 0;
    while (client.readable(200)) {  // what was on its way
        got += client.readBytes(1).size();
        got += client.readBytes(16'383).size();
        ASSERT_LT(got, 3'000'000U);
    }
    recording_.setFull(false);
    got += client.readBytes(3'000'000 - got).size();
    EXPECT_EQ(got, 3'000'000U);
    client.send("quit\r\n");
    client.readAll();
    EXPECT_EQ(recording_.ended().out.size(), 7 + got + 5);
}

TEST_F(StreamTest, ReadsNothingWhileTheRecorderIsFull) {
    ServiceSpec impatient = spec();
    impatient.limits.idle = 60ms;
    recording_.setFull(true);
    Client client = greeted(serve(impatient));
    client.send("echo x\r\n");
    EXPECT_FALSE(client.readable(150));
    recording_.setFull(false);
    EXPECT_EQ(client.readLine(), "x\r\n");
}

TEST_F(StreamTest, RemembersASourceAtItsNextVisit) {
    const Endpoint where = serve(spec());
    Client first = greeted(where);
    first.send("remember a secret\r\nquit\r\n");
    first.readAll();
    Client second = greeted(where);
    second.send("recall\r\n");
    EXPECT_EQ(second.readLine(), "a secret\r\n");
    Client stranger(where, loopback(0, 3));
    stranger.send("recall\r\n");
    stranger.readLine();
    EXPECT_EQ(stranger.readLine(), "\r\n");
}

TEST_F(StreamTest, ReadsUrgentBytesInTheirPlace) {
    Client client = greeted(serve(spec()));
    client.send("echo a");
    ::send(client.fd(), "!", 1, MSG_OOB);
    client.send("b\r\n");
    EXPECT_EQ(client.readLine(), "a!b\r\n");
}

TEST_F(StreamTest, ReadsOnBehindAnUrgentByteThatCameInTheMidst) {
    Client client = greeted(serve(spec()));
    for (int i = 0; i < 20; ++i) {
        client.send("echo a");
        ::send(client.fd(), "!", 1, MSG_OOB);
        client.send("b\r\necho c\r\n");
        EXPECT_EQ(client.readLine(), "a!b\r\n");
        EXPECT_EQ(client.readLine(), "c\r\n");
    }
}

TEST_F(StreamTest, ReadsOnBehindReadsThatWereFull) {
    Client client = greeted(serve(spec()));
    std::string whole;
    while (whole.size() < 32768) {
        whole += "echo 123456789\r\n";  // 16 bytes
    }
    for (int i = 0; i < 5; ++i) {
        client.send(whole);
        EXPECT_EQ(client.readBytes(2048 * 11).size(), 2048U * 11U);
        client.send("echo a\r\n");
        EXPECT_EQ(client.readLine(), "a\r\n");
    }
    client.send(whole);
    client.finish();
    EXPECT_EQ(client.readAll().size(), 2048U * 11U + 5U);
}

TEST_F(StreamTest, GivesEachSessionAnotherSeed) {
    static std::vector<std::uint64_t> seeds;
    Module noting = drill;
    noting.open = [](const Prepared& prepared, const Environment& environment) {
        seeds.push_back(environment.seed);
        return drill.open(prepared, environment);
    };
    ServiceSpec watched = spec();
    watched.module = &noting;
    const Endpoint where = serve(watched);
    greeted(where);
    greeted(where);
    end();
    ASSERT_EQ(seeds.size(), 2U);
    EXPECT_NE(seeds[0], seeds[1]);
}

}  // namespace
}  // namespace apiary::agent::test
