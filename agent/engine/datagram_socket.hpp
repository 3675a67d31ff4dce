#pragma once

#include "agent/engine/activity.hpp"
#include "agent/engine/socket_address.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace apiary::agent {

/// A datagram that came, and the way back.
struct Arrival {
    SocketAddress from;
    Endpoint target;      // the address it was sent to
    bool unicast = true;  // false for broadcast and multicast
    std::string_view bytes;
};

/// Sends and receives single datagrams, knowing to which of our addresses each was sent, and answering from that one.
/// Never blocks.
class DatagramSocket {
public:
    /// Borrows the socket, which is bound to `bound`.
    DatagramSocket(int socket, const Endpoint& bound) : socket_(socket), bound_(bound) {}

    /// False if nothing is there, or the socket fails. The bytes lie in `buffer`.
    bool receive(std::span<char> buffer, Arrival& arrival) const;

    /// False if it could not be handed to the network.
    bool send(std::string_view bytes, const Endpoint& from, const SocketAddress& to) const;

private:
    int socket_;
    Endpoint bound_;
};

/// True if the address is one of this machine, or routed to it as one.
bool isOwnAddress(const Endpoint& address);

}  // namespace apiary::agent
