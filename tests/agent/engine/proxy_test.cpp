#include "common/net/address.hpp"
#include "tests/agent/engine/engine_fixture.hpp"

namespace apiary::agent::test {
namespace {

class ProxyTest : public EngineFixture {
protected:
    ProxyTest() {
        ServiceSpec behind = spec();
        behind.proxies = {loopback()};
        where_ = serve(behind);
    }
    Endpoint where_;
};

TEST_F(ProxyTest, TakesTheClientFromTheHeaderAndKeepsTheProxy) {
    Client proxy(where_);
    proxy.send("PROXY TCP4 192.0.2.7 203.0.113.5 40000 21\r\necho behind\r\n");
    EXPECT_EQ(proxy.readLine(), "hello\r\n");
    EXPECT_EQ(proxy.readLine(), "behind\r\n");
    proxy.send("quit\r\n");
    proxy.readAll();
    const auto session = recording_.ended();
    EXPECT_EQ(endpointText(session.start.source), "192.0.2.7:40000");
    EXPECT_EQ(endpointText(session.start.target), "203.0.113.5:21");
    ASSERT_TRUE(session.start.proxy);
    EXPECT_EQ(*session.start.proxy, proxy.local());
    EXPECT_EQ(session.in, "echo behind\r\nquit\r\n");
}

TEST_F(ProxyTest, WaitsForAHeaderInPieces) {
    Client proxy(where_);
    for (const char c : std::string("PROXY TCP4 192.0.2.7 203.0.113.5 40000 21\r\n")) {
        proxy.send(std::string(1, c));
    }
    EXPECT_EQ(proxy.readLine(), "hello\r\n");
}

TEST_F(ProxyTest, DropsAProxyWithoutHeader) {
    Client proxy(where_);
    proxy.send("echo x\r\n");
    EXPECT_EQ(proxy.readAll(), "");
    EXPECT_TRUE(recording_.sessions().empty());
}

TEST_F(ProxyTest, BelievesNobodyElse) {
    Client liar(where_, loopback(0, 5));
    EXPECT_EQ(liar.readLine(), "hello\r\n");
    liar.send("PROXY TCP4 192.0.2.7 203.0.113.5 40000 21\r\nquit\r\n");
    liar.readAll();
    const auto session = recording_.ended();
    EXPECT_EQ(session.start.source, liar.local());
    EXPECT_FALSE(session.start.proxy);
    EXPECT_TRUE(session.in.starts_with("PROXY TCP4"));
}

TEST_F(ProxyTest, AsksAdmissionForTheClientNotTheProxy) {
    ServiceSpec slow = spec();
    slow.proxies = {loopback()};
    slow.admission = {Millis(60'000), 1, 100};
    serve(slow);
    for (const char* client : {"192.0.2.7", "192.0.2.8", "192.0.2.7"}) {
        Client proxy(where_);
        proxy.send("PROXY TCP4 " + std::string(client) + " 203.0.113.5 40000 21\r\nquit\r\n");
        proxy.readAll();
    }
    ASSERT_TRUE(recording_.waitForRefusals(1));
    EXPECT_EQ(endpointText(recording_.refusals()[0].source), "192.0.2.7:40000");
    EXPECT_EQ(recording_.sessions().size(), 2U);
}

}  // namespace
}  // namespace apiary::agent::test
