#include "agent/engine/bound_socket.hpp"
#include "agent/engine/memory_gauge.hpp"
#include "common/net/address.hpp"
#include "tests/agent/engine/engine_fixture.hpp"

#include <numeric>
#include <sys/resource.h>

namespace apiary::agent::test {
namespace {

class EngineTest : public EngineFixture {};

TEST_F(EngineTest, ListensOnIpv4AndIpv6AndSaysWhere) {
    ServiceSpec both = spec();
    both.listens = {loopback(), loopback6()};
    serve(both);
    const auto listens = view().listens;
    ASSERT_EQ(listens.size(), 2U);
    greeted(listens[0]);
    greeted(listens[1]);
    EXPECT_EQ(view().actual, ServiceActual::On);
    EXPECT_EQ(view().sessions, 2U);
}

TEST_F(EngineTest, RecordsTheAddressesAsThePeerUsedThem) {
    ServiceSpec any = spec();
    any.listens = {Endpoint::of({0, 0, 0, 0}, 0)};
    const Endpoint where = serve(any);
    Client client(loopback(where.port, 9), loopback(0, 8));
    client.readLine();
    client.send("quit\r\n");
    const auto session = recording_.ended();
    EXPECT_EQ(session.start.target, loopback(where.port, 9));
    EXPECT_EQ(session.start.source, client.local());
    EXPECT_EQ(session.start.service, "drill");
    EXPECT_EQ(session.start.protocol, "drill");
}

TEST_F(EngineTest, KeepsTheSynOfAConnection) {
    const Endpoint where = serve(spec());
    greeted(where);
    const std::string syn = recording_.ended().start.syn;
    ASSERT_GE(syn.size(), 40U);
    EXPECT_EQ(static_cast<unsigned char>(syn[0]) >> 4U, 4U);
    EXPECT_EQ(static_cast<unsigned char>(syn[33]), 0x02U) << "the flags say SYN";
}

TEST_F(EngineTest, SaysThatAPortIsInUseByAnother) {
    auto other = bindSockets(loopback(), Transport::Stream, 1);
    ASSERT_TRUE(other);
    ServiceSpec taken = spec();
    taken.listens = {loopback(), other->bound};
    const Status started = engine_->start(taken);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error(), endpointText(other->bound) +
                                   " is in use by another program; end that one, or give the service another port");
    EXPECT_EQ(view().actual, ServiceActual::Failed);
    EXPECT_EQ(view().reason, started.error());
    EXPECT_TRUE(view().listens.empty());
}

TEST_F(EngineTest, SaysWhichServiceHasThePortAlready) {
    ServiceSpec second = spec();
    second.name = "second";
    second.listens = {serve(spec())};
    const Status started = engine_->start(second);
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().find("is served by drill already"), std::string::npos) << started.error();
    EXPECT_EQ(view().actual, ServiceActual::On);
}

TEST_F(EngineTest, SaysThatAnAddressIsNotOfThisMachine) {
    ServiceSpec elsewhere = spec();
    elsewhere.listens = {Endpoint::of({192, 0, 2, 1}, 2121)};
    const Status started = engine_->start(elsewhere);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error(),
              "192.0.2.1:2121: this machine has no such address; add it to an interface, or list one "
              "that it has");
}

TEST_F(EngineTest, SaysThatACertificateCannotBeRead) {
    ServiceSpec secure = spec();
    secure.tls = TlsFiles{"/nowhere/chain.pem", "/nowhere/key.pem"};
    const Status started = engine_->start(secure);
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().find("/nowhere/chain.pem"), std::string::npos) << started.error();
}

TEST_F(EngineTest, RefusesAtOnceWhenStoppedAndLetsSessionsGoOn) {
    const Endpoint where = serve(spec());
    Client client = greeted(where);
    engine_->stop("drill");
    EXPECT_FALSE(Client(where).connected());
    EXPECT_EQ(view().actual, ServiceActual::Draining);
    client.send("echo still here\r\nquit\r\n");
    EXPECT_EQ(client.readLine(), "still here\r\n");
    client.readAll();
    EXPECT_EQ(view().actual, ServiceActual::Off);
}

TEST_F(EngineTest, ServesThePortAgainAfterAStop) {
    ServiceSpec same = spec();
    same.listens = {serve(spec())};
    const Client before = greeted(same.listens[0]);
    engine_->stop("drill");
    EXPECT_EQ(serve(same), same.listens[0]);
    const Client after = greeted(same.listens[0]);
    EXPECT_EQ(view().openSessions, 2U);
}

