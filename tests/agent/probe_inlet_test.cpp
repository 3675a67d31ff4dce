#include "agent/probe_inlet.hpp"

#include "agent/coverage/socket_message.hpp"
#include "tests/agent/record/recording_fixture.hpp"

#include <array>
#include <optional>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace apiary::agent {
namespace {

/// An inlet that runs, and programs that talk to it.
class ProbeInletTest : public RecordingTest {
protected:
    ProbeInletTest() {
        openAll();
        inlet_.emplace(*recording_, name_);
        running_ = std::thread([this] { inlet_->run(); });
        while (!(program_ = connectTo(name_, 5))) {
            std::this_thread::yield();
        }
    }
    ~ProbeInletTest() override { end(); }

    void end() {
        if (running_.joinable()) {
            inlet_->close();
            running_.join();
        }
    }

    void send(const std::string& message) {
        ASSERT_EQ(::send(program_->get(), message.data(), message.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(message.size()));
    }

    /// Whether the inlet hung up on that socket; waits for it.
    static bool closed(const Descriptor& socket) {
        std::array<char, 8> bytes{};
        return ::recv(socket.get(), bytes.data(), bytes.size(), 0) <= 0;
    }

    void await(std::uint64_t rows) {
        while (inlet_->view().rows < rows) {
            std::this_thread::yield();
        }
    }

    static ProbeRow row() {
        return {.kind = ProbeKind::Closed,
                .tool = "zmap",
                .source = Endpoint::of({192, 0, 2, 9}, 4000),
                .target = Endpoint::of({10, 9, 1, 2}, 23),
                .packets = 7,
                .firstUs = 1'492'510'799'123'456,
                .lastUs = 1'492'510'799'130'000,
                .ttl = 61};
    }

    const std::string name_ = "apiary-inlet-test-" + std::to_string(::getpid());
    std::optional<ProbeInlet> inlet_;
    std::thread running_;
    std::optional<Descriptor> program_;
};

TEST_F(ProbeInletTest, HasRowsRecorded) {
    send(rowMessages(std::vector{row()}).front());
    await(1);
    EXPECT_TRUE(inlet_->view().connected);
    end();
    drain();
    ASSERT_EQ(records().size(), 1U);
    const auto probe = records()[0].probe();
    EXPECT_EQ(probe.kind(), "closed");
    EXPECT_EQ(probe.packets(), 7U);
    EXPECT_EQ(probe.reason(), "tool=zmap ttl=61 flags=- window=0");
    EXPECT_EQ(probe.target().port(), 23U);
}

TEST_F(ProbeInletTest, HasLossesRecordedAndTellsThemAsABound) {
    send(figuresMessage({.seen = 100, .beyond = 2, .unsent = 3, .kernelDropped = 4}));
    send(figuresMessage({.seen = 1, .interfaces = 1, .configured = 2}));
    send(rowMessages(std::vector{row()}).front());
    await(1);
    EXPECT_EQ(inlet_->view().figures.seen, 101U);
    EXPECT_EQ(inlet_->view().figures.configured, 2U);
    EXPECT_EQ(inlet_->bound().lost, 9U);
    EXPECT_EQ(inlet_->bound().name, "probe_ring");
    end();
    drain();
    ASSERT_EQ(records().size(), 2U);
    EXPECT_EQ(records()[1].gap().what(), "probe");
    EXPECT_EQ(records()[1].gap().records(), 9U);
}

TEST_F(ProbeInletTest, HangsUpOnNonsenseAndTakesTheNext) {
    send("nonsense");
    EXPECT_TRUE(closed(*program_));
    program_ = connectTo(name_, 5);
    send(rowMessages(std::vector{row()}).front());
    await(1);
}

TEST_F(ProbeInletTest, HearsOneProgramAtATime) {
    send(rowMessages(std::vector{row()}).front());
    await(1);
    const auto second = connectTo(name_, 5);
    ASSERT_TRUE(second);
    EXPECT_TRUE(closed(*second));
    send(rowMessages(std::vector{row()}).front());
    await(2);
}

}  // namespace
}  // namespace apiary::agent
