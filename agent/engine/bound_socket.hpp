#pragma once

#include "agent/engine/answering_sockets.hpp"
#include "agent/engine/descriptor.hpp"
#include "agent/engine/engine.hpp"
#include "agent/engine/host_faces.hpp"
#include "agent/protocol/session.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace apiary::agent {

/// Sockets of one address and port, one for each thread; the kernel spreads the peers over them.
struct BoundSockets {
    Endpoint bound;                                               // with the port that the kernel chose, if it was to
    std::vector<Descriptor> sockets;                              // non-blocking; those of streams listen
    std::shared_ptr<const AnsweringSockets> answering = nullptr;  // of datagrams to hosts; shared by their listeners
};

/// Binds `count` sockets to `wanted`; a port of 0 lets the kernel choose. IPv6 sockets take no IPv4.
///
/// An Error names the address, the reason and what to do: also if another program of this user holds the port, which
/// SO_REUSEPORT would let us share with it unnoticed.
Result<BoundSockets> bindSockets(const Endpoint& wanted, Transport transport, std::size_t count);

/// Takes `count` sockets for the hosts of a service from `steered`, which may be empty: those of streams listen then,
/// to those of datagrams come the ones by which they answer, for the family of `loopback`.
Result<BoundSockets> takeSockets(const SteeredSockets& steered, const ServiceSpec& service, const Endpoint& loopback,
                                 std::size_t count);

}  // namespace apiary::agent
