#include "tests/agent/engine/engine_fixture.hpp"
#include "tests/agent/engine/tls_client.hpp"

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

/// A connection over TLS, and a channel that the session is about to make private.
class ChannelTlsTest : public EngineFixture {
protected:
    ServiceSpec secure() {
        ServiceSpec service = spec();
        service.tls = TlsFiles{files_.certificate(), files_.key()};
        service.implicitTls = true;
        return service;
    }

    void begin(const ServiceSpec& service, int receiveBuffer = 0) {
        client_.emplace(serve(service));
        control_.emplace(client_->fd(), "");
        EXPECT_EQ(control_->read(), "hello\r\n");
        control_->write("passive\r\n");
        const std::string line = control_->read();
        data_.emplace(loopback(static_cast<std::uint16_t>(std::stoi(line.substr(5)))), std::nullopt, receiveBuffer);
        EXPECT_EQ(control_->read(), "came\r\n");
        control_->write("secure\r\n");
    }

    /// As a client that goes on with the session of the connection.
    TlsClient resumed() {
        TlsClient tls(data_->fd(), *control_);
        EXPECT_TRUE(tls.established());
        EXPECT_EQ(control_->read(), "channel resumed\r\n");
        return tls;
    }

    static std::string readAll(TlsClient& tls) {
        std::string all;
        for (std::string piece = tls.read(); !piece.empty(); piece = tls.read()) {
            all += piece;
        }
        return all;
    }

    Recorded quit() {
        control_->write("quit\r\n");
        while (!control_->read().empty()) {
        }
        return recording_.ended();
    }

    static bool has(const Recorded& session, const std::string& line) {
        return std::ranges::find(session.lines, line) != session.lines.end();
    }

    TestCertificate files_;
    std::optional<Client> client_;
    std::optional<TlsClient> control_;
    std::optional<Client> data_;
};

TEST_F(ChannelTlsTest, SendsAFileAndRecordsItInPlain) {
    begin(secure(), 4096);
    TlsClient tls = resumed();
    control_->write("get 1000000\r\n");
    EXPECT_EQ(readAll(tls), drillBytes(1'000'000));
    EXPECT_TRUE(tls.closedCleanly());
    EXPECT_EQ(control_->read(), "done\r\n");
    const auto session = quit();
    EXPECT_EQ(session.channelOut, drillBytes(1'000'000));
    EXPECT_TRUE(has(session, "channel 1 tls TLSv1.3 "));
    EXPECT_TRUE(has(session, "close 1"));
}

