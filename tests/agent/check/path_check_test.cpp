#include "agent/check/path_check.hpp"

#include "agent/check/connection_try.hpp"
#include "agent/check/uplink_state.hpp"
#include "common/rpc/grpc_log.hpp"
#include "tests/agent/check/fake_health.hpp"
#include "tests/support/certificates.hpp"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;
using apiary::test::TemporaryFolder;
using apiary::test::TestAuthority;

constexpr auto kSensor = "URI:apiary:sensor/0190a4d2-0000-7000-8000-000000000001";

/// A port of the loopback that somebody holds, and on which nobody listens unless told to.
class HeldPort {
public:
    HeldPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(socket_, reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
        socklen_t size = sizeof address_;
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address_), &size);
    }
    HeldPort(const HeldPort&) = delete;
    HeldPort& operator=(const HeldPort&) = delete;
    ~HeldPort() { ::close(socket_); }

    void listen() const { ::listen(socket_, 4); }
    int accept() const { return ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC); }
    int port() const { return ntohs(address_.sin_port); }

private:
    int socket_;
    sockaddr_in address_{};
};

class PathCheckTest : public testing::Test {
protected:
    PathCheckTest() {
        routeGrpcLog([](std::string_view) {});
        state_.configured = state_.connected = true;
        state_.lanes = {{0, 7, 7}};
    }

    /// Walks, and returns the number of the step that failed. What was said is in `said_`, a line each.
    int walk(const std::string& address, std::chrono::milliseconds patience = 20s) {
        said_.clear();
        PathSettings settings{.address = address, .identity = own_, .askAgent = [this]() -> Result<std::string> {
                                  return runs_ ? Result<std::string>(writeUplinkState(state_))
                                               : Error{"no agent answers"};
                              }};
        settings.patience = patience;
        return checkPath(settings, [this](std::string_view line) { said_ += std::string(line) + '\n'; });
    }
    int walk(const FakeHealth& collector) { return walk("127.0.0.1:" + std::to_string(collector.port())); }

    bool says(const std::string& words) const { return said_.find(words) != std::string::npos; }

    TemporaryFolder folder_;
    TestAuthority ca_{folder_, "ours"};
    TestAuthority other_{folder_, "other"};
    TlsIdentity server_ = ca_.issueServer();
    TlsIdentity own_ = ca_.issue("sensor", kSensor);
    UplinkState state_;
    bool runs_ = true;
    std::string said_;
};

TEST_F(PathCheckTest, SaysALineForEachStepOfAGoodPath) {
    const FakeHealth collector(server_, {});
    EXPECT_EQ(walk(collector), 0) << said_;
    std::istringstream lines(said_);
    for (const char* name : {"name", "route", "port", "tls", "certificate", "clock", "sequence"}) {
        std::string line;
        std::getline(lines, line);
        EXPECT_TRUE(line.starts_with(std::string("ok ") + name + ' ')) << line;
    }
    EXPECT_TRUE(says("ok sequence lane 0 is there up to 7 of 7, nothing waits")) << said_;
}

TEST_F(PathCheckTest, FindsTheCollectorByItsName) {
    const FakeHealth collector(server_, {});
    EXPECT_EQ(walk("localhost:" + std::to_string(collector.port())), 0) << said_;
}

TEST_F(PathCheckTest, FailsAtANameThatNobodyKnows) {
    EXPECT_EQ(walk("collector.invalid:7443"), 1);
    EXPECT_TRUE(said_.starts_with("FAILED name no address is known for 'collector.invalid'")) << said_;
}

TEST_F(PathCheckTest, FailsWhereNoRouteLeads) {
    // A link-local address without a link: the kernel refuses it whatever its routes are.
    EXPECT_EQ(walk("[fe80::1]:7443"), 2);
    EXPECT_TRUE(says("FAILED route no route leads to fe80::1 (")) << said_;
}

TEST_F(PathCheckTest, FailsAtAClosedPort) {
    const HeldPort closed;
    EXPECT_EQ(walk("127.0.0.1:" + std::to_string(closed.port())), 3);
    EXPECT_TRUE(says("FAILED port nothing listens at 127.0.0.1 port " + std::to_string(closed.port()))) << said_;
}

TEST_F(PathCheckTest, FailsAtAServerWithoutTls) {
    const HeldPort plain;
    plain.listen();
    std::thread server([&] {
        const int client = plain.accept();
        EXPECT_GT(::send(client, "HTTP/1.0 400 Bad Request\r\n\r\n", 28, MSG_NOSIGNAL), 0);
        ::close(client);
    });
    EXPECT_EQ(walk("127.0.0.1:" + std::to_string(plain.port())), 4);
    server.join();
    EXPECT_TRUE(says("FAILED tls ")) << said_;
    EXPECT_TRUE(says("is another program behind this address and port?")) << said_;
}

TEST_F(PathCheckTest, FailsAtAServerThatSaysNothing) {
    const HeldPort silent;
    silent.listen();
    EXPECT_EQ(walk("127.0.0.1:" + std::to_string(silent.port()), 50ms), 4);
    EXPECT_TRUE(says("it hung up, or said nothing")) << said_;
}

