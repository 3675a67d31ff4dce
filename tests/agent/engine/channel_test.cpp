#include "agent/engine/bound_socket.hpp"
#include "tests/agent/engine/engine_fixture.hpp"

#include <algorithm>
#include <chrono>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;

std::string drillBytes(std::size_t count) {
    std::string bytes(count, ' ');
    for (std::size_t i = 0; i < count; ++i) {
        bytes[i] = drillByte(i);
    }
    return bytes;
}

class ChannelTest : public EngineFixture {
protected:
    /// Asks for a port and returns where it is.
    static Endpoint ask(Client& control) {
        control.send("passive\r\n");
        const std::string line = control.readLine();
        EXPECT_TRUE(line.starts_with("port ")) << line;
        return loopback(static_cast<std::uint16_t>(std::stoi(line.substr(5))));
    }

    /// Asks for a port and connects there.
    static Client open(Client& control, int receiveBuffer = 0) {
        Client data(ask(control), std::nullopt, receiveBuffer);
        EXPECT_EQ(control.readLine(), "came\r\n");
        return data;
    }
};

TEST_F(ChannelTest, SendsAFileAndSaysWhenItIsThere) {
    Client control = greeted(serve(spec()));
    Client data = open(control);
    control.send("get 1000000\r\n");
    EXPECT_EQ(data.readAll(), drillBytes(1'000'000));
    EXPECT_EQ(data.endedBy(), Client::End::Fin);
    EXPECT_EQ(control.readLine(), "done\r\n");
    control.send("quit\r\n");
    control.readAll();
    const auto session = recording_.ended();
    EXPECT_EQ(session.channelOut, drillBytes(1'000'000));
    EXPECT_EQ(session.largestPacket, 16384U);
    EXPECT_EQ(std::ranges::count(session.lines, "open 1"), 1);
    EXPECT_EQ(std::ranges::count(session.lines, "close 1"), 1);
}