TEST_F(ChannelTlsTest, TakesAFile) {
    begin(secure());
    TlsClient tls = resumed();
    control_->write("put\r\n");
    tls.write(drillBytes(300'000));
    tls.finish();
    EXPECT_EQ(control_->read(), "took 300000\r\n");
    EXPECT_EQ(quit().channelIn, drillBytes(300'000));
}

TEST_F(ChannelTlsTest, KnowsAFileThatWasCutOffFromAWholeOne) {
    begin(secure());
    TlsClient tls = resumed();
    control_->write("put\r\n");
    tls.write("half");
    data_->finish();
    EXPECT_EQ(control_->read(), "broken at 4\r\n");
}

TEST_F(ChannelTlsTest, BreaksOffAtBytesThatAreNoTls) {
    begin(secure());
    TlsClient tls = resumed();
    control_->write("put\r\n");
    tls.write("half");
    data_->send("in the clear, all of a sudden");
    EXPECT_EQ(control_->read(), "broken at 4\r\n");
    EXPECT_EQ(quit().channelIn, "half");
}

TEST_F(ChannelTlsTest, SaysWhetherThePeerWentOnWithItsSession) {
    begin(secure());
    TlsClient tls(data_->fd(), "");
    ASSERT_TRUE(tls.established());
    EXPECT_EQ(control_->read(), "channel secure\r\n");
    control_->write("get 10\r\n");
    EXPECT_EQ(readAll(tls), drillBytes(10));
}

TEST_F(ChannelTlsTest, ServesTheConnectionWhileAHandshakeIsDue) {
    begin(secure());
    control_->write("echo awake\r\n");
    EXPECT_EQ(control_->read(), "awake\r\n");
    TlsClient tls = resumed();
    control_->write("get 10\r\n");
    EXPECT_EQ(readAll(tls), drillBytes(10));
}

TEST_F(ChannelTlsTest, TakesAHelloThatCameBeforeItWasAskedFor) {
    client_.emplace(serve(secure()));
    control_.emplace(client_->fd(), "");
    control_->read();
    control_->write("passive\r\n");
    data_.emplace(loopback(static_cast<std::uint16_t>(std::stoi(control_->read().substr(5)))));
    EXPECT_EQ(control_->read(), "came\r\n");
    data_->send(clientHello());
    control_->write("secure\r\n");
    EXPECT_EQ(data_->readBytes(1), "\x16") << "a server hello";
}

TEST_F(ChannelTlsTest, FailsAtPlaintextAndKeepsWhatItWas) {
    begin(secure());
    data_->send("USER root\r\n");
    EXPECT_EQ(control_->read(), "channel failed\r\n");
    data_->readAll();
    const auto session = quit();
    EXPECT_TRUE(has(session, "channel 1 tls failed USER root\r\n"));
    EXPECT_TRUE(has(session, "close 1"));
    EXPECT_EQ(session.channelIn, "");
    EXPECT_EQ(session.outcome, Outcome::Finished) << "the connection itself is well";
}

TEST_F(ChannelTlsTest, FailsWhoEndsInsteadOfAHandshake) {
    begin(secure());
    data_->finish();
    EXPECT_EQ(control_->read(), "channel failed\r\n");
}

TEST_F(ChannelTlsTest, FailsWhoResetsInMidHandshake) {
    begin(secure());
    data_->send(clientHello().substr(0, 30));
    data_->reset();
    EXPECT_EQ(control_->read(), "channel failed\r\n");
}

TEST_F(ChannelTlsTest, FailsWhoNeverBeginsTheHandshake) {
    ServiceSpec impatient = secure();
    impatient.limits.idle = 200ms;
    begin(impatient);
    std::string said;
    for (std::string piece = control_->read(); !piece.empty(); piece = control_->read()) {
        said += piece;
    }
    EXPECT_TRUE(said == "channel failed\r\nidle\r\n" || said == "idle\r\n") << said;
    EXPECT_EQ(data_->readAll(), "");
    EXPECT_EQ(recording_.ended().outcome, Outcome::TimedOut);
}

TEST_F(ChannelTlsTest, FailsWhoStopsInMidHandshake) {
    ServiceSpec impatient = secure();
    impatient.limits.idle = 200ms;
    begin(impatient);
    data_->send(clientHello().substr(0, 30));
    EXPECT_EQ(data_->readAll(), "");
    EXPECT_EQ(recording_.ended().outcome, Outcome::TimedOut);
}

TEST_F(ChannelTlsTest, FailsWithoutACertificate) {
    Client control = greeted(serve(spec()));
    control.send("passive\r\n");
    Client data(loopback(static_cast<std::uint16_t>(std::stoi(control.readLine().substr(5)))));
    EXPECT_EQ(control.readLine(), "came\r\n");
    control.send("secure\r\n");
    EXPECT_EQ(control.readLine(), "channel failed\r\n");
    EXPECT_EQ(data.readAll(), "");
}

TEST_F(ChannelTlsTest, AwaitsThePeersEndAfterItsOwn) {
    begin(secure(), 4096);
    TlsClient tls = resumed();
    control_->write("last 500000\r\n");
    EXPECT_EQ(readAll(tls), drillBytes(500'000));
    EXPECT_TRUE(tls.closedCleanly());
    EXPECT_FALSE(client_->readable(50));
    tls.write("so long");
    tls.finish();
    EXPECT_EQ(control_->read(), "took 7\r\n");
    const auto session = quit();
    EXPECT_EQ(session.channelIn, "so long");
    EXPECT_EQ(session.channelOut, drillBytes(500'000));
}

TEST_F(ChannelTlsTest, SendsAllToAPeerThatHasFinishedFirst) {
    begin(secure(), 4096);
    TlsClient tls = resumed();
    tls.finish();
    control_->write("last 500000\r\n");
    EXPECT_EQ(readAll(tls), drillBytes(500'000));
    EXPECT_EQ(control_->read(), "took 0\r\n");
}

TEST_F(ChannelTlsTest, EndsAPlainChannelWithoutTls) {
    Client control = greeted(serve(spec()));
    control.send("passive\r\n");
    Client data(loopback(static_cast<std::uint16_t>(std::stoi(control.readLine().substr(5)))));
    EXPECT_EQ(control.readLine(), "came\r\n");
    control.send("last 10\r\n");
    EXPECT_EQ(data.readAll(), drillBytes(10));
    data.send("over");
    data.finish();
    EXPECT_EQ(control.readLine(), "took 4\r\n");
}

TEST_F(ChannelTlsTest, TellsTheSessionOfAReset) {
    Client control = greeted(serve(spec()));
    control.send("passive\r\n");
    Client data(loopback(static_cast<std::uint16_t>(std::stoi(control.readLine().substr(5)))));
    EXPECT_EQ(control.readLine(), "came\r\n");
    control.send("put\r\n");
    data.send("half");
    EXPECT_TRUE(recording_.waitUntil([](const auto& sessions) { return sessions[0].channelIn == "half"; }));
    data.reset();
    EXPECT_EQ(control.readLine(), "broken at 4\r\n");
}

TEST_F(ChannelTlsTest, IsTornDownWithItsSessionInMidHandshake) {
    begin(secure());
    data_->send(clientHello().substr(0, 30));
    EXPECT_EQ(quit().outcome, Outcome::Finished);
    EXPECT_EQ(data_->readAll(), "");
}

}  // namespace
}  // namespace apiary::agent::test
