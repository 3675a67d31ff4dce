#include "agent/engine/wire.hpp"
#include "agent/protocols/registry.hpp"
#include "tests/agent/engine/engine_fixture.hpp"
#include "tests/agent/engine/tls_client.hpp"

#include <algorithm>
#include <chrono>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;

class TlsTest : public EngineFixture {
protected:
    ServiceSpec secure() {
        ServiceSpec service = spec();
        service.tls = TlsFiles{files_.certificate(), files_.key()};
        return service;
    }

    static bool has(const Recorded& session, const std::string& line) {
        return std::ranges::find(session.lines, line) != session.lines.end();
    }

    /// With one cipher suite, and without extensions.
    static std::string clientHelloOf(char minor, std::string_view suite) {
        const std::string body = std::string{'\x03', minor} + std::string(33, '\0') + std::string("\0\2", 2) +
                                 std::string(suite) + std::string("\1\0", 2);
        const auto length = [](std::size_t size) { return std::string{'\0', static_cast<char>(size)}; };
        return "\x16\x03\x01" + length(body.size() + 4) + std::string("\1\0", 2) + length(body.size()) + body;
    }

    TestCertificate files_;
};

TEST_F(TlsTest, TurnsAConnectionIntoTls) {
    Client client = greeted(serve(secure()));
    client.send("tls\r\n");
    EXPECT_EQ(client.readLine(), "go\r\n");
    TlsClient tls(client.fd(), "decoy.example");
    ASSERT_TRUE(tls.established());
    EXPECT_EQ(tls.read(), "secure decoy.example\r\n");
    tls.write("echo inside\r\n");
    EXPECT_EQ(tls.read(), "inside\r\n");
    tls.write("quit\r\n");
    EXPECT_EQ(tls.read(), "bye\r\n");
    EXPECT_EQ(tls.read(), "");
    EXPECT_TRUE(tls.closedCleanly());
    const auto session = recording_.ended();
    EXPECT_EQ(session.outcome, Outcome::Finished);
    EXPECT_EQ(session.in, "tls\r\necho inside\r\nquit\r\n");
    EXPECT_TRUE(has(session, "tls TLSv1.3 decoy.example"));
}

TEST_F(TlsTest, ShowsTheEndToATlsPeerOnlyWhenItIsDurable) {
    recording_.holdEnds(true);
    ServiceSpec implicit = secure();
    implicit.implicitTls = true;
    Client client(serve(implicit));
    TlsClient tls(client.fd(), "");
    EXPECT_EQ(tls.read(), "hello\r\n");
    tls.write("quit\r\n");
    EXPECT_EQ(tls.read(), "bye\r\n");
    EXPECT_FALSE(client.readable(50));
    recording_.holdEnds(false);
    EXPECT_EQ(tls.read(), "");
    EXPECT_TRUE(tls.closedCleanly());
}

TEST_F(TlsTest, BeginsWithTlsWhereTheServiceDoes) {
    ServiceSpec implicit = secure();
    implicit.implicitTls = true;
    Client client(serve(implicit));
    TlsClient tls(client.fd(), "");
    ASSERT_TRUE(tls.established());
    EXPECT_EQ(tls.read(), "hello\r\n");
}

TEST_F(TlsTest, ServesTheTlsOfOldClients) {
    ServiceSpec implicit = secure();
    implicit.implicitTls = true;
    Client client(serve(implicit));
    TlsClient tls(client.fd(), "", TLS1_VERSION);
    ASSERT_TRUE(tls.established());
    EXPECT_EQ(tls.read(), "hello\r\n");
    EXPECT_TRUE(recording_.waitUntil([](const auto& sessions) { return has(sessions[0], "tls TLSv1 "); }));
}

TEST_F(TlsTest, CarriesMoreThanASocketHolds) {
    ServiceSpec implicit = secure();
    implicit.implicitTls = true;
    Client client(serve(implicit), std::nullopt, 4096);
    TlsClient tls(client.fd(), "");
    tls.read();
    tls.write("big 3000000\r\n");
    std::string got;
    while (got.size() < 3'000'000) {
        const std::string piece = tls.read();
        ASSERT_FALSE(piece.empty());
        got += piece;
    }
    EXPECT_EQ(got[2'999'999], drillByte(2'999'999));
    tls.write("quit\r\n");
    tls.read();
    EXPECT_EQ(recording_.ended().out, "hello\r\n" + got + "bye\r\n");
}

