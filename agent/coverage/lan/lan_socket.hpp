#pragma once

#include "agent/coverage/lan/neighbour_frame.hpp"
#include "common/net/descriptor.hpp"
#include "common/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace apiary::agent {

/// A packet socket for ARP, neighbour discovery and DHCP of all interfaces: one for all, since it takes CAP_NET_RAW to
/// open one and nothing to use it. A filter in the kernel lets nothing else up, and nothing that this machine sends.
class LanSocket {
public:
    /// An Error without the capability CAP_NET_RAW. Hears nothing yet.
    static Result<LanSocket> open();

    /// Hears what comes from now on.
    Status listen();

    /// Has the interface hand up what is sent to any group, as solicitations are, or no longer. Goes with the
    /// interface.
    Status hearGroups(int interface, bool on);

    /// The same of what is sent to any station: for hosts with hardware addresses of their own.
    Status hearAll(int interface, bool on);

    /// False if it was not sent.
    bool send(int interface, const Frame& frame);

    /// Calls `take` with the interface and the frame of each that waits, `most` at the most; how many there were.
    std::size_t drain(std::size_t most, const std::function<void(int, std::span<const std::uint8_t>)>& take);

    /// Frames that found no room to wait in since the last call.
    std::uint64_t takeLost();

    int fd() const { return socket_.get(); }

private:
    explicit LanSocket(Descriptor socket) : socket_(std::move(socket)) {}

    Status membership(int interface, unsigned short kind, bool on);

    Descriptor socket_;
    std::array<std::uint8_t, 2048> room_{};
};

}  // namespace apiary::agent
