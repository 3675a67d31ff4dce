#include "agent/control/control_server.hpp"

#include "tests/support/certificates.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <future>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace apiary::agent::test {
namespace {

using apiary::test::TemporaryFolder;

/// A server that answers with what it was asked, on its own thread.
class ControlServerTest : public ::testing::Test {
protected:
    ControlServerTest() {
        auto server =
            ControlServer::open(path_, [](std::string_view verb, std::string_view argument) -> Result<std::string> {
                if (verb == "refuse") {
                    return Error{"there is no " + std::string(argument)};
                }
                if (verb == "much") {
                    return std::string(4'000'000, '.');
                }
                return "<" + std::string(verb) + "|" + std::string(argument) + ">";
            });
        EXPECT_TRUE(server) << server.error();
        server_ = *std::move(server);
        thread_ = std::thread([this] { server_->run(); });
    }
    ~ControlServerTest() override { end(); }

    void end() {
        if (thread_.joinable()) {
            server_->close();
            thread_.join();
            server_.reset();
        }
    }

    std::string ask(const std::string& request) {
        std::string text;
        const Status asked = askAgent(path_, request, [&](std::string_view piece) { text += piece; });
        return asked ? text : "error: " + asked.error();
    }

    /// A connection without the client's manners.
    int connectRaw() const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::ranges::copy(path_, std::begin(address.sun_path));
        const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        return socket;
    }

    /// Reads until the server ends the stream.
    static std::string readAll(int socket) {
        std::string text;
        std::array<char, 65536> buffer{};
        for (ssize_t n = 0; (n = ::recv(socket, buffer.data(), buffer.size(), 0)) > 0;) {
            text.append(buffer.data(), static_cast<std::size_t>(n));
        }
        return text;
    }

    TemporaryFolder folder_;
    std::string path_ = folder_.path("control.sock");
    std::unique_ptr<ControlServer> server_;
    std::thread thread_;
};

TEST_F(ControlServerTest, HandsOverVerbAndArgument) {
    EXPECT_EQ(ask("services"), "<services|>");
    EXPECT_EQ(ask("start ftp one"), "<start|ftp one>");
}

TEST_F(ControlServerTest, PassesARefusalOn) {
    EXPECT_EQ(ask("refuse x"), "error: there is no x");
}

TEST_F(ControlServerTest, AnswersWhollyToWhoSaysNoMore) {
    for (const std::string request : {"much\n", "much"}) {  // as: echo much | nc -N -U, with and without an end of line
        const int socket = connectRaw();
        ASSERT_EQ(::send(socket, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
        ::shutdown(socket, SHUT_WR);
        EXPECT_EQ(readAll(socket).size(), 3 + 4'000'000U);
        ::close(socket);
    }
}

TEST_F(ControlServerTest, SaysThatNoAgentRuns) {
    end();
    EXPECT_NE(ask("status").find("start it with: apiary-agent run"), std::string::npos);
}

TEST_F(ControlServerTest, IsForItsOwnUserOnly) {
    EXPECT_EQ(std::filesystem::status(path_).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(ControlServerTest, TakesThePlaceOfASocketThatADeadAgentLeft) {
    const auto second = ControlServer::open(
        path_, [](std::string_view, std::string_view) -> Result<std::string> { return std::string(); });
    EXPECT_TRUE(second) << second.error();
}

TEST_F(ControlServerTest, ShowsWhatIsPublishedToAllWhoFollow) {
    std::promise<void> both[2];
    std::string texts[2];
    std::thread followers[2];
    for (int i = 0; i < 2; ++i) {
        followers[i] = std::thread([&, i] {
            std::ignore = askAgent(path_, "tail", [&, i](std::string_view piece) {
                const bool first = texts[i].empty();
                texts[i] += piece;
                if (first) {
                    both[i].set_value();
                }
            });
        });
    }
    auto one = both[0].get_future();
    auto two = both[1].get_future();
    const auto seen = [](std::future<void>& future) {
        return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    };
    const auto by = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!(seen(one) && seen(two)) && std::chrono::steady_clock::now() < by) {
        server_->publish("line\n");
        std::this_thread::yield();
    }
    end();
    for (int i = 0; i < 2; ++i) {
        followers[i].join();
        EXPECT_TRUE(texts[i].starts_with("line\n"));
    }
}

TEST_F(ControlServerTest, DropsAFollowerThatDoesNotRead) {
    const int socket = connectRaw();
    ASSERT_EQ(::send(socket, "tail\n", 5, MSG_NOSIGNAL), 5);
    std::array<char, 3> ok{};
    ASSERT_EQ(::recv(socket, ok.data(), ok.size(), MSG_WAITALL), 3);
    const std::string lines(100'000, '.');
    for (int i = 0; i < 200; ++i) {
        server_->publish(lines);
        EXPECT_EQ(ask("still there"), "<still|there>");  // the server has gone round once more
    }
    const std::string text = readAll(socket);  // ends, since it was dropped
    EXPECT_LT(text.size(), lines.size() * 200);
    EXPECT_TRUE(text.ends_with("(cut off: reading too slowly)\n")) << text.substr(text.size() - 40);
    ::close(socket);
}

TEST_F(ControlServerTest, LetsAClientGoThatNeverEndsItsLine) {
    const int socket = connectRaw();
    const std::string much(5000, 'x');
    ::send(socket, much.data(), much.size(), MSG_NOSIGNAL);
    EXPECT_EQ(readAll(socket).substr(0, 3), "ok\n");  // answered for what fits, then let go
    ::close(socket);
    EXPECT_EQ(ask("status"), "<status|>");
}

TEST_F(ControlServerTest, BoundsTheNumberOfClients) {
    std::vector<int> sockets(40);
    for (int& socket : sockets) {
        socket = connectRaw();
    }
    EXPECT_EQ(readAll(sockets.back()), "");  // turned away
    for (const int socket : sockets) {
        ::close(socket);
    }
}

}  // namespace
}  // namespace apiary::agent::test
