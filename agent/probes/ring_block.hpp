#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <linux/if_packet.h>
#include <span>

namespace apiary::agent {

/// Whether a frame was for this machine, one or all of a group of which it is, or for another station: whoever has the
/// interface hand up everything gets those too.
enum class FrameFor : std::uint8_t { Us, Others };

/// What the kernel says of that of the packet whose head is there.
inline FrameFor frameFor(std::span<const std::uint8_t> block, std::size_t at) {
    sockaddr_ll from{};
    at += TPACKET_ALIGN(sizeof(tpacket3_hdr));
    if (at > block.size() || block.size() - at < sizeof from) {
        return FrameFor::Us;
    }
    std::memcpy(&from, block.data() + at, sizeof from);
    return from.sll_pkttype == PACKET_OTHERHOST ? FrameFor::Others : FrameFor::Us;
}

/// Calls `take(frame, microseconds since 1970, whom it was for)` for each packet of a block as the kernel fills it
/// (TPACKET_V3, see packet_mmap of the kernel's documentation), and returns how many there were. Offsets that lead out
/// of the block end it.
template <typename Take>
std::size_t walkBlock(std::span<const std::uint8_t> block, Take&& take) {
    tpacket_block_desc head{};
    if (block.size() < sizeof head) {
        return 0;
    }
    std::memcpy(&head, block.data(), sizeof head);
    std::size_t at = head.hdr.bh1.offset_to_first_pkt;
    std::size_t count = 0;
    for (std::uint32_t i = 0; i < head.hdr.bh1.num_pkts; ++i) {
        tpacket3_hdr packet{};
        if (at > block.size() || block.size() - at < sizeof packet) {
            break;
        }
        std::memcpy(&packet, block.data() + at, sizeof packet);
        if (packet.tp_mac > block.size() - at || packet.tp_snaplen > block.size() - at - packet.tp_mac) {
            break;
        }
        take(block.subspan(at + packet.tp_mac, packet.tp_snaplen),
             std::uint64_t{packet.tp_sec} * 1'000'000 + packet.tp_nsec / 1000, frameFor(block, at));
        ++count;
        if (packet.tp_next_offset == 0) {
            break;
        }
        at += packet.tp_next_offset;
    }
    return count;
}

}  // namespace apiary::agent
