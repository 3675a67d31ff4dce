#include "agent/engine/bound_socket.hpp"
#include "tests/agent/engine/engine_fixture.hpp"

#include <array>

namespace apiary::agent::test {
namespace {

/// Hosts are 127.0.9.1 to 127.0.9.255; the port is that of the wildcard socket which stands for the steered ones, as
/// the loopback is all local: what getsockname() says is the address that the peer dialled.
class DrillHosts final : public HostFaces {
public:
    bool covers(const Endpoint& target) const override {
        const auto v4 = target.v4();
        return v4 && (*v4)[2] == 9 && (*v4)[3] != 0;
    }
    bool isHost(const Endpoint& address) const override { return covers(address); }
    HostFace face(const Endpoint& target) const override {
        return {"persona-" + std::to_string(target.address[15]), *prepare(drill)};
    }
};

Endpoint host(std::uint8_t number, std::uint16_t port) {
    return Endpoint::of({127, 0, 9, number}, port);
}

class HostsTest : public EngineFixture {
protected:
    static constexpr std::size_t kThreads = 2;

    HostsTest() {
        restart({.threads = kThreads,
                 .connections = 40,
                 .steered = [this](const std::string& service, const Endpoint& loopback, std::size_t count,
                                   SteeredUse) -> Result<std::vector<Descriptor>> {
                     asked_.push_back(service + ' ' + std::to_string(loopback.port) + ' ' + std::to_string(count));
                     if (refusal_.empty()) {
                         auto bound = bindSockets(Endpoint::of({0, 0, 0, 0}, 0), Transport::Stream, count);
                         port_ = bound->bound.port;
                         return std::move(bound->sockets);
                     }
                     return Error{refusal_};
                 }});
    }
    ~HostsTest() override { end(); }

    static ServiceSpec hosts() {
        ServiceSpec spec = EngineFixture::spec();
        spec.listens = {};
        spec.hosts = std::make_shared<DrillHosts>();
        spec.steered = {loopback(61'000)};
        spec.shown = {host(1, 21)};
        return spec;
    }

    std::vector<std::string> asked_;
    std::string refusal_;
    std::uint16_t port_ = 0;
};

TEST_F(HostsTest, RecordsTheHostThatWasDialledAndItsPersona) {
    serve(hosts());
    EXPECT_EQ(asked_, std::vector<std::string>{"drill 61000 2"});
    constexpr std::array<std::uint8_t, 2> kHosts{7, 200};
    for (std::size_t i = 0; i < kHosts.size(); ++i) {
        const std::uint8_t number = kHosts[i];
        Client client(host(number, port_), loopback(0, 8));
        EXPECT_EQ(client.readLine(), "hello\r\n");
        client.send("quit\r\n");
        const auto session = recording_.ended(i);
        EXPECT_EQ(session.start.target, host(number, port_));
        EXPECT_EQ(session.start.persona, "persona-" + std::to_string(number));
    }
}

TEST_F(HostsTest, ShowsHostsAndNotTheLoopback) {
    serve(hosts());
    EXPECT_EQ(view().listens, std::vector<Endpoint>{host(1, 21)});
}

TEST_F(HostsTest, RefusesAnAddressThatIsNoHost) {
    serve(hosts());
    Client client(loopback(port_));
    EXPECT_EQ(client.readAll(), "");
    EXPECT_EQ(view().sessions, 0U);
    EXPECT_EQ(view().refused, 1U);
}

TEST_F(HostsTest, KnowsASourceOnlyWhereItWas) {
    serve(hosts());
    Client writer(host(1, port_), loopback(0, 8));
    writer.readLine();
    writer.send("remember here\r\nquit\r\n");
    writer.readAll();
    recording_.ended();
    const auto recalled = [&](std::uint8_t number) {
        Client reader(host(number, port_), loopback(0, 8));
        reader.readLine();
        reader.send("recall\r\nquit\r\n");
        return reader.readAll();
    };
    EXPECT_NE(recalled(1).find("here"), std::string::npos);
    EXPECT_EQ(recalled(2).find("here"), std::string::npos);
}

TEST_F(HostsTest, CountsWaitingTimeForEachHost) {
    ServiceSpec slow = hosts();
    slow.admission = {.waiting = std::chrono::hours(1), .burst = 1, .perSource = 100};
    serve(slow);
    greeted(host(1, port_));
    greeted(host(2, port_));
    Client again(host(1, port_));
    EXPECT_EQ(again.readAll(), "");
    EXPECT_EQ(view().refused, 1U);
}

TEST_F(HostsTest, LeavesRoomForOthersToOneSourceOverAllHosts) {
    ServiceSpec few = hosts();
    few.admission.perSource = 2;
    serve(few);
    std::vector<Client> held;
    for (std::uint8_t number = 1; number <= 10; ++number) {  // a quarter of 40
        held.push_back(greeted(host(number, port_)));
    }
    Client more(host(11, port_));
    EXPECT_EQ(more.readAll(), "");
    Client other(host(11, port_), loopback(0, 77));
    EXPECT_EQ(other.readLine(), "hello\r\n");
}

TEST_F(HostsTest, FailsWithTheReasonOfWhoSteersAndStartsLater) {
    refusal_ = "nobody steers; start apiary-coverage";
    EXPECT_FALSE(engine_->start(hosts()));
    EXPECT_EQ(view().reason, refusal_);
    refusal_.clear();
    serve(hosts());
    greeted(host(1, port_));
}

TEST_F(HostsTest, KeepsItsSocketsWhenTheConfigurationIsReadAgain) {
    serve(hosts());
    serve(hosts());
    EXPECT_EQ(asked_.size(), 1U);
    ServiceSpec moved = hosts();
    moved.steered = {loopback(61'001)};
    serve(moved);
    EXPECT_EQ(asked_.back(), "drill 61001 2");
    greeted(host(1, port_));
}

TEST_F(HostsTest, RefusesWhenStopped) {
    serve(hosts());
    engine_->stop("drill");
    EXPECT_FALSE(Client(host(1, port_)).connected());
}

}  // namespace
}  // namespace apiary::agent::test