TEST_F(PathCheckTest, FailsAtACollectorOfAnotherAuthority) {
    const FakeHealth collector(other_.issueServer("stranger"), {});
    EXPECT_EQ(walk(collector), 5);
    EXPECT_TRUE(says("FAILED certificate the CA '" + own_.ca + "' did not issue the collector's certificate")) << said_;
}

TEST_F(PathCheckTest, FailsAtACollectorOfAnotherName) {
    const FakeHealth collector(ca_.issue("elsewhere", "DNS:elsewhere.example"), {});
    EXPECT_EQ(walk(collector), 5);
    EXPECT_TRUE(says("the collector's certificate is not for '127.0.0.1' but for DNS:elsewhere.example")) << said_;
}

TEST_F(PathCheckTest, FailsAtACertificateOfTheCollectorThatExpired) {
    const FakeHealth collector(ca_.issue("late", "IP:127.0.0.1", -2h, -1h), {});
    EXPECT_EQ(walk(collector), 5);
    EXPECT_TRUE(says("FAILED certificate the collector's certificate is valid from ")) << said_;
}

TEST_F(PathCheckTest, FailsAtAnOwnCertificateThatExpired) {
    const FakeHealth collector(server_, {});
    own_ = ca_.issue("old", kSensor, -2h, -1h);
    EXPECT_EQ(walk(collector), 5);
    EXPECT_TRUE(says("FAILED certificate the certificate '" + own_.certificate + "' expired on ")) << said_;
}

TEST_F(PathCheckTest, FailsAtAnOwnCertificateOfAnotherAuthority) {
    const FakeHealth collector(server_, {});
    const TlsIdentity foreign = other_.issue("foreign", kSensor);
    own_ = {own_.ca, foreign.certificate, foreign.key};
    EXPECT_EQ(walk(collector), 5);
    EXPECT_TRUE(says("was not issued by the CA")) << said_;
}

TEST_F(PathCheckTest, FailsAtACertificateThatIsNotASensors) {
    const FakeHealth collector(server_, {});
    own_ = ca_.issue("person", "URI:apiary:operator/ann/admin");
    EXPECT_EQ(walk(collector), 5);
    EXPECT_TRUE(says("is not a sensor's: make one with apiary-collector issue sensor NAME")) << said_;
}

TEST_F(PathCheckTest, FailsAtACollectorThatDoesNotTakeOurCertificate) {
    TlsIdentity suspicious = server_;
    suspicious.ca = other_.file();  // whose clients it believes
    const FakeHealth collector(suspicious, {});
    EXPECT_EQ(walk(collector), 5);
    EXPECT_TRUE(says("FAILED certificate 127.0.0.1:")) << said_;
    EXPECT_TRUE(says("certificate")) << said_;
}

TEST_F(PathCheckTest, FailsAtClocksThatDifferByMoreThanTwoSeconds) {
    {
        const FakeHealth collector(server_, {.ahead = 1h});
        EXPECT_EQ(walk(collector), 6);
        EXPECT_TRUE(says("FAILED clock this machine's clock is 36")) << said_;
        EXPECT_TRUE(says(" s behind the collector's (")) << said_;
    }
    const FakeHealth collector(server_, {.ahead = -1h});
    EXPECT_EQ(walk(collector), 6);
    EXPECT_TRUE(says(" s ahead of the collector's (")) << said_;
}

TEST_F(PathCheckTest, FailsAtACollectorThatDoesNotTellItsClock) {
    const FakeHealth collector(server_, {.tellsClock = false});
    EXPECT_EQ(walk(collector), 6);
}

TEST_F(PathCheckTest, FailsAtACollectorWithoutADatabase) {
    const FakeHealth collector(server_, {.serving = false});
    EXPECT_EQ(walk(collector), 7);
    EXPECT_TRUE(says("FAILED sequence the collector has no database now")) << said_;
}

TEST_F(PathCheckTest, FailsWhereNoAgentRunsOrItIsNotConnected) {
    const FakeHealth collector(server_, {});
    runs_ = false;
    EXPECT_EQ(walk(collector), 7);
    EXPECT_TRUE(says("FAILED sequence no agent answers")) << said_;
    runs_ = true;
    state_.connected = false;
    state_.reason = "because";
    EXPECT_EQ(walk(collector), 7);
    EXPECT_TRUE(says("FAILED sequence the running agent is not connected: because")) << said_;
    state_.configured = false;
    EXPECT_EQ(walk(collector), 7);
}

TEST_F(PathCheckTest, FailsWhereRecordsWaitAndNoAcknowledgementComes) {
    const FakeHealth collector(server_, {});
    state_.lanes = {{0, 7, 9}};
    state_.oldest = 300s;
    state_.acknowledged = 1s;
    EXPECT_EQ(walk(collector), 0) << said_;
    EXPECT_TRUE(says("ok sequence lane 0 is there up to 7 of 9, the oldest record waits for 300 s")) << said_;
    state_.acknowledged = 200s;
    EXPECT_EQ(walk(collector), 7);
    EXPECT_TRUE(says("no acknowledgement has come for 200 s: see the collector's log")) << said_;
}

}  // namespace
}  // namespace apiary::agent::test
