#include "agent/probes/probe_watch.hpp"

#include "agent/hosts/host_station.hpp"
#include "tests/agent/probes/frames.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace apiary::agent::test {
namespace {

constexpr std::uint64_t kStart = 1'492'510'799'000'000;
constexpr std::uint64_t kSecond = 1'000'000;

class ProbeWatchTest : public ::testing::Test {
protected:
    explicit ProbeWatchTest(const ProbeWatch::Settings& settings = {}) : watch_(watchedHosts(), settings) {}

    void take(const Frame& frame, std::uint64_t after = 0) { watch_.take(frame, kStart + after); }
    void takeTcp(const Endpoint& source, const Endpoint& target, std::uint8_t flags = kSyn, std::uint64_t after = 0) {
        take(tcp({.source = source, .target = target, .flags = flags}), after);
    }
    std::vector<ProbeRow> rows() {
        watch_.settle(kStart + 3600 * kSecond);
        return watch_.collect();
    }
    void expectAllCounted() const {
        const WatchFigures figures = watch_.figures();
        EXPECT_EQ(figures.seen, figures.probes + figures.connections + figures.answers + figures.foreign);
    }

    ProbeWatch watch_;
};

TEST_F(ProbeWatchTest, AddsUpASweepByBlocks) {
    for (int third = 0; third < 256; ++third) {
        for (int last = 0; last < 256; ++last) {
            take(tcp({.source = attacker(1, 4000),
                      .target = host(static_cast<std::uint8_t>(third), static_cast<std::uint8_t>(last), 23),
                      .options = {2, 4, 5, 0xb4, 1, 3, 3, 7}}));  // more than masscan has: none is its own by chance
        }
    }
    const auto found = rows();
    ASSERT_EQ(found.size(), 256U);
    for (const ProbeRow& row : found) {
        EXPECT_EQ(row.packets, 256U);
        EXPECT_EQ(row.addresses, 256U);
        EXPECT_EQ(row.kind, ProbeKind::Closed);
        EXPECT_EQ(row.target.port, 23);
    }
    expectAllCounted();
}

TEST_F(ProbeWatchTest, KeepsPortsKindsSourcesAndToolsApart) {
    takeTcp(attacker(1, 4000), host(0, 1, 22), kSyn, 10);
    takeTcp(attacker(1, 4001), host(0, 1, 22), kSyn, 40);
    takeTcp(attacker(1, 4000), host(0, 1, 25));
    takeTcp(attacker(2, 4000), host(0, 1, 22));
    take(udp(attacker(1, 53), host(0, 1, 22)));
    take(icmp(attacker(1, 0), host(0, 1, 0), 8, 56));
    take(tcp({.source = attacker(1, 1), .target = host(0, 1, 22), .window = 65'535, .ipId = 54'321, .ttl = 243}));
    const auto found = rows();
    EXPECT_EQ(found.size(), 6U);
    EXPECT_EQ(found.front().packets, 2U);
    EXPECT_EQ(found.front().source.port, 4000);
    EXPECT_EQ(found.front().firstUs, kStart + 10);
    EXPECT_EQ(found.front().lastUs, kStart + 40);
    EXPECT_EQ(found.back().tool, "zmap");
}

TEST_F(ProbeWatchTest, ADatagramToAServiceIsNoProbe) {
    take(udp(attacker(1, 5000), host(0, 1, 161)));
    EXPECT_TRUE(rows().empty());
    takeTcp(attacker(1, 4000), host(0, 1, 161));
    ASSERT_EQ(rows().size(), 1U);
    expectAllCounted();
}

TEST_F(ProbeWatchTest, AConnectionToAServiceIsNoProbe) {
    takeTcp(attacker(1, 4000), host(0, 1, 21));
    takeTcp(attacker(1, 4000), host(0, 1, 21), kAck, kSecond / 10);
    takeTcp(attacker(1, 4000), host(0, 1, 21), kAck | kFin, kSecond);
    EXPECT_TRUE(rows().empty());
    EXPECT_EQ(watch_.figures().connections, 3U);
    expectAllCounted();
}

TEST_F(ProbeWatchTest, ADataChannelIsNoProbe) {
    takeTcp(attacker(1, 4000), host(0, 1, 40'007));
    takeTcp(attacker(1, 4000), host(0, 1, 40'007), kAck);
    EXPECT_TRUE(rows().empty());
    takeTcp(attacker(1, 4000), host(0, 1, 40'008));
    const auto found = rows();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].kind, ProbeKind::Closed);
}

TEST_F(ProbeWatchTest, AHalfOpenConnectionIsAProbeWhenItIsResetOrNothingComes) {
    takeTcp(attacker(1, 4000), host(0, 1, 21));
    takeTcp(attacker(1, 4000), host(0, 1, 21), kRst, 50);
    takeTcp(attacker(1, 4001), host(0, 2, 21), kSyn, 60);
    takeTcp(attacker(1, 4001), host(0, 2, 21), kSyn, kSecond);  // again
    watch_.settle(kStart + 60);
    EXPECT_EQ(watch_.waiting(), 1U);
    auto found = watch_.collect();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].kind, ProbeKind::Syn);
    EXPECT_EQ(found[0].packets, 1U);
    found = rows();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].packets, 2U);
    EXPECT_EQ(found[0].lastUs, kStart + kSecond);
    EXPECT_EQ(watch_.figures().answers, 1U);
    expectAllCounted();
}

TEST_F(ProbeWatchTest, AnAddressThatComesAgainAfterItsConnectionIsJudgedAnew) {
    takeTcp(attacker(1, 4000), host(0, 1, 21));
    takeTcp(attacker(1, 4000), host(0, 1, 21), kAck, 10);
    takeTcp(attacker(1, 4000), host(0, 1, 21), kSyn, 4 * kSecond);
    watch_.settle(kStart + kSecond);  // what stands in the order of the first one
    EXPECT_EQ(watch_.waiting(), 1U);
    EXPECT_EQ(rows().size(), 1U);
}

TEST_F(ProbeWatchTest, FlagsThatOpenNothingAreProbesAndAnswersAreNone) {
    for (const std::uint8_t flags : {std::uint8_t{0}, kFin, std::uint8_t{kFin | 0x28}, kAck}) {
        takeTcp(attacker(1, 1), host(0, 1, 23), flags);
    }
    takeTcp(attacker(1, 1), host(0, 1, 21), kFin);
    EXPECT_EQ(watch_.figures().probes, 5U);
    takeTcp(attacker(1, 1), host(0, 1, 23), kRst);
    takeTcp(attacker(1, 1), host(0, 1, 23), kSyn | kAck);
    take(icmp(attacker(1, 0), host(0, 1, 0), 3));
    take(icmp(attacker(1, 0), host(0, 1, 0), 0));
    EXPECT_EQ(watch_.figures().answers, 4U);
    expectAllCounted();
}

TEST_F(ProbeWatchTest, WhatIsNotForAHostIsForeign) {
    takeTcp(attacker(1, 1), Endpoint::of({10, 10, 0, 1}, 23));
    take({1, 2, 3});
    EXPECT_TRUE(rows().empty());
    EXPECT_EQ(watch_.figures().foreign, 2U);
}

/// Hosts of a link: those of the first range have hardware addresses of their own.
class LinkProbeWatchTest : public ::testing::Test {
protected:
    static WatchedHosts hosts() {
        WatchedHosts hosts{.plan = {}, .channels = {}, .machine = 7};
        hosts.plan.personas.resize(2);
        hosts.plan.personas[0].name = "camera";
        hosts.plan.personas[0].vendor = std::array<std::uint8_t, 3>{0x44, 0x19, 0xb6};
        hosts.plan.ranges = {{*parseRange("10.9.0.0/24"), 0, 1, "eth0"}, {*parseRange("10.9.1.0/24"), 1, 2, "eth0"}};
        return hosts;
    }
    static Frame to(const Endpoint& target, const std::array<std::uint8_t, 6>& station) {
        Frame frame = udp(attacker(1, 5000), target);
        std::ranges::copy(station, frame.begin());
        return frame;
    }

