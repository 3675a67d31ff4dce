#pragma once

#include "common/net/endpoint.hpp"

#include <sys/socket.h>

namespace apiary::agent {

/// An address as the kernel takes it: IPv4 where the endpoint is one, else IPv6.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_storage);

    SocketAddress() = default;
    explicit SocketAddress(const Endpoint& endpoint);

    Endpoint endpoint() const;
    int family() const { return storage.ss_family; }
    // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): how the socket calls take addresses
    sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
    const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
    // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
};

/// What a socket is bound to; of an accepted connection, what the peer addressed.
Endpoint localEndpoint(int socket);

}  // namespace apiary::agent
