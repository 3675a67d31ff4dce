#include "agent/engine/bound_socket.hpp"

#include "agent/engine/socket_address.hpp"
#include "common/net/address.hpp"

#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <system_error>

namespace apiary::agent {
namespace {

constexpr int kBacklog = 4096;  // the kernel caps it at net.core.somaxconn; a short one means SYN cookies
constexpr int kReceiveBuffer = 1 << 20;

Error bindError(const Endpoint& wanted, int reason) {
    const std::string where = endpointText(wanted);
    switch (reason) {
        case EADDRINUSE:
            return Error{where + " is in use by another program; end that one, or give the service another port"};
        case EADDRNOTAVAIL:
            return Error{where + ": this machine has no such address; add it to an interface, or list one that it has"};
        case EACCES:
            return Error{where +
                         ": this user may not bind the port; grant CAP_NET_BIND_SERVICE, or take a port from 1024"};
        case EMFILE:
        case ENFILE:
            return Error{where + ": out of file descriptors; raise the limit (ulimit -n, LimitNOFILE=)"};
        case EAFNOSUPPORT:
            return Error{where + ": this machine has no such address family; list another address"};
        default:
            return Error{where + ": " + std::generic_category().message(reason) +
                         "; list an address and port that can be bound"};
    }
}

void turnOn(int socket, int level, int option, int value = 1) {
    ::setsockopt(socket, level, option, &value, sizeof value);  // one that the kernel does not know is done without
}

/// A bound socket, or an errno. A shared one lets others of this process have the same port.
int bindOne(const Endpoint& wanted, Transport transport, bool shared, Descriptor& into) {
    const SocketAddress address(wanted);
    const bool stream = transport == Transport::Stream;
    Descriptor socket(
        ::socket(address.family(), (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) {
        return errno;
    }
    if (address.family() == AF_INET6) {
        turnOn(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY);
    }
    if (stream) {
        turnOn(socket.get(), SOL_SOCKET, SO_REUSEADDR);  // does not wait for old connections to be forgotten
    }
    if (shared) {
        turnOn(socket.get(), SOL_SOCKET, SO_REUSEPORT);
    }
    if (::bind(socket.get(), address.raw(), address.size) != 0) {
        return errno;
    }
    into = std::move(socket);
    return 0;
}

/// What accepted sockets inherit, and that the kernel keeps their SYN.
int listenOn(int socket) {
    turnOn(socket, IPPROTO_TCP, TCP_NODELAY);  // a second small answer would wait 40 ms for an ACK
    turnOn(socket, SOL_SOCKET, SO_OOBINLINE);  // urgent bytes are bytes too
    turnOn(socket, IPPROTO_TCP, TCP_SAVE_SYN);
    return ::listen(socket, kBacklog) == 0 ? 0 : errno;
}

void askForTargets(int socket, bool v4) {
    if (v4) {
        turnOn(socket, IPPROTO_IP, IP_PKTINFO);
    } else {
        turnOn(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO);
        turnOn(socket, IPPROTO_IPV6, IPV6_FREEBIND);  // to answer from an address that is only routed to us
    }
    turnOn(socket, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
}

/// Has the kernel tell of each datagram to which port it was sent, as steering leaves it in the packet.
void askForPorts(int socket, bool v4) {
    turnOn(socket, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVORIGDSTADDR : IPV6_RECVORIGDSTADDR);
}

Result<AnsweringSockets> takeAnswering(const SteeredSockets& steered, const ServiceSpec& service,
                                       const Endpoint& loopback) {
    AnsweringSockets answering;
    for (const std::uint16_t port : service.answering) {
        auto sockets = steered(service.name, Endpoint{loopback.address, port}, 1, SteeredUse::Answering);
        if (!sockets || sockets->size() != 1) {
            return Error{sockets
                             ? "service " + service.name + " got no socket to answer from port " + std::to_string(port)
                             : sockets.error()};
        }
        answering.add(port, loopback.v4().has_value(), std::move(sockets->front()));
    }
    return answering;
}

}  // namespace

Result<BoundSockets> bindSockets(const Endpoint& wanted, Transport transport, std::size_t count) {
    BoundSockets all{wanted, {}, nullptr};
    if (wanted.port != 0) {  // without SO_REUSEPORT: fails if anybody has the port
        Descriptor alone;
        if (const int reason = bindOne(wanted, transport, false, alone)) {
            return bindError(wanted, reason);
        }
    }
    for (std::size_t i = 0; i < count; ++i) {
        Descriptor socket;
        int reason = bindOne(all.bound, transport, true, socket);
        if (reason == 0 && transport == Transport::Stream) {
            reason = listenOn(socket.get());
        }
        if (reason != 0) {
            return bindError(all.bound, reason);
        }
        if (transport == Transport::Datagram) {
            askForTargets(socket.get(), wanted.v4().has_value());
        }
        all.bound = localEndpoint(socket.get());
        all.sockets.push_back(std::move(socket));
    }
    return all;
}

Result<BoundSockets> takeSockets(const SteeredSockets& steered, const ServiceSpec& service, const Endpoint& loopback,
                                 std::size_t count) {
    if (!steered) {
        return Error{"service " + service.name + " has hosts, but nothing steers connections to them here"};
    }
    auto sockets = steered(service.name, loopback, count, SteeredUse::Taking);
    if (!sockets || sockets->size() != count) {
        return Error{sockets ? "service " + service.name + " got another number of sockets than it asked for"
                             : sockets.error()};
    }
    const bool stream = service.module->transport == Transport::Stream;
    for (const Descriptor& socket : *sockets) {
        ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
        if (const int reason = stream ? listenOn(socket.get()) : 0) {
            return bindError(loopback, reason);
        }
        if (!stream) {
            askForTargets(socket.get(), loopback.v4().has_value());
            askForPorts(socket.get(), loopback.v4().has_value());
        }
    }
    BoundSockets taken{loopback, *std::move(sockets), nullptr};
    if (!stream) {
        auto answering = takeAnswering(steered, service, loopback);
        if (!answering) {
            return Error{answering.error()};
        }
        taken.answering = std::make_shared<const AnsweringSockets>(*std::move(answering));
    }
    return taken;
}

}  // namespace apiary::agent
