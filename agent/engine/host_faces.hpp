#pragma once

#include "agent/protocol/session.hpp"
#include "common/net/descriptor.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace apiary::agent {

/// What a service is at one address.
struct HostFace {
    std::string persona;
    std::shared_ptr<const Prepared> prepared;
};

/// The hosts at which one service is played. Thread-safe.
class HostFaces {
public:
    HostFaces() = default;
    HostFaces(const HostFaces&) = delete;
    HostFaces& operator=(const HostFaces&) = delete;
    virtual ~HostFaces() = default;

    /// Whether the service is played at this address and port.
    virtual bool covers(const Endpoint& target) const = 0;

    /// Whether an address is one of all hosts, whatever they play.
    virtual bool isHost(const Endpoint& address) const = 0;

    /// The service there; the same for the same address. Only where it is played. Throws if it cannot be made.
    virtual HostFace face(const Endpoint& target) const = 0;
};

/// What a socket for the hosts of a service is for.
enum class SteeredUse {
    Taking,    // bound on the loopback: the kernel brings it what peers send to the hosts
    Answering  // of datagrams: bound to the port from which hosts answer; takes nothing, may send as any address
};

/// Hands out `count` sockets for the hosts of `service`, for the family and port of `at`. An Error says who must do
/// what for it.
using SteeredSockets = std::function<Result<std::vector<Descriptor>>(const std::string& service, const Endpoint& at,
                                                                     std::size_t count, SteeredUse use)>;

}  // namespace apiary::agent