TEST_F(EngineTest, TakesNewSettingsForNewSessionsOnTheSameSockets) {
    ServiceSpec changed = spec();
    const Endpoint where = serve(changed);
    Client old = greeted(where);
    changed.persona = "printer";
    changed.listens = {where, loopback6()};
    changed.listens[0] = loopback();  // asked for as before: any port
    EXPECT_EQ(serve(changed), where);
    greeted(where);
    EXPECT_EQ(view().listens.size(), 2U);
    old.send("echo old\r\n");
    EXPECT_EQ(old.readLine(), "old\r\n");
    ASSERT_TRUE(recording_.waitUntil([](const auto& sessions) { return sessions.size() == 2; }));
    EXPECT_EQ(recording_.sessions()[1].start.persona, "printer");
}

TEST_F(EngineTest, ClosesAnAddressThatIsNoLongerListed) {
    ServiceSpec two = spec();
    two.listens = {loopback(0, 1), loopback(0, 2)};
    serve(two);
    const Endpoint dropped = view().listens[1];
    two.listens.pop_back();
    serve(two);
    EXPECT_FALSE(Client(dropped).connected());
}

TEST_F(EngineTest, ServesOnEveryThread) {
    restart({.threads = 3});
    const Endpoint where = serve(spec());
    std::vector<Client> clients;
    for (int i = 0; i < 30; ++i) {
        clients.push_back(greeted(where));
    }
    EXPECT_EQ(view().openSessions, 30U);
    EXPECT_EQ(engine_->sessions(100).size(), 30U);
}

TEST_F(EngineTest, ShowsOpenSessionsNewestFirst) {
    const Endpoint where = serve(spec());
    Client first = greeted(where);
    Client second = greeted(where);
    second.send("echo abc\r\n");
    ASSERT_TRUE(recording_.waitUntil([](const auto& all) { return all.size() == 2 && all[1].out.size() == 12; }));
    const auto sessions = engine_->sessions(1);
    ASSERT_EQ(sessions.size(), 1U);
    EXPECT_EQ(sessions[0].source, second.local());
    EXPECT_EQ(sessions[0].target, where);
    EXPECT_EQ(sessions[0].bytesIn, 10U);
    EXPECT_EQ(sessions[0].bytesOut, 12U);
    EXPECT_EQ(engine_->sessions(10).size(), 2U);
}