TEST_F(TlsTest, HandsAnEagerHelloToTheHandshake) {
    Client client = greeted(serve(secure()));
    client.send("tls\r\n");
    client.send(clientHello());  // may come in one piece with the command: then it was read too early
    EXPECT_EQ(client.readLine(), "go\r\n");
    EXPECT_EQ(client.readBytes(1), "\x16") << "a server hello";
}

TEST_F(TlsTest, AnswersPlaintextWhereAHandshakeWasDueInWords) {
    Client client = greeted(serve(secure()));
    client.send("tls\r\necho smuggled\r\n");
    EXPECT_EQ(client.readLine(), "go\r\n");
    EXPECT_EQ(client.readAll(), "error:0A00010B:SSL routines::wrong version number\r\n");
    const auto session = recording_.ended();
    EXPECT_EQ(session.outcome, Outcome::TlsFailed);
    EXPECT_TRUE(has(session, "tls failed echo smuggled\r\n"));
}

TEST_F(TlsTest, SaysAnAlertAndThenTheWordsWhereAHandshakeFails) {
    const std::pair<std::string, std::string> kinds[] = {
        {{"\x16\x03\x01\x00\x05hello", 10},
         "\x15\x03\x03" + std::string(1, '\0') + "\x02\x02\x0a" +
             "error:0A0000F4:SSL routines::unexpected message\r\n"},
        {{"\x15\x03\x01\x00\x02\x02\x28", 7},
         "\x15\x03\x01" + std::string(1, '\0') + "\x02\x02\x0a" +
             "error:0A0000F4:SSL routines::unexpected message\r\n"},
        {clientHelloOf('\3', std::string_view("\0\1", 2)),
         "\x15\x03\x03" + std::string(1, '\0') + "\x02\x02\x28" + "error:0A0000C1:SSL routines::no shared cipher\r\n"},
    };
    const auto server = serve(secure());
    for (const auto& [sent, answer] : kinds) {
        Client client = greeted(server);
        client.send("tls\r\n");
        EXPECT_EQ(client.readLine(), "go\r\n");
        client.send(sent);
        EXPECT_EQ(client.readAll(), answer);
    }
}

TEST_F(TlsTest, TellsAPeerThatEndsInPlaceOfAHandshakeOrInItsMidstWhereThatIsAnError) {
    ServiceSpec exact = secure();
    exact.module = &drillExact;
    const auto server = serve(exact);
    for (const std::string& sent : {std::string(), std::string("\x16\x03")}) {
        Client client = greeted(server);
        client.send("tls\r\n");
        EXPECT_EQ(client.readLine(), "go\r\n");
        client.send(sent);
        client.finish();
        EXPECT_EQ(client.readAll(), "\x15\x03\x03" + std::string(1, '\0') + "\x02\x02\x32" +
                                        "error:0A000126:SSL routines::unexpected eof while reading\r\n");
    }
}

TEST_F(TlsTest, SaysNoMoreThanWordsOfAnEndWhereThatIsNone) {
    Client client = greeted(serve(secure()));
    client.send("tls\r\n");
    EXPECT_EQ(client.readLine(), "go\r\n");
    client.finish();
    EXPECT_EQ(client.readAll(), "plain\r\n");
    EXPECT_EQ(recording_.ended().outcome, Outcome::PeerClosed);
}

TEST_F(TlsTest, SaysNoAlertForAServerThatSaysNone) {
    ServiceSpec strict = secure();
    strict.module = &drillStrict;
    strict.implicitTls = true;
    Client client(serve(strict));
    client.send("\x16\x03\x01" + std::string("\0\x05hello", 7));
    EXPECT_EQ(client.readAll(), "");
    EXPECT_EQ(recording_.ended().outcome, Outcome::TlsFailed);
}