    ProbeWatch watch_{hosts(), {}};
};

TEST_F(LinkProbeWatchTest, AFrameForTheStationOfAHostIsForUs) {
    watch_.take(to(host(0, 7, 161), *stationOf(hosts().plan, 7, host(0, 7, 0))), kStart, FrameFor::Others);
    const auto rows = watch_.collect();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].target, host(0, 7, 161));
}

TEST_F(LinkProbeWatchTest, AFrameForSomebodyElseIsForeign) {
    const std::array<std::uint8_t, 6> somebody{0x52, 0x54, 0, 0x12, 0x34, 0x56};
    watch_.take(to(host(0, 7, 161), somebody), kStart, FrameFor::Others);
    watch_.take(to(host(1, 7, 161), somebody), kStart, FrameFor::Others);
    watch_.take(to(host(0, 8, 161), *stationOf(hosts().plan, 7, host(0, 7, 0))), kStart, FrameFor::Others);
    EXPECT_TRUE(watch_.collect().empty()) << "a live owner's, which comes by as the interface hands up everything";
    EXPECT_EQ(watch_.figures().foreign, 3U);
}

TEST_F(LinkProbeWatchTest, AFrameForAllOrForTheInterfaceIsForUs) {
    watch_.take(to(host(1, 7, 161), {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), kStart, FrameFor::Us);
    EXPECT_EQ(watch_.collect().size(), 1U);
}

/// A machine without hosts: FTP listens on one of its addresses, SNMP on all of IPv6.
class OwnProbeWatchTest : public ::testing::Test {
protected:
    OwnProbeWatchTest() { watch_.setOwn({kOwn, kQuiet, kOwn6}); }

    void takeTcp(const Endpoint& target, std::uint8_t flags, std::uint16_t from = 4000) {
        watch_.take(tcp({.source = attacker(1, from), .target = target, .flags = flags}), kStart);
    }
    void takeUdp(std::uint16_t from, std::uint16_t port) {
        watch_.take(udp(attacker(1, from), at(kOwn, port)), kStart);
    }
    static Endpoint at(Endpoint address, std::uint16_t port) {
        address.port = port;
        return address;
    }
    std::vector<ProbeRow> rows() {
        watch_.settle(kStart + 3600 * kSecond);
        return watch_.collect();
    }

    static constexpr Endpoint kOwn = Endpoint::of({198, 51, 100, 7}, 0);
    static constexpr Endpoint kQuiet = Endpoint::of({198, 51, 100, 8}, 0);
    static constexpr Endpoint kOwn6{{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}, 0};
    ProbeWatch watch_{{.plan = {},
                       .channels = {{32'768, 60'999}},
                       .machine = 7,
                       .listeners = {Endpoint::of({198, 51, 100, 7}, 21), Endpoint{{}, 161}}},
                      {}};
};

TEST_F(OwnProbeWatchTest, WhatComesToAnAddressOnWhichAServiceListensIsAProbe) {
    takeTcp(at(kOwn, 21), kSyn);
    takeTcp(at(kOwn, 22), kSyn);
    takeTcp(at(kOwn, 23), kFin);
    takeTcp(at(kOwn6, 80), kSyn);
    takeUdp(5000, 161);
    watch_.take(icmp(attacker(1, 0), kOwn, 8, 56), kStart);
    std::vector<std::pair<std::uint16_t, ProbeKind>> found;
    for (const ProbeRow& row : rows()) {
        found.emplace_back(row.target.port, row.kind);
    }
    std::ranges::sort(found);
    EXPECT_EQ(found, (std::vector<std::pair<std::uint16_t, ProbeKind>>{{0, ProbeKind::Icmp},
                                                                       {21, ProbeKind::Syn},
                                                                       {22, ProbeKind::Closed},
                                                                       {23, ProbeKind::Closed},
                                                                       {80, ProbeKind::Closed},
                                                                       {161, ProbeKind::Udp}}));
}

TEST_F(OwnProbeWatchTest, WhatComesToOtherAddressesOfTheMachineIsForeign) {
    takeTcp(at(kQuiet, 22), kSyn);
    EXPECT_TRUE(rows().empty());
    EXPECT_EQ(watch_.figures().foreign, 1U);
    watch_.setOwn({kQuiet});
    takeTcp(at(kOwn, 22), kSyn);
    EXPECT_TRUE(rows().empty()) << "it is the machine's no more";
}

TEST_F(OwnProbeWatchTest, AConnectionToAnyProgramAndAnswersToTheMachineAreNoProbes) {
    takeTcp(at(kOwn, 22), kSyn);
    takeTcp(at(kOwn, 22), kAck);
    takeTcp(at(kOwn, 40'000), kSyn | kAck, 443);
    takeTcp(at(kOwn, 40'000), kAck, 443);
    takeTcp(at(kOwn, 700), kAck, 2049);
    takeTcp(at(kOwn, 700), kRst, 2049);
    takeUdp(53, 40'000);
    takeUdp(123, 123);
    takeUdp(67, 68);
    watch_.take(udp(attacker(1, 5000), at(kOwn6, 161)), kStart);
    watch_.take(icmp(attacker(1, 0), kOwn, 0, 56), kStart);
    EXPECT_TRUE(rows().empty());
    const WatchFigures figures = watch_.figures();
    EXPECT_EQ(figures.seen, figures.connections + figures.answers);
}

class SmallProbeWatchTest : public ProbeWatchTest {
protected:
    SmallProbeWatchTest() : ProbeWatchTest({.rows = 64, .waiting = 4}) {}
};

TEST_F(SmallProbeWatchTest, CallsTheOldestAProbeWhereThereIsNoRoomToWait) {
    for (std::uint16_t port = 1; port <= 6; ++port) {
        takeTcp(attacker(1, port), host(0, 1, 21), kSyn, port);
    }
    EXPECT_EQ(watch_.waiting(), 4U);
    EXPECT_EQ(watch_.figures().hasty, 2U);
    for (int i = 0; i < 1000; ++i) {  // connections leave nothing behind that grows
        takeTcp(attacker(2, 9), host(0, 1, 21), kSyn, 100 + static_cast<std::uint64_t>(i));
        takeTcp(attacker(2, 9), host(0, 1, 21), kAck, 100 + static_cast<std::uint64_t>(i));
    }
    EXPECT_LE(watch_.waiting(), 4U);
    rows();
    expectAllCounted();
}

std::uint64_t packetsIn(const std::vector<ProbeRow>& rows) {
    std::uint64_t packets = 0;
    for (const ProbeRow& row : rows) {
        packets += row.packets;
    }
    return packets;
}

TEST_F(SmallProbeWatchTest, TellsTheBusiestSourceLessFinelyWhenTheTableIsFull) {
    takeTcp(attacker(9, 1), host(0, 1, 80));
    for (int third = 0; third < 200; ++third) {
        takeTcp(attacker(1, 4000), host(static_cast<std::uint8_t>(third), 1, 23));
    }
    const auto found = rows();
    ASSERT_EQ(found.size(), 2U);
    const auto coarse = std::ranges::find(found, attacker(1, 4000), &ProbeRow::source);
    EXPECT_TRUE(coarse->anyBlock);
    EXPECT_FALSE(coarse->anyPort);
    EXPECT_EQ(coarse->packets, 200U);
    EXPECT_GE(coarse->addresses, 63U);
    EXPECT_EQ(coarse->merged, 63U);
    EXPECT_EQ(watch_.figures().merged, 63U);
    takeTcp(attacker(1, 4000), host(0, 1, 23));
    EXPECT_FALSE(rows().at(0).anyBlock) << "the next table begins finely";
}

TEST_F(SmallProbeWatchTest, ASourceThatTriesAllPortsBecomesOneRow) {
    for (std::uint16_t port = 1000; port < 3000; ++port) {
        takeTcp(attacker(1, 4000), host(0, 1, port));
    }
    const auto found = rows();
    EXPECT_EQ(packetsIn(found), 2000U);
    EXPECT_TRUE(std::ranges::any_of(found, &ProbeRow::anyPort));
    EXPECT_EQ(watch_.figures().beyond, 0U);
}

TEST_F(SmallProbeWatchTest, CountsWhatFindsNoRowAmongManySources) {
    for (int i = 0; i < 5000; ++i) {
        const Endpoint source =
            Endpoint::of({198, 18, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}, 1);
        takeTcp(source, host(0, 1, 80));
    }
    const auto found = rows();
    EXPECT_EQ(found.size(), 64U);
    EXPECT_EQ(packetsIn(found) + watch_.figures().beyond, 5000U);
    takeTcp(attacker(1, 1), host(0, 1, 80));
    EXPECT_EQ(rows().size(), 1U) << "the next table has room again";
}

}  // namespace
}  // namespace apiary::agent::test
