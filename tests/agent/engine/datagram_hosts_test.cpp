#include "agent/engine/bound_socket.hpp"
#include "tests/agent/engine/engine_fixture.hpp"

#include <sys/socket.h>
#include <unistd.h>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;

Endpoint host(std::uint8_t number, std::uint16_t port) {
    return Endpoint::of({127, 0, 9, number}, port);
}

/// Hosts are 127.0.9.1 to 127.0.9.255 at one port.
class EchoHosts final : public HostFaces {
public:
    explicit EchoHosts(std::uint16_t port) : port_(port) {}
    bool covers(const Endpoint& target) const override { return isHost(target) && target.port == port_; }
    bool isHost(const Endpoint& address) const override {
        const auto v4 = address.v4();
        return v4 && (*v4)[2] == 9 && (*v4)[3] != 0;
    }
    HostFace face(const Endpoint& target) const override {
        return {"persona-" + std::to_string(target.address[15]), *prepare(drillDatagram)};
    }

private:
    std::uint16_t port_;
};

/// A wildcard socket stands for the steered ones, as the loopback is all local: what the kernel says of a datagram is
/// the address and port that it was sent to. Another answers from that port.
class DatagramHostsTest : public EngineFixture {
protected:
    DatagramHostsTest() {
        const SocketAddress all(Endpoint::of({0, 0, 0, 0}, 0));
        taking_ = shared(all);
        port_ = localEndpoint(taking_.get()).port;
        restart({.connections = 40,
                 .steered = [this](const std::string& service, const Endpoint& at, std::size_t,
                                   SteeredUse use) -> Result<std::vector<Descriptor>> {
                     asked_.push_back(service + ' ' + std::to_string(at.port == port_ ? 1 : at.port) +
                                      (use == SteeredUse::Answering ? " answering" : " taking"));
                     std::vector<Descriptor> sockets;
                     sockets.push_back(use == SteeredUse::Taking
                                           ? std::move(taking_)
                                           : shared(SocketAddress(Endpoint::of({127, 97, 0, 1}, port_))));
                     return sockets;
                 }});
    }
    ~DatagramHostsTest() override { end(); }

    static Descriptor shared(const SocketAddress& at) {
        Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        const int on = 1;
        EXPECT_EQ(::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
        EXPECT_EQ(::bind(socket.get(), at.raw(), at.size), 0);
        return socket;
    }

    ServiceSpec hosts() {
        ServiceSpec spec = EngineFixture::spec(drillDatagram);
        spec.listens = {};
        spec.hosts = std::make_shared<EchoHosts>(port_);
        spec.steered = {loopback(61'000)};
        spec.answering = {port_};
        spec.shown = {host(1, port_)};
        spec.limits.idle = 400ms;
        spec.credit = {2, 100, 100'000};
        return spec;
    }

    Descriptor taking_;
    std::uint16_t port_ = 0;
    std::vector<std::string> asked_;
};

TEST_F(DatagramHostsTest, HearsNothingMoreOfASocketThatItsGiverStillHolds) {
    const Descriptor held(::dup(taking_.get()));
    serve(hosts());
    const DatagramClient client(loopback());
    client.send("who", host(7, port_));
    ASSERT_TRUE(client.receive());
    engine_->stop("drill");
    ServiceSpec other = EngineFixture::spec(drillDatagram);
    other.name = "other";
    other.limits.idle = 400ms;
    const Endpoint where = serve(other);  // which waits until the others are closed
    client.send("late", host(7, port_));
    client.send("here", where);
    EXPECT_EQ(client.receive()->bytes, "here");
}

TEST_F(DatagramHostsTest, AnswersFromTheAddressAndPortThatWereAsked) {
    serve(hosts());
    EXPECT_EQ(asked_, (std::vector<std::string>{"drill 61000 taking", "drill 1 answering"}));
    const DatagramClient client(loopback());
    constexpr std::uint8_t kNumbers[] = {7, 200, 255};
    for (const std::uint8_t number : kNumbers) {
        client.send("who", host(number, port_));
        const auto reply = client.receive();
        ASSERT_TRUE(reply);
        EXPECT_EQ(reply->from, host(number, port_));
        EXPECT_EQ(reply->bytes, "who");
    }
    ASSERT_TRUE(recording_.waitForEnds(3));
    const auto session = recording_.ended(0);
    EXPECT_EQ(session.start.target, host(session.start.target.address[15], port_));
    EXPECT_EQ(session.start.persona, "persona-" + std::to_string(session.start.target.address[15]));
    EXPECT_EQ(session.outcome, Outcome::TimedOut);
    EXPECT_EQ(view().listens, std::vector<Endpoint>{host(1, port_)});
}

TEST_F(DatagramHostsTest, RefusesAnAddressThatIsNoHost) {
    serve(hosts());
    const DatagramClient client(loopback());
    client.send("x", loopback(port_, 44));
    ASSERT_TRUE(recording_.waitForRefusals(1));
    EXPECT_EQ(recording_.refusals()[0].reason, std::string("no host of this service"));
    EXPECT_EQ(recording_.refusals()[0].target, loopback(port_, 44));
    EXPECT_FALSE(client.receive(0));
}

TEST_F(DatagramHostsTest, RecordsButNeverAnswersAnotherHost) {
    serve(hosts());
    const DatagramClient decoy(host(3, 0));
    decoy.send("x", host(4, port_));
    const auto session = recording_.ended();
    EXPECT_EQ(session.in, "x");
    EXPECT_EQ(session.out, "");
    EXPECT_FALSE(decoy.receive(0));
    EXPECT_EQ(view().withheld, 1U);
}

TEST_F(DatagramHostsTest, HoldsOneSourceToAShareOfTheFlows) {
    ServiceSpec few = hosts();  // 40 connections make 11 flows, of which one source has a quarter
    few.admission.perSource = 2;
    few.limits.idle = 60s;
    serve(few);
    const DatagramClient client(loopback());
    for (std::uint8_t number = 1; number <= 4; ++number) {
        client.send("x", host(number, port_));
    }
    ASSERT_TRUE(recording_.waitForRefusals(2));
    const DatagramClient other(loopback(0, 8));
    other.send("y", host(1, port_));
    EXPECT_TRUE(other.receive());
}

TEST_F(DatagramHostsTest, TwoThatArePointedAtEachOtherFallSilent) {
    ServiceSpec careful = hosts();
    careful.credit = {3, 5, 4096};
    serve(careful);
    // Each decoy sees the other as a stranger, as it would on the far side of the world, and each answers whatever
    // comes.
    const DatagramClient asOne(loopback(0, 21));
    const DatagramClient asOther(loopback(0, 22));
    asOne.send("ping", host(1, port_));
    int passed = 0;
    for (bool turn = false; passed < 1000; turn = !turn, ++passed) {
        const auto said = (turn ? asOther : asOne).receive(300);
        if (!said) {
            break;
        }
        (turn ? asOne : asOther).send(said->bytes, host(turn ? 1 : 2, port_));
    }
    EXPECT_LE(passed, 10);
    EXPECT_GE(passed, 1);
}

}  // namespace
}  // namespace apiary::agent::test