TEST_F(TlsTest, ServesTheVersionsOfItsServerAlone) {
    ServiceSpec strict = secure();
    strict.module = &drillStrict;
    strict.implicitTls = true;
    const auto server = serve(strict);
    for (const auto& [version, taken] :
         {std::pair{TLS1_VERSION, false}, {TLS1_1_VERSION, false}, {TLS1_2_VERSION, true}, {TLS1_3_VERSION, true}}) {
        Client client(server);
        EXPECT_EQ(TlsClient(client.fd(), "", version).established(), taken) << version;
    }
}

TEST_F(TlsTest, EachProtocolCanServeAsItsServerDoes) {
    for (const Module* module : modules()) {
        const auto context = loadTls(files_.certificate(), files_.key(), module->tls);
        ASSERT_TRUE(context) << module->name << ": " << context.error();
        EXPECT_NE(SSL_CTX_get_ciphers(context->get()), nullptr) << module->name;
    }
}

TEST_F(TlsTest, AnswersPlaintextInWordsWhereTheServiceBeginsWithTls) {
    ServiceSpec implicit = secure();
    implicit.implicitTls = true;
    Client client(serve(implicit));
    client.send("wo");
    EXPECT_FALSE(client.readable(30)) << "TLS would wait for a header";
    client.send("rds\r\n");
    EXPECT_EQ(client.readAll(), "plain from the start\r\n");
    const auto session = recording_.ended();
    EXPECT_EQ(session.outcome, Outcome::TlsFailed);
    EXPECT_TRUE(has(session, "tls failed words\r\n"));
}

TEST_F(TlsTest, LeavesOtherPlaintextToTls) {
    ServiceSpec implicit = secure();
    implicit.implicitTls = true;
    Client client(serve(implicit));
    client.send("other\r\n");
    EXPECT_EQ(client.readAll().find("plain"), std::string::npos);
    const auto session = recording_.ended();
    EXPECT_EQ(session.outcome, Outcome::TlsFailed);
    EXPECT_TRUE(has(session, "tls failed other\r\n"));
}

TEST_F(TlsTest, KeepsTheLittleThatCameInPlaceOfAHandshake) {
    ServiceSpec implicit = secure();
    implicit.implicitTls = true;
    Client client(serve(implicit));
    client.send("hi");
    client.finish();
    client.readAll();
    const auto session = recording_.ended();
    EXPECT_EQ(session.outcome, Outcome::PeerClosed);
    EXPECT_TRUE(has(session, "tls failed hi"));
}

TEST_F(TlsTest, CallsBrokenTlsFailed) {
    Client client = greeted(serve(secure()));
    client.send("tls\r\n");
    client.readLine();
    client.send("\x16\x03\x01" + std::string("\0\x05garbage", 9));
    client.readAll();
    EXPECT_EQ(recording_.ended().outcome, Outcome::TlsFailed);
}

TEST_F(TlsTest, FailsWithoutACertificate) {
    Client client = greeted(serve(spec()));
    client.send("tls\r\n");
    EXPECT_EQ(client.readLine(), "go\r\n");
    client.send(clientHello());
    EXPECT_EQ(client.readAll(), "plain\r\n");
    EXPECT_EQ(recording_.ended().outcome, Outcome::TlsFailed);
}

TEST_F(TlsTest, TimesOutWhoNeverBeginsTheHandshake) {
    ServiceSpec impatient = secure();
    impatient.limits.idle = 60ms;
    Client client = greeted(serve(impatient));
    client.send("tls\r\n");
    EXPECT_EQ(client.readLine(), "go\r\n");
    EXPECT_EQ(client.readAll(), "");
    EXPECT_EQ(recording_.ended().outcome, Outcome::TimedOut);
}

TEST_F(TlsTest, FailsWhoStopsInMidHandshake) {
    ServiceSpec impatient = secure();
    impatient.limits.idle = 60ms;
    Client client = greeted(serve(impatient));
    client.send("tls\r\n");
    client.readLine();
    client.send(clientHello().substr(0, 30));
    client.readAll();
    EXPECT_EQ(recording_.ended().outcome, Outcome::TlsFailed);
}

}  // namespace
}  // namespace apiary::agent::test
