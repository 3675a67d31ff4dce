#include "tests/bench/sockets.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace apiary::bench {

static sockaddr_in loopback(std::uint32_t host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(0x7f000000U | host);
    address.sin_port = htons(port);
    return address;
}

void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

int listenOn(std::uint16_t port) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    ::setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // inherited: a second small packet goes at once
    const sockaddr_in address = loopback(1, port);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener, 4096) != 0) {
        fail("the raw server cannot listen");
    }
    return listener;
}

std::uint16_t portOf(int socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
}

int connectFrom(std::size_t number, std::uint16_t port, bool blocking, const Targets& targets) {
    const int peer = ::socket(AF_INET, SOCK_STREAM | (blocking ? 0 : SOCK_NONBLOCK), 0);
    if (peer < 0) {
        fail("no socket for the client; raise ulimit -n");
    }
    const int on = 1;
    ::setsockopt(peer, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    ::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const sockaddr_in from = loopback(0x10000U + static_cast<std::uint32_t>(number % 50021), 0);
    ::bind(peer, reinterpret_cast<const sockaddr*>(&from), sizeof from);
    sockaddr_in to = loopback(1, port);
    constexpr std::uint32_t kSpread = 2654435761U;  // prime: neighbours are far from each other
    to.sin_addr.s_addr = htonl(targets.first + static_cast<std::uint32_t>(number) * kSpread % targets.count);
    if (::connect(peer, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS) {
        ::close(peer);
        return -1;
    }
    return peer;
}

}  // namespace apiary::bench
