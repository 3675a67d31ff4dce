#include "tests/agent/engine/engine_fixture.hpp"

#include <algorithm>
#include <chrono>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;

class DatagramTest : public EngineFixture {
protected:
    static ServiceSpec datagrams() {
        ServiceSpec service = spec(drillDatagram);
        service.limits.idle = 400ms;  // also on a busy machine longer than between two datagrams
        service.credit = {2, 100, 100'000};
        return service;
    }
};

TEST_F(DatagramTest, AnswersAndRecordsAFlow) {
    const Endpoint where = serve(datagrams());
    const DatagramClient client(loopback());
    client.send("one", where);
    EXPECT_EQ(client.receive()->bytes, "one");
    client.send("two", where);
    EXPECT_EQ(client.receive()->bytes, "two");
    const auto session = recording_.ended();
    EXPECT_EQ(session.start.source, client.local());
    EXPECT_EQ(session.start.target, where);
    EXPECT_EQ(session.start.transport, Transport::Datagram);
    EXPECT_EQ(session.outcome, Outcome::TimedOut);
    EXPECT_EQ(session.lines, (std::vector<std::string>{"in 0 one", "out 0 one", "in 0 two", "out 0 two", "note cut"}));
}

TEST_F(DatagramTest, AnswersFromTheAddressThatWasAsked) {
    ServiceSpec any = datagrams();
    any.listens = {Endpoint::of({0, 0, 0, 0}, 0)};
    const Endpoint where = loopback(serve(any).port, 44);
    const DatagramClient client(loopback());
    client.send("one", where);
    EXPECT_EQ(client.receive()->from, where);
    EXPECT_EQ(recording_.ended().start.target, where);
}

TEST_F(DatagramTest, ServesIpv6) {
    ServiceSpec six = datagrams();
    six.listens = {Endpoint{{}, 0}};
    const Endpoint where = loopback6(serve(six).port);
    const DatagramClient client(loopback6());
    client.send("six", where);
    const auto reply = client.receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->bytes, "six");
    EXPECT_EQ(reply->from, where);
}

TEST_F(DatagramTest, SendsTheLastReplyWhenTheEndIsDurable) {
    recording_.holdEnds(true);
    const Endpoint where = serve(datagrams());
    const DatagramClient client(loopback());
    client.send("bye", where);
    EXPECT_EQ(recording_.ended().outcome, Outcome::Finished);
    EXPECT_FALSE(client.receive(50));
    recording_.holdEnds(false);
    EXPECT_EQ(client.receive()->bytes, "bye");
}

TEST_F(DatagramTest, BeginsAnotherFlowAfterTheEndOfOne) {
    const Endpoint where = serve(datagrams());
    const DatagramClient client(loopback());
    client.send("bye", where);
    client.receive();
    client.send("again", where);
    EXPECT_EQ(client.receive()->bytes, "again");
    ASSERT_TRUE(recording_.waitForEnds(2));
}

