#include "agent/service_board.hpp"

#include "agent/protocols/registry.hpp"
#include "common/net/address.hpp"
#include "tests/support/certificates.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace apiary::agent::test {
namespace {

using apiary::test::TemporaryFolder;

class NoRecorders final : public RecorderSource {
public:
    std::unique_ptr<Recorder> open(const SessionStart&) override { return nullptr; }
    void refused(const Refusal&) override {}
};

/// A board on a real engine of one thread. Nobody connects; ports are the kernel's choice unless a test holds one.
class ServiceBoardTest : public ::testing::Test {
protected:
    ServiceBoardTest() : player_([this] { engine_.run(0); }) {}
    ~ServiceBoardTest() override {
        engine_.shutDown(std::chrono::seconds(5));
        player_.join();
    }

    static ServiceConfig service(const std::string& name, const std::string& listen = "127.0.0.1:0",
                                 bool enabled = true) {
        ServiceConfig service;
        service.spec.name = name;
        service.spec.module = findModule("ftp");
        service.spec.prepared = *prepare(*service.spec.module);
        service.spec.listens = {*parseEndpoint(listen)};
        service.enabled = enabled;
        service.line = 4;
        return service;
    }

    /// "a on, b off (wanted)": each service's actual state, and the wish where it differs.
    static std::string text(const ServiceBoard& board) {
        std::string text;
        for (const ServiceReport& report : board.reports()) {
            const bool on = report.actual == ServiceReport::Actual::On;
            text += (text.empty() ? "" : ", ") + report.name + (on ? " on" : " off");
            text += on == report.desired ? "" : report.desired ? " (wanted)" : " (unwanted)";
        }
        return text;
    }

    static std::string listens(const ServiceBoard& board, std::size_t index) {
        return endpointText(board.reports().at(index).listens.at(0));
    }

    std::string file() const { return folder_.path("services"); }

