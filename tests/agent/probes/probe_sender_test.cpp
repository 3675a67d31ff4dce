#include "agent/probes/probe_sender.hpp"

#include "agent/coverage/socket_message.hpp"
#include "tests/agent/probes/frames.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <sys/socket.h>
#include <unistd.h>

namespace apiary::agent::test {
namespace {

using namespace std::chrono_literals;

/// A sender, and an agent that it may find.
class ProbeSenderTest : public ::testing::Test {
protected:
    ProbeSenderTest() : name_("apiary-probes-test-" + std::to_string(::getpid())) {}

    void listen() {
        int reason = 0;
        listening_ = *listenAt(name_, reason);
    }
    void accept() { peer_ = Descriptor(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)); }

    std::optional<ProbeMessage> receive() {
        std::array<char, kLongestProbeMessage> bytes{};
        const ssize_t got = ::recv(peer_.get(), bytes.data(), bytes.size(), 0);
        return got > 0 ? readProbeMessage({bytes.data(), static_cast<std::size_t>(got)}) : std::nullopt;
    }

    static std::vector<ProbeRow> rows(std::size_t count) {
        return std::vector<ProbeRow>(
            count,
            {.tool = {}, .source = attacker(1, 1), .target = host(1, 1, 23), .packets = 3, .firstUs = 1, .lastUs = 2});
    }

    const std::string name_;
    Descriptor listening_;
    Descriptor peer_;
    const ProbeSender::Time start_ = std::chrono::steady_clock::now();
};

TEST_F(ProbeSenderTest, KeepsRowsUntilTheAgentIsThere) {
    ProbeSender sender(::geteuid(), 1U << 20U, name_);
    sender.give(rows(10), {.seen = 4});
    sender.pump(start_);
    EXPECT_FALSE(sender.connected());
    listen();
    sender.pump(start_ + 10ms);
    EXPECT_FALSE(sender.connected()) << "not asked again within a second";
    sender.give({}, {.seen = 5});
    sender.pump(start_ + 1s);
    ASSERT_TRUE(sender.connected());
    EXPECT_TRUE(sender.idle());
    accept();
    EXPECT_EQ(std::get<std::vector<ProbeRow>>(*receive()).size(), 10U);
    EXPECT_EQ(std::get<CaptureFigures>(*receive()).seen, 9U);
}

TEST_F(ProbeSenderTest, CountsThePacketsThatFindNoRoom) {
    ProbeSender sender(::geteuid(), 60'000, name_);
    sender.give(rows(1000), {});
    listen();
    sender.pump(start_);
    accept();
    std::uint64_t packets = 0;
    for (auto message = receive(); message; message = receive()) {
        if (const auto* some = std::get_if<std::vector<ProbeRow>>(&*message)) {
            packets += 3 * some->size();
        } else {
            packets += std::get<CaptureFigures>(*message).unsent;
            EXPECT_GT(std::get<CaptureFigures>(*message).unsent, 0U);
        }
    }
    EXPECT_EQ(packets, 3000U);
}

TEST_F(ProbeSenderTest, SendsNothingToAStranger) {
    listen();
    ProbeSender sender(::geteuid() + 1, 20'000, name_);
    sender.give(rows(1), {});
    sender.pump(start_);
    EXPECT_EQ(sender.connected(), ::geteuid() == 0);  // root may answer for everybody
}

TEST_F(ProbeSenderTest, GoesOnWithAnAgentThatStartsAnew) {
    listen();
    ProbeSender sender(::geteuid(), 1U << 20U, name_);
    sender.pump(start_);
    accept();
    peer_.reset();
    sender.give(rows(1), {});
    sender.pump(start_ + 10ms);
    EXPECT_FALSE(sender.connected());
    sender.pump(start_ + 2s);
    accept();
    EXPECT_TRUE(receive());
}

}  // namespace
}  // namespace apiary::agent::test
