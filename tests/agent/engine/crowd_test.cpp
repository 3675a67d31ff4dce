#include "tests/agent/engine/engine_fixture.hpp"

#include <algorithm>
#include <chrono>
#include <random>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;

class CrowdTest : public EngineFixture {
protected:
    /// Says things in no sensible order, connects where it is told to or not, and leaves in any way.
    static void misbehave(const Endpoint& where, std::uint32_t seed) {
        std::mt19937 random(seed);
        const std::vector<std::string> lines = {"echo x\r\n",
                                                "big 100000\r\n",
                                                "passive\r\n",
                                                "get 200000\r\n",
                                                "blast 200000\r\n",
                                                "put\r\n",
                                                "pause 5\r\n",
                                                "alarm 3\r\n",
                                                "throw\r\n",
                                                "tls\r\n",
                                                "remember me\r\n",
                                                "leave 9000\r\n",
                                                "recall\r\n",
                                                "quit\r\n",
                                                "nonsense\r\n",
                                                "\n\n\n",
                                                "\x16\x03\x01",
                                                "passive\r\nput\r\n",
                                                "passive\r\npassive\r\nget 10\r\n"};
        for (int round = 0; round < 40; ++round) {
            Client client(where, loopback(0, static_cast<std::uint8_t>(2 + random() % 50)), 4096);
            std::optional<Client> data;
            for (std::uint32_t said = random() % 8; said > 0; --said) {
                client.send(lines[random() % lines.size()]);
                const std::string heard = client.readable(2) ? client.readTo("\n") : "";
                const auto port = heard.find("port ");
                if (port != std::string::npos && heard.size() > port + 5 && heard[port + 5] != '\r') {
                    data.emplace(loopback(static_cast<std::uint16_t>(std::atoi(heard.c_str() + port + 5))),
                                 Endpoint{client.local().address, 0});
                    data->send("payload");
                }
            }
            if (random() % 3 == 0) {
                client.reset();
            } else if (random() % 2 == 0) {
                client.finish();
            }
        }
    }
};

TEST_F(CrowdTest, EverySessionEndsOnceWhateverPeersDo) {
    restart({.threads = 2});
    ServiceSpec harried = spec();
    harried.limits.idle = 50ms;
    harried.limits.sent = 1'000'000;
    const Endpoint where = serve(harried);
    std::vector<std::thread> peers;
    for (std::uint32_t seed = 1; seed <= 6; ++seed) {
        peers.emplace_back(misbehave, where, seed);
    }
    for (std::thread& peer : peers) {
        peer.join();
    }
    const auto begun = static_cast<std::size_t>(view().sessions);
    EXPECT_TRUE(recording_.waitForEnds(begun));
    EXPECT_EQ(end(), 0U);
    const auto sessions = recording_.sessions();
    EXPECT_TRUE(std::ranges::all_of(sessions, [](const Recorded& session) { return session.outcome.has_value(); }));
    for (const Recorded& session : sessions) {
        EXPECT_EQ(std::ranges::count_if(session.lines, [](const auto& line) { return line.starts_with("open "); }),
                  std::ranges::count_if(session.lines, [](const auto& line) { return line.starts_with("close "); }));
    }
}

TEST_F(CrowdTest, StopsInMidCrowd) {
    restart({.threads = 2});
    const Endpoint where = serve(spec());
    std::vector<std::thread> peers;
    for (std::uint32_t seed = 11; seed <= 14; ++seed) {
        peers.emplace_back(misbehave, where, seed);
    }
    recording_.waitUntil([](const auto& sessions) { return sessions.size() > 50; });
    EXPECT_EQ(engine_->shutDown(5s), 0U);
    for (std::thread& peer : peers) {
        peer.join();
    }
    EXPECT_TRUE(std::ranges::all_of(recording_.sessions(),
                                    [](const Recorded& session) { return session.outcome.has_value(); }));
}

}  // namespace
}  // namespace apiary::agent::test