    TemporaryFolder folder_;
    NoRecorders recorders_;
    Engine engine_{{.threads = 1}, recorders_};
    std::thread player_;
};

TEST_F(ServiceBoardTest, BeginsWithWhatTheFileSays) {
    ServiceBoard board(engine_, file());
    EXPECT_TRUE(board.load({service("a"), service("b", "127.0.0.1:0", false)}, "agent.toml").empty());
    EXPECT_EQ(text(board), "a on, b off");
}

TEST_F(ServiceBoardTest, KeepsAWishOverARestart) {
    {
        ServiceBoard board(engine_, file());
        std::ignore = board.load({service("a"), service("b", "127.0.0.1:0", false)}, "agent.toml");
        EXPECT_TRUE(board.wish("a", false));
        EXPECT_TRUE(board.wish("b", true));
    }
    ServiceBoard again(engine_, file());
    std::ignore = again.load({service("a"), service("b", "127.0.0.1:0", false)}, "agent.toml");
    EXPECT_EQ(text(again), "a off, b on");
}

TEST_F(ServiceBoardTest, AppliesTheCollectorsWishOncePerVersion) {
    ServiceBoard board(engine_, file());
    std::ignore = board.load({service("a")}, "agent.toml");
    board.apply({.version = 5, .on = {{"a", false}}});
    EXPECT_EQ(text(board), "a off");
    EXPECT_TRUE(board.wish("a", true));
    board.apply({.version = 5, .on = {{"a", false}}});  // as after each reconnection
    EXPECT_EQ(text(board), "a on");
    board.apply({.version = 6, .on = {{"a", false}}});
    EXPECT_EQ(text(board), "a off");
    EXPECT_EQ(board.appliedVersion(), 6U);
}

TEST_F(ServiceBoardTest, HearsACollectorWhoseVersionsBeganAnew) {
    ServiceBoard board(engine_, file());
    std::ignore = board.load({service("a")}, "agent.toml");
    board.apply({.version = 9, .on = {{"a", true}}});
    board.apply({.version = 1, .on = {{"a", false}}});
    EXPECT_EQ(text(board), "a off");
}

TEST_F(ServiceBoardTest, KeepsTheCollectorsWishForAServiceThatTheFileNamesLater) {
    ServiceBoard board(engine_, file());
    std::ignore = board.load({service("a")}, "agent.toml");
    board.apply({.version = 1, .on = {{"later", false}, {"no such\nname", true}}});
    std::ignore = board.load({service("a"), service("later")}, "agent.toml");
    EXPECT_EQ(text(board), "a on, later off");
}

TEST_F(ServiceBoardTest, FollowsTheFileWhereItSaysSomethingElseThanBefore) {
    ServiceBoard board(engine_, file());
    std::ignore = board.load({service("a"), service("b")}, "agent.toml");
    EXPECT_TRUE(board.wish("a", false));
    EXPECT_TRUE(board.wish("b", false));
    std::ignore = board.load({service("a"), service("b", "127.0.0.1:0", false)}, "agent.toml");
    std::ignore = board.load({service("a"), service("b")}, "agent.toml");
    EXPECT_EQ(text(board), "a off, b on");
}

TEST_F(ServiceBoardTest, LetsAPortChangeHandsAtAReload) {
    ServiceBoard board(engine_, file());
    std::ignore = board.load({service("old")}, "agent.toml");
    const std::string taken = listens(board, 0);
    EXPECT_TRUE(board.load({service("new", taken)}, "agent.toml").empty());
    EXPECT_EQ(text(board), "new on");
    EXPECT_EQ(listens(board, 0), taken);
}

TEST_F(ServiceBoardTest, LetsTwoServicesSwapTheirPorts) {
    ServiceBoard board(engine_, file());
    std::ignore = board.load({service("a"), service("b")}, "agent.toml");
    const std::string first = listens(board, 0);
    const std::string second = listens(board, 1);
    const auto failures = board.load({service("a", second), service("b", first)}, "agent.toml");
    EXPECT_EQ(failures, std::vector<std::string>{});
    EXPECT_EQ(listens(board, 0), second);
    EXPECT_EQ(listens(board, 1), first);
}

TEST_F(ServiceBoardTest, SaysWhatCannotStartAndTriesAgain) {
    ServiceBoard other(engine_, folder_.path("other"));
    std::ignore = other.load({service("holder")}, "agent.toml");
    const std::string taken = listens(other, 0);
    ServiceBoard board(engine_, file());
    const auto failures = board.load({service("a", taken)}, "agent.toml");
    ASSERT_EQ(failures.size(), 1U);
    EXPECT_TRUE(failures[0].starts_with("agent.toml:4: ")) << failures[0];
    EXPECT_EQ(text(board), "a off (wanted)");
    EXPECT_TRUE(other.wish("holder", false));
    board.retry();
    EXPECT_EQ(text(board), "a on");
}

TEST_F(ServiceBoardTest, ListsTheServicesToWhoNamesAnUnknownOne) {
    ServiceBoard board(engine_, file());
    std::ignore = board.load({service("a"), service("b")}, "agent.toml");
    EXPECT_EQ(board.wish("c", true).error(), "there is no service 'c'; there are: a, b");
}

TEST_F(ServiceBoardTest, TellsOfEveryChange) {
    ServiceBoard board(engine_, file());
    int changes = 0;
    board.onChanged([&] { ++changes; });
    std::ignore = board.load({service("a")}, "agent.toml");
    std::ignore = board.wish("a", false);
    board.apply({.version = 3, .on = {{"a", true}}});
    board.apply({.version = 3, .on = {{"a", true}}});
    EXPECT_EQ(changes, 3);
}

TEST_F(ServiceBoardTest, ForgetsHowAVisitWentWhenTheServiceIsSwitchedOff) {
    ServiceBoard board(engine_, file());
    std::ignore = board.load({service("a")}, "agent.toml");
    const SelfTestReport passed{.at = {}, .passed = true, .step = {}, .reason = {}};
    board.tested("a", passed);
    EXPECT_EQ(board.reports()[0].selfTest, passed);
    std::ignore = board.wish("a", false);
    std::ignore = board.wish("a", true);
    EXPECT_EQ(board.reports()[0].selfTest, std::nullopt);
}

}  // namespace
}  // namespace apiary::agent::test
