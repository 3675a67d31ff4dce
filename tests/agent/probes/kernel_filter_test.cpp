#include "agent/probes/kernel_filter.hpp"

#include "agent/hosts/address_range.hpp"
#include "common/net/address.hpp"
#include "common/net/descriptor.hpp"
#include "tests/agent/probes/frames.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <sys/socket.h>
#include <vector>

namespace apiary::agent::test {
namespace {

/// Has the kernel run the program, which needs no privilege on a socket of our own.
class KernelFilterTest : public ::testing::Test {
protected:
    explicit KernelFilterTest(const WatchedHosts& hosts = watchedHosts()) : program_(kernelFilter(hosts)) {
        std::array<int, 2> pair{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()), 0);
        from_ = Descriptor(pair[0]);
        to_ = Descriptor(pair[1]);
        const sock_fprog program{.len = static_cast<unsigned short>(program_.size()), .filter = program_.data()};
        EXPECT_EQ(::setsockopt(to_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
    }

    /// How much of it comes through.
    std::size_t passes(const Frame& frame) {
        ::send(from_.get(), frame.data(), frame.size(), MSG_DONTWAIT);
        std::array<std::uint8_t, 2048> room{};
        const ssize_t got = ::recv(to_.get(), room.data(), room.size(), MSG_DONTWAIT);
        return got > 0 ? static_cast<std::size_t>(got) : 0;
    }

    std::vector<sock_filter> program_;
    Descriptor from_;
    Descriptor to_;
};

Endpoint six(std::string_view text, std::uint16_t port = 0) {
    Endpoint endpoint = *parseAddress(text);
    endpoint.port = port;
    return endpoint;
}

TEST_F(KernelFilterTest, LetsThroughWhatIsForHosts) {
    EXPECT_GT(passes(tcp({.source = attacker(1, 1), .target = host(0, 0, 23)})), 0U);
    EXPECT_GT(passes(udp(attacker(1, 1), host(255, 255, 161))), 0U);
    EXPECT_GT(passes(icmp(attacker(1, 0), host(7, 7, 0), 8)), 0U);
    EXPECT_GT(passes(tcp({.source = six("2001:db8::1", 1), .target = six("fd00:9::ffff", 23)})), 0U);
    EXPECT_GT(passes(icmp(six("2001:db8::1"), six("fd00:9::1"), 128)), 0U);
    EXPECT_GT(passes(tagged(udp(attacker(1, 1), host(1, 1, 161)))), 0U);
}

TEST_F(KernelFilterTest, RefusesTheRest) {
    EXPECT_EQ(passes(tcp({.source = attacker(1, 1), .target = Endpoint::of({10, 8, 255, 255}, 23)})), 0U);
    EXPECT_EQ(passes(tcp({.source = attacker(1, 1), .target = Endpoint::of({10, 10, 0, 0}, 23)})), 0U);
    EXPECT_EQ(passes(udp(six("2001:db8::1", 1), six("fd00:9:0:1::1", 23))), 0U);
    Frame arp(60, 0);
    arp[12] = 8;
    arp[13] = 6;
    EXPECT_EQ(passes(arp), 0U);
    Frame other = udp(attacker(1, 1), host(1, 1, 161));
    other[14 + 9] = 47;
    EXPECT_EQ(passes(other), 0U);
    EXPECT_EQ(passes({1, 2, 3}), 0U);
}

TEST_F(KernelFilterTest, RefusesDataOfConnectionsOnly) {
    for (const auto& [from, to] :
         {std::pair(attacker(1, 1), host(1, 1, 0)), std::pair(six("2001:db8::1"), six("fd00:9::1"))}) {
        const auto segment = [&](std::uint16_t port, std::uint8_t flags, std::size_t data) {
            TcpFrame frame{.source = from, .target = to, .flags = flags, .options = {1, 1, 1, 1}, .data = data};
            frame.target.port = port;
            return passes(tcp(frame));
        };
        for (const std::uint16_t port : std::vector<std::uint16_t>{21, 8000, 8100, 40'050}) {
            EXPECT_EQ(segment(port, kAck | 8, 1), 0U) << port;
            EXPECT_GT(segment(port, kAck, 0), 0U) << "the end of a handshake";
            EXPECT_GT(segment(port, kAck | kFin, 0), 0U);
            EXPECT_GT(segment(port, kRst | kAck, 0), 0U);
            EXPECT_GT(segment(port, kSyn, 10), 0U);
            EXPECT_GT(segment(port, 0, 10), 0U);
        }
        for (const std::uint16_t port : std::vector<std::uint16_t>{22, 7999, 8101}) {
            EXPECT_GT(segment(port, kAck | 8, 1), 0U) << port;
        }
    }
}

/// A machine without hosts on one of whose addresses a service listens.
class OwnKernelFilterTest : public KernelFilterTest {
protected:
    static WatchedHosts own() {
        WatchedHosts hosts;
        hosts.listeners = {Endpoint::of({}, 21)};
        return hosts;
    }
    OwnKernelFilterTest() : KernelFilterTest(own()) {}
};

TEST_F(OwnKernelFilterTest, LetsThroughAllThatIsForTheMachineButData) {
    for (const auto& [from, to] : {std::pair(attacker(1, 1), Endpoint::of({198, 51, 100, 7}, 80)),
                                   std::pair(six("2001:db8::1"), six("2001:db8::7", 80))}) {
        EXPECT_GT(passes(tcp({.source = from, .target = to})), 0U);
        EXPECT_GT(passes(tcp({.source = from, .target = to, .flags = kAck})), 0U) << "the end of a handshake";
        EXPECT_EQ(passes(tcp({.source = from, .target = to, .flags = kAck | 8, .options = {1, 1, 1, 1}, .data = 1})),
                  0U);
        EXPECT_GT(passes(udp(from, to)), 0U);
        EXPECT_GT(passes(icmp(from, to, to.v4() ? 8 : 128)), 0U);
    }
}

TEST_F(KernelFilterTest, CutsLongFrames) {
    Frame frame = udp(attacker(1, 1), host(1, 1, 161));
    frame.resize(1500, 'x');
    EXPECT_EQ(passes(frame), kSnapBytes);
}

/// As many ranges as a configuration may have, apart from each other.
WatchedHosts scattered() {
    WatchedHosts hosts = watchedHosts();
    hosts.plan.ranges.clear();
    for (int i = 0; i < 2048; ++i) {
        const std::string network = std::to_string(i / 256) + '.' + std::to_string(i % 256);
        hosts.plan.ranges.push_back({*parseRange("20." + network + ".128/25"), 0, 0});
        hosts.plan.ranges.push_back({*parseRange("fd00:9:" + std::to_string(i) + "::/64"), 0, 0});
    }
    std::ranges::sort(hosts.plan.ranges, {}, &HostRange::addresses);
    return hosts;
}

class ScatteredKernelFilterTest : public KernelFilterTest {
protected:
    ScatteredKernelFilterTest() : KernelFilterTest(scattered()) {}
};

TEST_F(ScatteredKernelFilterTest, FitsIntoTheKernelAndMissesNone) {
    EXPECT_LE(program_.size(), 4096U);
    for (const HostRange& range : scattered().plan.ranges) {
        Endpoint target{range.addresses.last, 23};
        Endpoint source = range.addresses.v4() ? attacker(1, 1) : six("2001:db8::1", 1);
        ASSERT_GT(passes(udp(source, target)), 0U) << addressText(target);
    }
    EXPECT_EQ(passes(udp(attacker(1, 1), Endpoint::of({21, 0, 0, 1}, 1))), 0U);
}

}  // namespace
}  // namespace apiary::agent::test
