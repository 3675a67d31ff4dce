#include "tests/agent/engine/engine_fixture.hpp"

#include <chrono>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;

class ShutdownTest : public EngineFixture {};

TEST_F(ShutdownTest, EndsEverySessionAndRefusesNewOnes) {
    restart({.threads = 2});
    const Endpoint where = serve(spec());
    std::vector<Client> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(greeted(where));
    }
    clients[0].send("pause 60000\r\n");
    clients[1].send("big 4000000\r\n");
    EXPECT_EQ(engine_->shutDown(5s), 0U);
    EXPECT_FALSE(Client(where).connected());
    for (const Recorded& session : recording_.sessions()) {
        EXPECT_EQ(session.outcome, Outcome::AgentStopped);
    }
    EXPECT_FALSE(engine_->start(spec()));
}

TEST_F(ShutdownTest, SaysHowManyWereNotRecordedInTime) {
    recording_.holdEnds(true);
    const Endpoint where = serve(spec());
    Client first = greeted(where);
    Client second = greeted(where);
    EXPECT_EQ(end(50ms), 2U);
    recording_.holdEnds(false);  // comes too late, and does no harm
}

TEST_F(ShutdownTest, LeavesAChannelBehindWithoutHarm) {
    Client control = greeted(serve(spec()));
    control.send("passive\r\n");
    const auto port = static_cast<std::uint16_t>(std::stoi(control.readLine().substr(5)));
    Client data(loopback(port), std::nullopt, 4096);
    control.readLine();
    control.send("get 4000000\r\n");
    data.readBytes(10);
    EXPECT_EQ(end(), 0U);
    EXPECT_EQ(recording_.ended().outcome, Outcome::AgentStopped);
}

TEST_F(ShutdownTest, NeverRunDoesNoHarm) {
    Engine idle({}, recording_);
    ASSERT_TRUE(idle.start(spec()));
    idle.stop("drill");
    EXPECT_EQ(idle.shutDown(10ms), 0U);
}

TEST_F(ShutdownTest, RecordsAsInterruptedWhatNobodyEnded) {
    {
        Engine abandoned({}, recording_);
        ASSERT_TRUE(abandoned.start(spec()));
        Client client(abandoned.services()[0].listens[0]);
        std::thread thread([&] { abandoned.run(0); });
        client.readLine();
        recording_.holdEnds(true);
        abandoned.shutDown(0ms);
        thread.join();
    }
    EXPECT_TRUE(recording_.ended().outcome);
    recording_.holdEnds(false);
}

}  // namespace
}  // namespace apiary::agent::test
