#include "agent/self_tests.hpp"

#include "agent/engine/descriptor.hpp"
#include "agent/engine/socket_address.hpp"
#include "tests/agent/engine/engine_fixture.hpp"
#include "tests/agent/uplink/fake_spool.hpp"
#include "tests/support/certificates.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <thread>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;
using apiary::test::TemporaryFolder;

constexpr VisitPatience kLong{};
constexpr VisitPatience kNobodySpeaks{.connects = 200ms, .speaksFirst = 50ms, .answers = 100ms};
constexpr VisitPatience kNeverEnds{.ends = 200ms};
constexpr VisitPatience kNeverAcknowledged{.acknowledged = 100ms};

/// Somebody who listens on 127.0.0.1 at the port of a service that listens everywhere: the kernel gives him what comes
/// there, and the service knows nothing of it.
class Usurper {
public:
    explicit Usurper(std::uint16_t port) : where_(loopback(port)), socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        const int on = 1;
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        const SocketAddress address(where_);
        EXPECT_EQ(::bind(socket_.get(), address.raw(), address.size), 0);
        EXPECT_EQ(::listen(socket_.get(), 0), 0);
    }

    /// Leaves no room for a connection: nobody takes this one.
    void fill() { waiting_.emplace(where_); }

    /// Takes one connection, says something and resets it.
    void sayAndReset(const std::string& what) {
        const Descriptor peer(::accept(socket_.get(), nullptr, nullptr));
        EXPECT_EQ(::send(peer.get(), what.data(), what.size(), MSG_NOSIGNAL), static_cast<ssize_t>(what.size()));
        const linger reset{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }

private:
    Endpoint where_;
    Descriptor socket_;
    std::optional<Client> waiting_;
};

/// A service of the drill that listens everywhere, on a board, and a spool in memory.
class SelfTestsTest : public EngineFixture {
protected:
    SelfTestsTest() {
        ServiceConfig service;
        service.spec = spec();
        service.spec.listens = {Endpoint::of({0, 0, 0, 0}, 0)};
        service.line = 4;
        EXPECT_TRUE(board_.load({service}, "agent.toml").empty());
    }

    std::uint16_t port() const { return view().listens.at(0).port; }

    SelfTestReport testNow(const SelfTestSettings& settings) {
        SelfTests tests(settings, *engine_, spool_, board_);
        const auto results = tests.testNow("drill");
        EXPECT_TRUE(results) << (results ? "" : results.error());
        const SelfTestReport result = results ? results->at("drill") : SelfTestReport{};
        EXPECT_EQ(board_.reports().at(0).selfTest, result);
        return result;
    }
    SelfTestReport testNow(const VisitPatience& patience, bool collector = false) {
        return testNow({.collector = collector, .patience = patience});
    }

    void expectFailure(const SelfTestReport& report, const std::string& step, const std::string& reason) {
        EXPECT_FALSE(report.passed);
        EXPECT_EQ(report.step, step);
        EXPECT_NE(report.reason.find(reason), std::string::npos) << report.reason;
    }

    TemporaryFolder folder_;
    ServiceBoard board_{*engine_, folder_.path("services")};
    FakeSpool spool_;
};

TEST_F(SelfTestsTest, PassesAServiceThatAnswersAndRecords) {
    const SelfTestReport report = testNow(kLong);
    EXPECT_TRUE(report.passed) << report.step << ": " << report.reason;
    EXPECT_EQ(recording_.ended().out, "hello\r\nend\r\n");
}

TEST_F(SelfTestsTest, FailsAtConnectWhereNoConnectionIsTaken) {
    Usurper usurper(port());
    usurper.fill();
    expectFailure(testNow(kNobodySpeaks), "connect", "127.0.0.1:" + std::to_string(port()) + ": Connection timed out");
}

TEST_F(SelfTestsTest, FailsAtAnswerWhereNothingAnswers) {
    const Usurper usurper(port());
    expectFailure(testNow(kNobodySpeaks), "answer", "neither a byte nor an end came");
}

TEST_F(SelfTestsTest, FailsAtAnswerWhenTheConnectionBreaksBeforeAByte) {
    Usurper usurper(port());
    const std::jthread breaking([&] { usurper.sayAndReset(""); });
    expectFailure(testNow(kLong), "answer", "the session broke: Connection reset by peer");
}

TEST_F(SelfTestsTest, FailsAtRecordWhenTheConnectionBreaksBehindAnAnswer) {
    Usurper usurper(port());
    const std::jthread breaking([&] { usurper.sayAndReset("hello\r\n"); });
    expectFailure(testNow(kLong), "record", "the session broke: Connection reset by peer");
}

TEST_F(SelfTestsTest, FailsAtRecordWhileTheSpoolDoesNotTakeTheEndOfASession) {
    recording_.holdEnds(true);
    expectFailure(testNow(kNeverEnds), "record", "no end of the session came");
    recording_.holdEnds(false);
    EXPECT_TRUE(testNow(kLong).passed);
}

TEST_F(SelfTestsTest, FailsAtAcknowledgeWhileTheCollectorHasNotWhatTheVisitLeft) {
    spool_.add(5);
    EXPECT_TRUE(testNow(kNeverAcknowledged).passed);  // without a collector nobody acknowledges
    expectFailure(testNow(kNeverAcknowledged, true), "acknowledge", "has not acknowledged");
    spool_.acknowledge(0, 5);
    EXPECT_TRUE(testNow(kLong, true).passed);
}

TEST_F(SelfTestsTest, SaysWhichServiceIsNotThereOrNotOn) {
    SelfTests tests({}, *engine_, spool_, board_);
    EXPECT_NE(tests.testNow("gopher").error().find("no service gopher"), std::string::npos);
    EXPECT_TRUE(board_.wish("drill", false));
    EXPECT_NE(tests.testNow("drill").error().find("drill is not on"), std::string::npos);
}

TEST_F(SelfTestsTest, VisitsByItselfAndTellsTheStepThatFails) {
    std::mutex mutex;
    std::condition_variable changed;
    bool told = false;
    board_.onChanged([&] {
        const std::lock_guard lock(mutex);
        told = true;
        changed.notify_all();
    });
    const Usurper usurper(port());
    SelfTests tests({.first = 0s, .patience = kNobodySpeaks}, *engine_, spool_, board_);
    std::jthread visiting([&] { tests.run(); });
    {
        std::unique_lock lock(mutex);
        EXPECT_TRUE(changed.wait_for(lock, 20s, [&] { return told; }));
    }
    tests.close();
    visiting.join();
    ASSERT_TRUE(board_.reports().at(0).selfTest);
    expectFailure(*board_.reports().at(0).selfTest, "answer", "neither a byte nor an end came");
}

}  // namespace
}  // namespace apiary::agent::test