TEST_F(DatagramTest, SendsNoMoreThanTheSourcePaidFor) {
    ServiceSpec fair = datagrams();
    fair.credit = {1, 100, 100'000};
    const Endpoint where = serve(fair);
    const DatagramClient client(loopback());
    client.send("twice", where);
    EXPECT_EQ(client.receive()->bytes, "twice");
    const auto session = recording_.ended();
    EXPECT_EQ(session.lines,
              (std::vector<std::string>{"in 0 twice", "out 0 twice",
                                        "note reply withheld: the source has no credit for it", "note cut"}));
    EXPECT_FALSE(client.receive(0));
    EXPECT_EQ(view().withheld, 1U);
}

TEST_F(DatagramTest, AnswersANetworkOnlySoOften) {
    ServiceSpec rare = datagrams();
    rare.credit = {2, 2, 100'000};
    const Endpoint where = serve(rare);
    for (std::uint8_t last = 2; last <= 3; ++last) {
        const DatagramClient client(loopback(0, last));
        client.send("x", where);
        EXPECT_TRUE(client.receive());
    }
    const DatagramClient client(loopback(0, 4));
    client.send("x", where);
    EXPECT_EQ(recording_.ended(2).out, "");
    EXPECT_FALSE(client.receive(0));
}

TEST_F(DatagramTest, NeverAnswersAnotherDecoy) {
    const Endpoint where = serve(datagrams());
    const DatagramClient decoy(loopback(where.port, 2));
    decoy.send("x", where);
    const auto session = recording_.ended();
    EXPECT_EQ(session.in, "x");
    EXPECT_EQ(session.out, "");
    EXPECT_FALSE(decoy.receive(0));
}

TEST_F(DatagramTest, RecordsAnEmptyDatagramAndALongOne) {
    const Endpoint where = serve(datagrams());
    const DatagramClient client(loopback());
    client.send("", where);
    client.send(std::string(40'000, 'z'), where);
    ASSERT_TRUE(client.receive());
    const auto session = recording_.ended();
    EXPECT_EQ(session.in, std::string(40'000, 'z'));
    EXPECT_EQ(session.largestPacket, 16384U);
    EXPECT_EQ(session.lines.at(0), "in 0 ");
}

TEST_F(DatagramTest, RefusesNewFlowsInsideTheWaitingTime) {
    ServiceSpec slow = datagrams();
    slow.admission = {Millis(60'000), 1, 100};
    const Endpoint where = serve(slow);
    const DatagramClient first(loopback());
    const DatagramClient second(loopback());
    first.send("x", where);
    first.receive();
    second.send("y", where);
    ASSERT_TRUE(recording_.waitForRefusals(1));
    EXPECT_EQ(recording_.refusals()[0].source, second.local());
    EXPECT_EQ(recording_.refusals()[0].transport, Transport::Datagram);
}

TEST_F(DatagramTest, LetsGoOfThePortWhenStopped) {
    ServiceSpec same = datagrams();
    same.listens = {serve(datagrams())};
    engine_->stop("drill");
    EXPECT_EQ(serve(same), same.listens[0]);
}

TEST_F(DatagramTest, CountsWhatItCannotKeepWhileNothingCanBeRecorded) {
    recording_.setFull(true);
    const Endpoint where = serve(datagrams());
    const DatagramClient flood(loopback());
    std::vector<DatagramClient> others;  // each keeps its port, or the next one may be of its flow
    for (std::size_t turn = 1; turn <= 20; ++turn) {
        for (int i = 0; i < 100; ++i) {
            flood.send("", where);
        }
        others.emplace_back(loopback()).send("the others have arrived", where);
        ASSERT_TRUE(recording_.waitUntil([&](const auto& sessions) { return sessions.size() > turn; }));
    }
    recording_.setFull(false);
    auto lines = recording_.ended().lines;
    EXPECT_EQ(
        std::ranges::count(lines, "note 976 datagrams of 0 bytes dropped: more came than could be answered in turn"),
        1);
    EXPECT_EQ(std::ranges::count(lines, "in 0 "), 1024);
}

TEST_F(DatagramTest, WaitsForTheRecorderWithoutSpinning) {
    recording_.setFull(true);
    ServiceSpec impatient = datagrams();
    impatient.limits.idle = 1ms;
    const Endpoint where = serve(impatient);
    const DatagramClient client(loopback());
    const auto begin = std::chrono::steady_clock::now();
    client.send("x", where);
    recording_.waitForAsked(20);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 50ms);
    recording_.setFull(false);
    EXPECT_EQ(recording_.ended().in, "x");
}

TEST_F(DatagramTest, KeepsEachSourceOnItsThread) {
    restart({.threads = 3});
    ServiceSpec patient = datagrams();
    patient.limits.idle = Millis(3000);  // a busy machine must not end a flow between its two questions
    const Endpoint where = serve(patient);
    std::vector<DatagramClient> clients;
    for (int i = 0; i < 20; ++i) {
        clients.emplace_back(loopback()).send("a", where);
    }
    for (const DatagramClient& client : clients) {
        EXPECT_EQ(client.receive()->bytes, "a");
        client.send("b", where);
        EXPECT_EQ(client.receive()->bytes, "b");
    }
    ASSERT_TRUE(recording_.waitForEnds(20));
    EXPECT_EQ(recording_.sessions().size(), 20U);
}

}  // namespace
}  // namespace apiary::agent::test
