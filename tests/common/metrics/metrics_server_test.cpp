#include "common/metrics/metrics_server.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace apiary {
namespace {

/// A server on a port of its own, for one test.
class MetricsServerTest : public testing::Test {
protected:
    void serve(MetricsServer::Page page) {
        server_.emplace(Endpoint::of({127, 0, 0, 1}, 0), std::move(page));
        port_ = server_->listening() ? (*server_->listening()).port : std::uint16_t{0};
        thread_ = std::thread([this] { server_->run(); });
    }

    void TearDown() override {
        if (server_) {
            server_->close();
            thread_.join();
        }
    }

    int connect() const {
        const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port_);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        return socket;
    }

    static std::string restOf(int socket) {
        std::string text;
        std::array<char, 4096> buffer{};
        for (ssize_t got = 0; (got = ::recv(socket, buffer.data(), buffer.size(), 0)) > 0;) {
            text.append(buffer.data(), static_cast<std::size_t>(got));
        }
        ::close(socket);
        return text;
    }

    /// All that the server says to `request`, up to its end of the stream.
    std::string ask(const std::string& request) const {
        const int socket = connect();
        EXPECT_EQ(::send(socket, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
        return restOf(socket);
    }

    std::optional<MetricsServer> server_;
    std::thread thread_;
    std::uint16_t port_ = 0;
};

TEST_F(MetricsServerTest, HandsOutThePageAsItIsNow) {
    int asked = 0;
    serve([&] { return "asked " + std::to_string(++asked) + '\n'; });
    const std::string request = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    ask(request);
    const std::string answer = ask(request);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nasked 2\n")) << answer;
    EXPECT_EQ(answer.find("Server:"), std::string::npos);
}

TEST_F(MetricsServerTest, AnswersSeveralRequestsOfAConnection) {
    serve([] { return std::string("page\n"); });
    const std::string answer = ask(
        "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics?x=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_NE(answer.find("page\nHTTP/1.1 200 OK\r\n"), std::string::npos) << answer;
}

TEST_F(MetricsServerTest, HasNothingElse) {
    serve([] { return std::string("page\n"); });
    EXPECT_TRUE(ask("GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 404 "));
    EXPECT_TRUE(ask("POST /metrics HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 405 "));
    const std::string head = ask("HEAD /metrics HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
    EXPECT_NE(head.find("Content-Length: 5\r\n"), std::string::npos) << head;
}

TEST_F(MetricsServerTest, LetsGoOfWhoSendsTooMuchOrNoHttp) {
    serve([] { return std::string("page\n"); });
    EXPECT_EQ(ask("GET /metrics HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n"), "");
    EXPECT_EQ(ask(std::string("\x16\x03\x01\x00\x05hello\r\n\r\n", 15)), "");
    EXPECT_TRUE(ask("GET /metrics HTTP/1.0\r\n\r\n").ends_with("page\n"));
}

TEST_F(MetricsServerTest, TakesSixteenConnectionsAtOnce) {
    serve([] { return std::string("page\n"); });
    std::vector<int> held;
    for (int i = 0; i < 16; ++i) {
        held.push_back(connect());
    }
    EXPECT_EQ(restOf(connect()), "");  // closed without a word
    const std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
    ASSERT_GT(::send(held.back(), request.data(), request.size(), MSG_NOSIGNAL), 0);
    EXPECT_TRUE(restOf(held.back()).ends_with("page\n"));
    held.pop_back();
    for (const int socket : held) {
        ::close(socket);
    }
}

TEST_F(MetricsServerTest, AFailureIsAStatusAndTheNextScrapeIsServed) {
    bool broken = true;
    serve([&] { return std::exchange(broken, false) ? throw std::runtime_error("disk") : std::string("page\n"); });
    EXPECT_TRUE(ask("GET /metrics HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 500 "));
    EXPECT_TRUE(ask("GET /metrics HTTP/1.0\r\n\r\n").ends_with("page\n"));
}

TEST_F(MetricsServerTest, SaysThatAnAddressIsTaken) {
    serve([] { return std::string(); });
    MetricsServer second(Endpoint::of({127, 0, 0, 1}, port_), [] { return std::string(); });
    ASSERT_FALSE(second.listening());
    EXPECT_EQ(second.listening().error(), "cannot show figures on 127.0.0.1:" + std::to_string(port_) +
                                              ": Address already in use; give metrics another address, or \"off\"");
}

}  // namespace
}  // namespace apiary