TEST_F(EngineTest, RefusesInsideTheWaitingTimeWithAFinAndNotesIt) {
    ServiceSpec slow = spec();
    slow.admission = {Millis(60'000), 1, 100};
    const Endpoint where = serve(slow);
    Client first = greeted(where);
    Client second(where);
    EXPECT_EQ(second.readAll(), "");
    EXPECT_EQ(second.endedBy(), Client::End::Fin);
    ASSERT_TRUE(recording_.waitForRefusals(1));
    const auto refusal = recording_.refusals()[0];
    EXPECT_EQ(refusal.source, second.local());
    EXPECT_EQ(refusal.target, where);
    EXPECT_EQ(refusal.reason, "waiting time between connections of this source");
    EXPECT_EQ(view().refused, 1U);
    Client other(where, loopback(0, 77));
    EXPECT_EQ(other.readLine(), "hello\r\n");
}

TEST_F(EngineTest, CountsEndsByOutcomeBytesAndRefusalsByClass) {
    ServiceSpec once = spec();
    once.admission = {Millis(60'000), 2, 100};
    const Endpoint where = serve(once);
    {
        Client client = greeted(where);
        client.send("echo abc\r\npage 600\r\nquit\r\n");
        client.readAll();
    }
    Client open = greeted(where);
    EXPECT_EQ(Client(where).readAll(), "");
    ASSERT_TRUE(recording_.waitForRefusals(1));
    const ServiceView now = view();
    const auto sum = [](const auto& counts) { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); };
    EXPECT_EQ(now.outcomes[static_cast<std::size_t>(Outcome::Finished)], 1U);
    EXPECT_EQ(sum(now.outcomes), 1U);
    EXPECT_EQ(now.sessions, sum(now.outcomes) + now.openSessions);
    EXPECT_EQ(now.refusals[static_cast<std::size_t>(RefusalClass::WaitingTime)], 1U);
    EXPECT_EQ(sum(now.refusals), 1U);
    EXPECT_EQ(now.bytesIn, 26U);
    EXPECT_EQ(now.bytesOut, recording_.sessions()[0].out.size() + recording_.sessions()[1].out.size());
}

TEST_F(EngineTest, CountsAFloodOfRefusalsWithoutARecordEach) {
    ServiceSpec slow = spec();
    slow.admission = {Millis(60'000), 1, 100};
    const Endpoint where = serve(slow);
    Client first = greeted(where);
    for (int i = 0; i < 50; ++i) {
        Client(where).readAll();
    }
    ASSERT_TRUE(recording_.waitForRefusals(50));
    EXPECT_LT(recording_.refusals().size(), 10U);
}

TEST_F(EngineTest, BoundsTheConnectionsOfASourceAndForgetsThoseThatEnded) {
    ServiceSpec few = spec();
    few.admission = {Millis(0), 1, 2};
    const Endpoint where = serve(few);
    Client first = greeted(where);
    Client second = greeted(where);
    EXPECT_EQ(Client(where).readAll(), "");
    first.send("quit\r\n");
    first.readAll();
    greeted(where);
}

TEST_F(EngineTest, BoundsTheConnectionsInAll) {
    restart({.threads = 1, .connections = 2});
    const Endpoint where = serve(spec());
    Client first = greeted(where);
    Client second = greeted(where);
    EXPECT_EQ(Client(where).readAll(), "");
    ASSERT_TRUE(recording_.waitForRefusals(1));
    EXPECT_EQ(recording_.refusals()[0].reason, "connections in all");
}

TEST_F(EngineTest, RefusesWhenTheProcessHoldsMoreThanItMay) {
    restart({.threads = 1, .memory = 1});
    const Endpoint where = serve(spec());
    EXPECT_EQ(Client(where).readAll(), "");
    ASSERT_TRUE(recording_.waitForRefusals(1));
    EXPECT_EQ(recording_.refusals()[0].reason, "memory");
    EXPECT_EQ(view().refused, 1U);
    const EngineBound memory = engine_->bounds().memory;
    EXPECT_EQ(memory.limit, 1U);
    EXPECT_EQ(memory.refused, 1U);
    EXPECT_GT(memory.used, 1U << 20U);
}

TEST_F(EngineTest, CutsALargeSessionWhenTheProcessHoldsFarTooMuch) {
    const std::uint64_t limit = MemoryGauge(0).used() + (std::uint64_t{64} << 20U);
    restart({.threads = 1, .memory = limit});
    const Endpoint where = serve(spec());
    Client large = greeted(where);
    large.send("big 100000\r\n");
    large.readBytes(100'000);
    Client small = greeted(where);
    const std::vector<char> ballast(limit / 4 + (std::uint64_t{128} << 20U), 'b');
    large.send("echo more\r\n");
    large.readAll();
    small.send("echo still here\r\n");
    EXPECT_EQ(small.readLine(), "still here\r\n");
    EXPECT_EQ(recording_.ended().outcome, Outcome::Limit);
    EXPECT_EQ(engine_->bounds().memory.refused, 1U);
    EXPECT_EQ(ballast.back(), 'b');
}

TEST_F(EngineTest, RefusesWhatCouldNotBeRecorded) {
    const Endpoint where = serve(spec());
    Client first = greeted(where);
    recording_.close();
    EXPECT_EQ(Client(where).readAll(), "");
    ASSERT_TRUE(recording_.waitForRefusals(1));
    EXPECT_EQ(recording_.refusals()[0].reason, "room for records");
    EXPECT_EQ(engine_->bounds().refusedByRecorders, 1U);
    first.send("quit\r\n");
    first.readAll();
    EXPECT_EQ(recording_.ended().outcome, Outcome::Finished);
}

TEST_F(EngineTest, CountsWhatItsBoundsCost) {
    restart({.threads = 1, .connections = 1});
    const Endpoint where = serve(spec());
    const std::uint64_t before = engine_->bounds().descriptors.used;
    Client first = greeted(where);
    EXPECT_EQ(Client(where).readAll(), "");
    const EngineBounds bounds = engine_->bounds();
    EXPECT_EQ(bounds.connections.used, 1U);
    EXPECT_EQ(bounds.connections.limit, 1U);
    EXPECT_EQ(bounds.connections.refused, 1U);
    EXPECT_EQ(bounds.descriptors.used, before + 2);  // both ends of the first are this process's
    EXPECT_EQ(bounds.memory.limit, 0U);
    EXPECT_EQ(bounds.memory.refused, 0U);
}

/// Leaves this process `spare` more descriptors than it has, for as long as this lives.
class FewDescriptors {
public:
    explicit FewDescriptors(int spare) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const Descriptor next(::dup(0));
        rlimit few = before_;
        few.rlim_cur = static_cast<rlim_t>(next.get() + spare);
        ::setrlimit(RLIMIT_NOFILE, &few);
    }
    ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

double cpuSeconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

TEST_F(EngineTest, WaitsForDescriptorsWithoutSpinning) {
    const Endpoint where = serve(spec());
    std::optional<FewDescriptors> few(1);
    Client client(where);  // takes the last one, so that the engine has none
    ASSERT_TRUE(client.connected());
    const double before = cpuSeconds();
    EXPECT_FALSE(client.readable(500));
    EXPECT_LT(cpuSeconds() - before, 0.25);
    few.reset();
    EXPECT_EQ(client.readLine(), "hello\r\n");
}

}  // namespace
}  // namespace apiary::agent::test
