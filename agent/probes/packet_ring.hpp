#pragma once

#include "agent/probes/ring_block.hpp"
#include "common/net/descriptor.hpp"
#include "common/result.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <linux/filter.h>
#include <span>
#include <string>
#include <utility>

namespace apiary::agent {

/// Frames that come in over one interface, in memory shared with the kernel. It is opened with CAP_NET_RAW and needs
/// nothing more from then on, also to be attached again to an interface that was gone. The filter is locked: nobody can
/// widen it. Not thread-safe.
class PacketRing {
public:
    /// Attached to nothing yet. `bytes` is rounded up to whole blocks of 256 KiB, two at least.
    static Result<PacketRing> open(std::size_t bytes, std::span<const sock_filter> filter);

    PacketRing(PacketRing&& other) noexcept;
    PacketRing& operator=(PacketRing&&) = delete;
    ~PacketRing();

    /// Frames of the interface with that number come from now on. An Error says why not.
    Status attach(int interface, const std::string& name);

    /// Readable when a block is full, or 50 ms after its first frame; also when the interface went away.
    int fd() const { return socket_.get(); }

    /// Notes and clears the error that an interface left when it went away or down.
    void clearError();

    /// Hands all blocks that are ready to `take`, see walkBlock(); at most once around.
    template <typename Take>
    std::size_t drain(Take&& take) {
        std::size_t count = 0;
        for (std::size_t i = 0; i < blocks_ && ready(); ++i) {
            count += walkBlock({memory_ + next_ * kBlock, kBlock}, take);
            giveBack();
        }
        return count;
    }

    /// Frames that passed the filter since the last call, and those of them that found no room.
    struct Counts {
        std::uint64_t passed = 0;
        std::uint64_t dropped = 0;
    };
    Counts takeCounts();

private:
    static constexpr std::size_t kBlock = std::size_t{256} << 10U;

    PacketRing(Descriptor socket, std::uint8_t* memory, std::size_t blocks)
        : socket_(std::move(socket)), memory_(memory), blocks_(blocks) {}

    bool ready() const;
    void giveBack();

    Descriptor socket_;
    std::uint8_t* memory_;
    std::size_t blocks_;
    std::size_t next_ = 0;
};

}  // namespace apiary::agent
