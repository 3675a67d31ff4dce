#include "agent/probes/ring_block.hpp"

#include "tests/agent/probes/frames.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace apiary::agent::test {
namespace {

constexpr std::size_t kFirst = 48;
constexpr std::size_t kStride = 256;
constexpr std::uint32_t kMac = 80;

/// A block as the kernel fills it.
std::vector<std::uint8_t> blockOf(const std::vector<Frame>& frames) {
    std::vector<std::uint8_t> block(kFirst + frames.size() * kStride);
    tpacket_block_desc head{};
    head.hdr.bh1.num_pkts = static_cast<std::uint32_t>(frames.size());
    head.hdr.bh1.offset_to_first_pkt = kFirst;
    std::memcpy(block.data(), &head, sizeof head);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        tpacket3_hdr packet{};
        packet.tp_next_offset = i + 1 < frames.size() ? kStride : 0;
        packet.tp_sec = 1'492'510'799;
        packet.tp_nsec = static_cast<std::uint32_t>(i) * 1000 + 999;
        packet.tp_mac = kMac;
        packet.tp_snaplen = static_cast<std::uint32_t>(frames[i].size());
        std::memcpy(block.data() + kFirst + i * kStride, &packet, sizeof packet);
        std::memcpy(block.data() + kFirst + i * kStride + kMac, frames[i].data(), frames[i].size());
    }
    return block;
}

TEST(WalkBlockTest, HandsEachFrameOverWithItsTime) {
    const std::vector<Frame> frames{{1, 2, 3}, {}, {4}};
    std::vector<Frame> got;
    std::vector<std::uint64_t> times;
    const auto block = blockOf(frames);
    EXPECT_EQ(walkBlock(block,
                        [&](std::span<const std::uint8_t> frame, std::uint64_t at, FrameFor whom) {
                            EXPECT_EQ(whom, FrameFor::Us);
                            got.emplace_back(frame.begin(), frame.end());
                            times.push_back(at);
                        }),
              3U);
    EXPECT_EQ(got, frames);
    EXPECT_EQ(times[2], 1'492'510'799'000'002U);
}

TEST(WalkBlockTest, TellsFramesForOtherStations) {
    auto block = blockOf({{1}, {2}, {3}});
    sockaddr_ll from{};
    from.sll_pkttype = PACKET_OTHERHOST;
    const std::size_t at = kFirst + kStride + TPACKET_ALIGN(sizeof(tpacket3_hdr));
    std::memcpy(block.data() + at, &from, sizeof from);
    std::vector<FrameFor> whom;
    walkBlock(block, [&](std::span<const std::uint8_t>, std::uint64_t, FrameFor each) { whom.push_back(each); });
    EXPECT_EQ(whom, (std::vector<FrameFor>{FrameFor::Us, FrameFor::Others, FrameFor::Us}));
}

TEST(WalkBlockTest, StaysInsideWhateverTheBlockSays) {
    const auto whole = blockOf({{1, 2, 3}, {4}});
    const auto count = [](std::span<const std::uint8_t> block) {
        return walkBlock(block, [](std::span<const std::uint8_t>, std::uint64_t, FrameFor) {});
    };
    EXPECT_EQ(count(std::span(whole).first(kFirst + kStride + 10)), 1U);
    EXPECT_EQ(count(std::span(whole).first(20)), 0U);
    auto bad = whole;
    const std::uint32_t far = 1'000'000;
    std::memcpy(bad.data() + kFirst, &far, sizeof far);  // tp_next_offset
    EXPECT_EQ(count(bad), 1U);
    bad = whole;
    std::memcpy(bad.data() + kFirst + offsetof(tpacket3_hdr, tp_snaplen), &far, sizeof far);
    EXPECT_EQ(count(bad), 0U);
}

}  // namespace
}  // namespace apiary::agent::test