TEST_F(ChannelTest, TakesAFile) {
    Client control = greeted(serve(spec()));
    Client data = open(control);
    control.send("put\r\n");
    data.send(drillBytes(300'000));
    data.finish();
    EXPECT_EQ(control.readLine(), "took 300000\r\n");
    control.send("quit\r\n");
    control.readAll();
    EXPECT_EQ(recording_.ended().channelIn, drillBytes(300'000));
}

TEST_F(ChannelTest, LosesNothingThatCameBeforeItWasWanted) {
    Client control = greeted(serve(spec()));
    Client data = open(control);
    data.send("early");
    data.finish();
    control.send("echo between\r\n");
    EXPECT_EQ(control.readLine(), "between\r\n");
    control.send("put\r\n");
    EXPECT_EQ(control.readLine(), "took 5\r\n");
}

TEST_F(ChannelTest, AnswersOnTheConnectionWhileATransferIsStalled) {
    Client control = greeted(serve(spec()));
    Client data = open(control, 4096);
    control.send("get 4000000\r\n");
    EXPECT_EQ(data.readBytes(1000), drillBytes(1000));
    control.send("echo awake\r\n");
    EXPECT_EQ(control.readLine(), "awake\r\n");
    EXPECT_EQ(data.readAll().size(), 3'999'000U);
    EXPECT_EQ(control.readLine(), "done\r\n");
}

TEST_F(ChannelTest, KeepsTheOrderOfATurnThatClosesTheChannel) {
    Client control = greeted(serve(spec()));
    Client data = open(control, 4096);
    control.send("blast 4000000\r\n");
    EXPECT_FALSE(control.readable(50));
    EXPECT_EQ(data.readAll(), drillBytes(4'000'000));
    EXPECT_EQ(control.readLine(), "done\r\n");
}

TEST_F(ChannelTest, LetsTheChannelFinishWhenTheSessionCloses) {
    Client control = greeted(serve(spec()));
    Client data = open(control, 4096);
    control.send("leave 4000000\r\n");
    EXPECT_EQ(data.readAll(), drillBytes(4'000'000));
    EXPECT_EQ(control.readAll(), "");
    EXPECT_EQ(recording_.ended().outcome, Outcome::Finished);
}

TEST_F(ChannelTest, TellsTheSessionThatAPeerLeftInMidTransfer) {
    Client control = greeted(serve(spec()));
    Client data = open(control, 4096);
    control.send("get 4000000\r\n");
    data.readBytes(1000);
    data.reset();
    EXPECT_EQ(control.readLine(), "cut\r\n");
}

TEST_F(ChannelTest, GoesOnToServeATransferAfterAHalfCloseOfTheConnection) {
    Client control = greeted(serve(spec()));
    Client data = open(control, 4096);
    control.send("get 2000000\r\n");
    control.finish();
    EXPECT_EQ(data.readAll(), drillBytes(2'000'000));
    EXPECT_EQ(control.readAll(), "end\r\ndone\r\n");
    EXPECT_EQ(recording_.ended().outcome, Outcome::PeerClosed);
}

TEST_F(ChannelTest, LetsNobodyElseIn) {
    Client control = greeted(serve(spec()));
    const Endpoint where = ask(control);
    Client thief(where, loopback(0, 66));
    EXPECT_EQ(thief.readAll(), "");
    Client data(where);
    EXPECT_EQ(control.readLine(), "came\r\n");
    control.send("get 10\r\n");
    EXPECT_EQ(data.readAll(), drillBytes(10));
}

TEST_F(ChannelTest, TakesOneConnectionOnly) {
    Client control = greeted(serve(spec()));
    const Endpoint where = ask(control);
    Client data(where);
    control.readLine();
    EXPECT_FALSE(Client(where).connected());
}

TEST_F(ChannelTest, ListensInTheRangeThatIsConfigured) {
    const std::uint16_t port = bindSockets(loopback(), Transport::Stream, 1)->bound.port;
    ServiceSpec ranged = spec();
    ranged.passivePorts = {port, port};
    const Endpoint where = serve(ranged);
    Client control = greeted(where);
    EXPECT_EQ(ask(control).port, port);
    Client second = greeted(where);
    second.send("passive\r\n");
    EXPECT_EQ(second.readLine(), "no port\r\n");
    control.send("quit\r\n");
    control.readAll();
    EXPECT_EQ(ask(second).port, port);
}

TEST_F(ChannelTest, ListensOnTheAddressThatThePeerUses) {
    ServiceSpec six = spec();
    six.listens = {loopback6()};
    Client control = greeted(serve(six));
    control.send("passive\r\n");
    const auto port = static_cast<std::uint16_t>(std::stoi(control.readLine().substr(5)));
    EXPECT_FALSE(Client(loopback(port)).connected());
    EXPECT_TRUE(Client(loopback6(port)).connected());
    EXPECT_EQ(control.readLine(), "came\r\n");
}

TEST_F(ChannelTest, ReplacesAChannelThatIsStillThere) {
    Client control = greeted(serve(spec()));
    Client first = open(control);
    Client second = open(control);
    EXPECT_EQ(first.readAll(), "");
    control.send("get 10\r\n");
    EXPECT_EQ(second.readAll(), drillBytes(10));
    control.send("quit\r\n");
    control.readAll();
    EXPECT_EQ(std::ranges::count(recording_.ended().lines, "close 2"), 1);
}

TEST_F(ChannelTest, EndsTheSessionOfAPeerThatTakesNothing) {
    ServiceSpec impatient = spec();
    impatient.limits.idle = 100ms;
    Client control = greeted(serve(impatient));
    Client data = open(control, 4096);
    control.send("get 4000000\r\n");
    EXPECT_EQ(control.readAll(), "idle\r\n");
    const auto session = recording_.ended();
    EXPECT_EQ(session.outcome, Outcome::TimedOut);
    EXPECT_EQ(session.channelOut, data.readAll());
    EXPECT_LT(session.channelOut.size(), 4'000'000U);
}

TEST_F(ChannelTest, IsTornDownWithItsSession) {
    Client control = greeted(serve(spec()));
    Client data = open(control);
    const Endpoint next = ask(control);
    EXPECT_EQ(data.readAll(), "");
    control.send("quit\r\n");
    control.readAll();
    EXPECT_FALSE(Client(next).connected());
    const auto lines = recording_.ended().lines;
    EXPECT_EQ(std::ranges::count(lines, "close 1"), 1);
    EXPECT_EQ(std::ranges::count(lines, "open 2"), 0);
    EXPECT_EQ(std::ranges::count(lines, "close 2"), 0);
}

}  // namespace
}  // namespace apiary::agent::test
