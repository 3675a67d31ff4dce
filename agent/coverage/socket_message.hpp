#pragma once

#include "common/net/descriptor.hpp"
#include "common/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// Where apiary-coverage answers: a name in the abstract namespace of Unix sockets, of which each network namespace has
/// its own. Who has it is the one that steers there; it is gone with the process.
inline constexpr std::string_view kCoverageName = "apiary-coverage";

/// The most sockets that one message carries; the kernel's bound is 253.
inline constexpr std::size_t kMostSockets = 64;

/// A packet of a SOCK_SEQPACKET connection.
///   agent:     "sockets SERVICE PORT 4|6 COUNT"
///   coverage:  "ok" with COUNT sockets, bound to PORT of the loopback of that family; or a sentence that says why not
///   agent:     "refused"
///   coverage:  "refused N", packets that the egress guard kept the agent from sending; or a sentence
struct SocketMessage {
    std::string text;
    std::vector<Descriptor> sockets;
};

/// A socket bound to `name` that listens, or the errno of bind(): EADDRINUSE if another process has it.
std::optional<Descriptor> listenAt(std::string_view name, int& reason);

/// A connection to `name`, with `seconds` for each send and receive; nothing if nobody is there.
std::optional<Descriptor> connectTo(std::string_view name, int seconds);

/// The user that is at the other end: of a client who listens, who called listen().
std::optional<std::uint32_t> peerUser(int socket);

bool sendMessage(int socket, std::string_view text, std::span<const Descriptor> sockets = {});

/// Nothing at the end, after an error, or when time is up. Descriptors are closed on exec.
std::optional<SocketMessage> receiveMessage(int socket);

}  // namespace apiary::agent
