#include "collector/notify/webhook.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using End = Delivery::End;

/// A web server on loopback that answers one request after the other with the next of its answers, and keeps what it
/// was asked. An empty answer: the connection is held open until the server goes.
class LittleServer {
public:
    explicit LittleServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        ::listen(listener_, 8);
        socklen_t length = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~LittleServer() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
        for (const int held : held_) {
            ::close(held);
        }
    }
    LittleServer(const LittleServer&) = delete;
    LittleServer& operator=(const LittleServer&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook?key=secret"; }

    std::vector<std::string> asked;

private:
    void serve() {
        for (const auto& answer : answers_) {
            const int peer = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (peer < 0) {
                return;
            }
            std::string request;
            std::array<char, 4096> buffer{};
            while (request.find("\r\n\r\n") == std::string::npos || request.back() != '}') {
                const auto got = ::recv(peer, buffer.data(), buffer.size(), 0);
                if (got <= 0) {
                    break;
                }
                request.append(buffer.data(), static_cast<std::size_t>(got));
            }
            asked.push_back(request);
            if (answer.empty()) {
                held_.push_back(peer);
                continue;
            }
            ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
            ::close(peer);
        }
    }

    const std::vector<std::string> answers_;
    int listener_ = -1;
    int port_ = 0;
    std::vector<int> held_;
    std::thread thread_;
};

std::string answer(const std::string& status, const std::string& headers = {}, const std::string& body = {}) {
    return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
           "\r\nConnection: close\r\n\r\n" + body;
}

class WebhookTest : public testing::Test {
protected:
    std::atomic<bool> stopping_ = false;
};

TEST_F(WebhookTest, PostsJson) {
    LittleServer server({answer("204 No Content")});
    const auto delivery = Webhook(server.url()).carry(R"({"a":1})", stopping_);
    EXPECT_EQ(delivery.end, End::Done) << delivery.problem;
    ASSERT_EQ(server.asked.size(), 1U);
    EXPECT_TRUE(server.asked[0].starts_with("POST /hook?key=secret HTTP/1.1\r\n")) << server.asked[0];
    EXPECT_NE(server.asked[0].find("Content-Type: application/json\r\n"), std::string::npos);
    EXPECT_TRUE(server.asked[0].ends_with("\r\n\r\n{\"a\":1}"));
}

TEST_F(WebhookTest, ComesBackWhenTheServerFailsAndGivesUpWhatItRefuses) {
    LittleServer server({answer("503 Busy", {}, "later"), answer("404 Not Found"), answer("400 Bad Request"),
                         answer("302 Found", "Location: http://127.0.0.1:1/\r\n")});
    Webhook webhook(server.url());
    const auto busy = webhook.carry("{}", stopping_);
    EXPECT_EQ(busy.end, End::Later);
    EXPECT_EQ(busy.problem, "the webhook at 127.0.0.1: it answered 503: later") << "and not the key";
    EXPECT_EQ(webhook.carry("{}", stopping_).end, End::Later);
    EXPECT_EQ(webhook.carry("{}", stopping_).end, End::Refused);
    EXPECT_EQ(webhook.carry("{}", stopping_).problem, "the webhook at 127.0.0.1: it answered 302");
}

TEST_F(WebhookTest, ComesBackWhereNobodyListens) {
    const auto delivery = Webhook("http://127.0.0.1:1/").carry("{}", stopping_);
    EXPECT_EQ(delivery.end, End::Later);
    EXPECT_NE(delivery.problem.find("127.0.0.1"), std::string::npos);
}

TEST_F(WebhookTest, WaitsNoLongerThanItsDeadline) {
    LittleServer server({""});
    const auto delivery = Webhook(server.url(), 300ms).carry("{}", stopping_);
    EXPECT_EQ(delivery.end, End::Later);
    EXPECT_NE(delivery.problem.find("timed out"), std::string::npos) << delivery.problem;
}

TEST_F(WebhookTest, EndsWithTheCollector) {
    LittleServer server({""});
    stopping_ = true;
    EXPECT_EQ(Webhook(server.url()).carry("{}", stopping_).end, End::Later);
}

TEST_F(WebhookTest, WantsAnAddressThatIsSafeToPostTo) {
    for (const char* good :
         {"https://example.net/hook", "http://127.0.0.1:9/x", "http://[::1]:9/", "http://localhost/"}) {
        EXPECT_TRUE(Webhook::check(good)) << good;
    }
    for (const char* bad : {"", "example.net", "ftp://example.net/", "http://example.net/", "file:///etc/passwd",
                            "http://127.0.0.1.example.net/", "http://127.evil/"}) {
        EXPECT_FALSE(Webhook::check(bad)) << bad;
    }
}

}  // namespace
}  // namespace apiary::collector
