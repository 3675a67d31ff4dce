#include "agent/coverage/socket_giver.hpp"

#include "agent/coverage/socket_request.hpp"

#include <gtest/gtest.h>

#include <array>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace apiary::agent::test {
namespace {

/// A pair of connected sockets, as of who asks and who answers.
std::array<Descriptor, 2> pairOfSockets() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds.data()), 0);
    return {Descriptor(fds[0]), Descriptor(fds[1])};
}

TEST(SocketMessageTest, CarriesTextAndSockets) {
    const auto [one, other] = pairOfSockets();
    std::vector<Descriptor> given;
    given.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    given.emplace_back(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ASSERT_TRUE(sendMessage(one.get(), "ok", given));
    given.clear();
    const auto taken = receiveMessage(other.get());
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->text, "ok");
    ASSERT_EQ(taken->sockets.size(), 2U);
    int kind = 0;
    socklen_t size = sizeof kind;
    ASSERT_EQ(::getsockopt(taken->sockets[1].get(), SOL_SOCKET, SO_TYPE, &kind, &size), 0);
    EXPECT_EQ(kind, SOCK_DGRAM);
    EXPECT_NE(::fcntl(taken->sockets[0].get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(SocketMessageTest, EndsWithThePeer) {
    auto [one, other] = pairOfSockets();
    one.reset();
    EXPECT_FALSE(receiveMessage(other.get()));
    EXPECT_FALSE(sendMessage(other.get(), "anybody?"));
}

/// A giver of a name of its own, which needs the rights of apiary-coverage.
class SocketGiverTest : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "transparent sockets need root";
        }
        auto giver = SocketGiver::open([this] { return refused_; }, name_);
        ASSERT_TRUE(giver) << giver.error();
        giver_.emplace(*std::move(giver));
        plan_.services = {{"ftp", {{21, 21}}, port_, 1}};
        plan_.personas = {{"server", {0}, OtherPorts::Closed, {}, true, "a", 2}};
        plan_.ranges = {{*parseRange("10.9.0.0/16"), 0, 3}};
        const Status followed = giver_->follow(plan_, 65'534);
        ASSERT_TRUE(followed) << followed.error();
    }

    Result<std::vector<Descriptor>> ask(const std::string& service, std::uint16_t port, std::size_t count) {
        std::thread answering([this] { giver_->answerOne(); });
        auto sockets = requestSockets(service, Endpoint::of({127, 0, 0, 1}, port), count, name_);
        answering.join();
        return sockets;
    }

    const std::string name_ = "apiary-coverage-test-" + std::to_string(::getpid());
    const std::uint16_t port_ = static_cast<std::uint16_t>(61'100 + ::getpid() % 4000);
    HostPlan plan_;
    Result<std::uint64_t> refused_ = 7;
    std::optional<SocketGiver> giver_;
};

TEST_F(SocketGiverTest, GivesTransparentSocketsOfThePort) {
    const auto sockets = ask("ftp", port_, 2);
    ASSERT_TRUE(sockets) << sockets.error();
    ASSERT_EQ(sockets->size(), 2U);
    for (const Descriptor& socket : *sockets) {
        int transparent = 0;
        socklen_t size = sizeof transparent;
        ASSERT_EQ(::getsockopt(socket.get(), IPPROTO_IP, IP_TRANSPARENT, &transparent, &size), 0);
        EXPECT_EQ(transparent, 1);
        EXPECT_EQ(::listen(socket.get(), 10), 0);
    }
    EXPECT_TRUE(ask("ftp", port_, 1)) << "later, too";
}

TEST_F(SocketGiverTest, GivesNothingThatThePlanHasNot) {
    EXPECT_NE(ask("ftp", 22, 1).error().find("has read another configuration"), std::string::npos);
    EXPECT_NE(ask("smtp", port_, 1).error().find("send it SIGHUP"), std::string::npos);
    EXPECT_FALSE(ask("ftp", port_, 1000));
}

TEST_F(SocketGiverTest, TellsWhatTheGuardRefused) {
    const auto ask = [this] {
        std::thread answering([this] { giver_->answerOne(); });
        auto told = askRefused(name_);
        answering.join();
        return told;
    };
    EXPECT_EQ(*ask(), 7U);
    refused_ = Error{"nft is not there"};
    EXPECT_EQ(ask().error(), "nft is not there");
    EXPECT_FALSE(askRefused("apiary-nobody-has-this"));
}

TEST_F(SocketGiverTest, IsOneForEachName) {
    EXPECT_NE(SocketGiver::open([] { return Result<std::uint64_t>(0); }, name_).error().find("is running here already"),
              std::string::npos);
}

TEST_F(SocketGiverTest, SaysWhichPortAnotherProgramHas) {
    const Descriptor other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(other.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    ASSERT_EQ(::getsockname(other.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    plan_.services[0].loopback = ntohs(address.sin_port);
    const Status followed = giver_->follow(plan_, 65'534);
    ASSERT_FALSE(followed);
    EXPECT_NE(followed.error().find("give [coverage] another port"), std::string::npos) << followed.error();
    EXPECT_TRUE(ask("ftp", port_, 1)) << "as before";
}

TEST(SocketRequestTest, SaysWhatToStartIfNobodyAnswers) {
    EXPECT_EQ(requestSockets("ftp", Endpoint::of({127, 0, 0, 1}, 61'000), 1, "apiary-nobody-has-this").error(),
              "service ftp has hosts, but nobody steers their connections here; start apiary-coverage apply");
}

}  // namespace
}  // namespace apiary::agent::test
