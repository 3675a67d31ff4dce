#pragma once

#include "agent/engine/descriptor.hpp"
#include "agent/engine/socket_address.hpp"

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

namespace apiary::agent {

/// The sockets by which a datagram service answers as its hosts: one for each of its ports and each family of
/// addresses. Immutable once it is shared: threads may send at the same time.
class AnsweringSockets {
public:
    /// Takes a socket that is bound to `port` and may send under addresses that are not this machine's own.
    void add(std::uint16_t port, bool v4, Descriptor socket);

    std::size_t size() const { return sockets_.size(); }

    /// Sends a datagram as `from`, address and port. False if no socket has that port, or the network does not take it.
    /// Never blocks.
    bool send(std::string_view bytes, const Endpoint& from, const SocketAddress& to) const;

private:
    std::map<std::pair<std::uint16_t, bool>, Descriptor> sockets_;  // by port and whether it is for IPv4
};

}  // namespace apiary::agent
