/// What is kept of a session that ends in its midst.

#include "agent/protocols/registry.hpp"
#include "tests/agent/engine/engine_fixture.hpp"

#include <algorithm>
#include <chrono>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;

class CutTest : public EngineFixture {
protected:
    static ServiceSpec of(std::string_view protocol) { return spec(*findModule(protocol)); }

    /// Waits until the session's peer was heard to say `bytes`, on either stream.
    bool heard(const std::string& bytes) {
        return recording_.waitUntil([&](const auto& sessions) {
            return !sessions.empty() && (sessions[0].in.ends_with(bytes) || sessions[0].channelIn.ends_with(bytes));
        });
    }

    bool notes(const std::string& line) { return std::ranges::count(recording_.ended().lines, line) == 1; }
};

/// An FTP client that uploads "half" and then waits.
struct Uploader {
    explicit Uploader(const Endpoint& where) : control(where) {
        control.readLine();
        std::string line;
        for (const char* command : {"USER anonymous\r\n", "PASS x\r\n", "EPSV\r\n"}) {
            control.send(command);
            line = control.readLine();
        }
        const std::string port = line.substr(std::min(line.find("|||"), line.size() - 3) + 3);
        data.emplace(loopback(static_cast<std::uint16_t>(std::stoi(port))));
        control.send("STOR incoming/x\r\n");
        control.readLine();
        data->send("half");
    }

    Client control;
    std::optional<Client> data;
};

TEST_F(CutTest, ClosesAnUploadWhoseConnectionIsReset) {
    Uploader client(serve(of("ftp")));
    ASSERT_TRUE(heard("half"));
    client.control.reset();
    EXPECT_TRUE(notes("complete incoming/x 4"));
    EXPECT_EQ(recording_.ended().outcome, Outcome::Reset);
}

TEST_F(CutTest, ClosesAnUploadWhenTheAgentStops) {
    const Uploader client(serve(of("ftp")));
    ASSERT_TRUE(heard("half"));
    EXPECT_EQ(engine_->shutDown(5s), 0U);
    EXPECT_TRUE(notes("complete incoming/x 4"));
    EXPECT_EQ(recording_.ended().outcome, Outcome::AgentStopped);
}

TEST_F(CutTest, ClosesAnUploadWhenTheTimeIsOver) {
    ServiceSpec brief = of("ftp");
    brief.limits.total = 3s;
    const Uploader client(serve(std::move(brief)));
    EXPECT_TRUE(notes("complete incoming/x 4"));
    EXPECT_EQ(recording_.ended().outcome, Outcome::Limit);
}

TEST_F(CutTest, ClosesAnUploadOnceWhenThePeerIsSilent) {
    ServiceSpec impatient = of("ftp");
    impatient.limits.idle = 3s;
    const Uploader client(serve(std::move(impatient)));
    EXPECT_TRUE(notes("complete incoming/x 4"));
    EXPECT_EQ(recording_.ended().outcome, Outcome::TimedOut);
}

TEST_F(CutTest, NamesWhatWasSpokenBeforeAReset) {
    Client client(serve(of("catchall")));
    client.send("USER root");
    ASSERT_TRUE(heard("USER root"));
    client.reset();
    EXPECT_TRUE(notes("identified ftp"));
    EXPECT_EQ(recording_.ended().outcome, Outcome::Reset);
}

TEST_F(CutTest, SendsNothingAnyMore) {
    Client control = greeted(serve(spec()));
    control.send("passive\r\n");
    const Client data(loopback(static_cast<std::uint16_t>(std::stoi(control.readLine().substr(5)))));
    EXPECT_EQ(control.readLine(), "came\r\n");
    control.send("put\r\n");
    ASSERT_TRUE(heard("put\r\n"));
    EXPECT_EQ(engine_->shutDown(5s), 0U);
    EXPECT_TRUE(notes("note cut at 0"));
    EXPECT_EQ(recording_.ended().out.find("never"), std::string::npos);
}

TEST_F(CutTest, TellsAFlowToo) {
    ServiceSpec watched = spec(drillDatagram);
    const Endpoint where = serve(watched);
    const DatagramClient client(loopback(0));
    client.send("hello", where);
    ASSERT_TRUE(client.receive());
    EXPECT_EQ(engine_->shutDown(5s), 0U);
    EXPECT_TRUE(notes("note cut"));
}

}  // namespace
}  // namespace apiary::agent::test
