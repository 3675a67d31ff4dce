/// What it costs to judge captured packets and to add them up, in memory: blocks of the kernel's ring as they would
/// come, through the watch, to rows; nothing is captured or sent. Three loads: a sweep of a /16 over ports that no
/// service has; the same over a service's port, where every SYN waits for its handshake; and a flood of forged sources,
/// for which no table is large enough. Argument: how many packets each, 2,000,000 if not given.

#include "agent/probes/probe_watch.hpp"
#include "agent/probes/ring_block.hpp"
#include "tests/agent/probes/frames.hpp"
#include "tests/bench/load.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace apiary::agent;
using apiary::Endpoint;
using Clock = std::chrono::steady_clock;

constexpr double kGoal = 100'000;  // packets a second, through everything
constexpr std::size_t kBlock = 256U << 10U;
constexpr std::size_t kStride = 192;  // of a SYN in the ring
constexpr std::uint32_t kMac = 82;
constexpr std::uint64_t kRate = 283'000;  // packets a second on the wire: the most that masscan made here
constexpr std::size_t kSweep = 65'536;

using Frames = std::vector<test::Frame>;

/// Blocks with these frames, over and over, `count` in all, at the times at which they would come.
class Blocks {
public:
    Blocks(const Frames& frames, std::size_t count) {
        const std::size_t each = (kBlock - 48) / kStride;
        for (std::size_t sent = 0; sent < count;) {
            const std::size_t now = std::min(each, count - sent);
            std::vector<std::uint8_t> block(kBlock);
            tpacket_block_desc head{};
            head.hdr.bh1.num_pkts = static_cast<std::uint32_t>(now);
            head.hdr.bh1.offset_to_first_pkt = 48;
            std::memcpy(block.data(), &head, sizeof head);
            for (std::size_t i = 0; i < now; ++i, ++sent) {
                const test::Frame& frame = frames[sent % frames.size()];
                const std::uint64_t micros = sent * 1'000'000 / kRate;
                tpacket3_hdr packet{};
                packet.tp_next_offset = i + 1 < now ? kStride : 0;
                packet.tp_sec = static_cast<std::uint32_t>(1'492'510'799 + micros / 1'000'000);
                packet.tp_nsec = static_cast<std::uint32_t>(micros % 1'000'000 * 1000);
                packet.tp_mac = kMac;
                packet.tp_snaplen = static_cast<std::uint32_t>(frame.size());
                std::uint8_t* at = block.data() + 48 + i * kStride;
                std::memcpy(at, &packet, sizeof packet);
                std::memcpy(at + kMac, frame.data(), frame.size());
            }
            blocks_.push_back(std::move(block));
        }
    }
    const std::vector<std::vector<std::uint8_t>>& all() const { return blocks_; }

private:
    std::vector<std::vector<std::uint8_t>> blocks_;
};

/// Packets a second; the rows of each ten seconds are taken as the program takes them.
double judge(const Frames& frames, std::size_t count, std::size_t& rows, std::uint64_t& beyond) {
    const Blocks blocks(frames, count);
    ProbeWatch watch(test::watchedHosts(), {});
    std::uint64_t nextTake = 0;
    rows = 0;
    const auto start = Clock::now();
    for (const auto& block : blocks.all()) {
        std::uint64_t last = 0;
        walkBlock(block, [&](std::span<const std::uint8_t> frame, std::uint64_t at, FrameFor whom) {
            watch.take(frame, at, whom);
            last = at;
        });
        watch.settle(last - 5'000'000);
        nextTake = nextTake == 0 ? last + 10'000'000 : nextTake;
        if (last >= nextTake) {
            nextTake = last + 10'000'000;
            rows += watch.collect().size();
        }
    }
    watch.settle(UINT64_MAX);
    rows += watch.collect().size();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const WatchFigures figures = watch.figures();
    beyond = figures.beyond;
    if (figures.seen != count || figures.probes != count) {
        std::cerr << "probes_bench: " << figures.probes << " probes of " << count << " packets\n";
        std::exit(1);
    }
    return static_cast<double>(count) / seconds;
}

Frames sweep(std::uint16_t port) {
    Frames frames;
    for (std::size_t i = 0; i < kSweep; ++i) {
        const std::size_t to = i * 40'503 % kSweep;  // in no order, each once
        frames.push_back(
            test::tcp({.source = test::attacker(1, 61'000),
                       .target = test::host(static_cast<std::uint8_t>(to >> 8U), static_cast<std::uint8_t>(to), port),
                       .seq = static_cast<std::uint32_t>(i),
                       .window = 1024,
                       .options = {2, 4, 5, 0xb4}}));
    }
    return frames;
}

Frames flood() {
    Frames frames;
    for (std::uint32_t i = 0; i < 4 * kSweep; ++i) {
        const std::uint32_t mixed = i * 2'654'435'761U;
        frames.push_back(test::tcp(
            {.source = Endpoint::of(
                 {static_cast<std::uint8_t>(1 + (mixed >> 24U) % 200), static_cast<std::uint8_t>(mixed >> 16U),
                  static_cast<std::uint8_t>(mixed >> 8U), static_cast<std::uint8_t>(mixed)},
                 static_cast<std::uint16_t>(1024 + i % 60'000)),
             .target = test::host(3, 4, 80),
             .seq = mixed}));
    }
    return frames;
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 2'000'000;
    for (const auto& [name, frames] : {std::pair<std::string, Frames>("sweep", sweep(23)),
                                       std::pair<std::string, Frames>("sweep_of_a_service", sweep(21)),
                                       std::pair<std::string, Frames>("forged_sources", flood())}) {
        std::vector<double> rates;
        std::size_t rows = 0;
        std::uint64_t beyond = 0;
        for (int round = 0; round < 3; ++round) {
            rates.push_back(judge(frames, count, rows, beyond));
        }
        apiary::bench::report("probes_" + name, apiary::bench::median(rates), "packets/s", kGoal);
        apiary::bench::report("probes_" + name + "_rows", static_cast<double>(rows), "rows");
        apiary::bench::report("probes_" + name + "_beyond", static_cast<double>(beyond), "packets");
    }
}
