#include "agent/engine/socket_address.hpp"

#include <cstring>
#include <netinet/in.h>

namespace apiary::agent {

SocketAddress::SocketAddress(const Endpoint& endpoint) {
    if (const auto v4 = endpoint.v4()) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(endpoint.port);
        std::memcpy(&address.sin_addr, v4->data(), v4->size());
        std::memcpy(&storage, &address, sizeof address);
        size = sizeof address;
    } else {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(endpoint.port);
        std::memcpy(&address.sin6_addr, endpoint.address.data(), endpoint.address.size());
        std::memcpy(&storage, &address, sizeof address);
        size = sizeof address;
    }
}

Endpoint SocketAddress::endpoint() const {
    if (storage.ss_family == AF_INET) {
        sockaddr_in address{};
        std::memcpy(&address, &storage, sizeof address);
        Endpoint::V4 v4{};
        std::memcpy(v4.data(), &address.sin_addr, v4.size());
        return Endpoint::of(v4, ntohs(address.sin_port));
    }
    Endpoint endpoint;
    if (storage.ss_family == AF_INET6) {
        sockaddr_in6 address{};
        std::memcpy(&address, &storage, sizeof address);
        std::memcpy(endpoint.address.data(), &address.sin6_addr, endpoint.address.size());
        endpoint.port = ntohs(address.sin6_port);
    }
    return endpoint;
}

Endpoint localEndpoint(int socket) {
    SocketAddress address;
    ::getsockname(socket, address.raw(), &address.size);
    return address.endpoint();
}

}  // namespace apiary::agent
