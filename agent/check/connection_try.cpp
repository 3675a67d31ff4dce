#include "agent/check/connection_try.hpp"

#include "common/text/escape.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <system_error>
#include <unistd.h>

namespace apiary::agent {
namespace {

const sockaddr* kernelAddress(const PeerAddress& address) {
    return reinterpret_cast<const sockaddr*>(address.raw.data());
}

/// Numeric address and port.
std::pair<std::string, std::string> numeric(const sockaddr* address, socklen_t size) {
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> port{};
    ::getnameinfo(address, size, host.data(), host.size(), port.data(), port.size(), NI_NUMERICHOST | NI_NUMERICSERV);
    return {host.data(), port.data()};
}

std::string words(int error) {
    return std::generic_category().message(error);
}

std::string refusal(const PeerAddress& to, int error) {
    const auto [host, port] = numeric(kernelAddress(to), static_cast<socklen_t>(to.size));
    const std::string where = host + " port " + port;
    switch (error) {
        case ECONNREFUSED:
            return "nothing listens at " + where +
                   ": is the collector running, and is listen in collector.toml this address?";
        case ETIMEDOUT:
            return where + " does not answer: a firewall on the way drops it, or the machine is off";
        default:
            return "cannot connect to " + where + ": " + words(error) + "; look at firewall and route";
    }
}

/// 0, or the errno of the failure.
int await(int socket, std::chrono::milliseconds patience) {
    pollfd state{socket, POLLOUT, 0};
    if (::poll(&state, 1, static_cast<int>(patience.count())) <= 0) {
        return ETIMEDOUT;
    }
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

}  // namespace

TrySocket::~TrySocket() {
    if (number_ >= 0) {
        ::close(number_);
    }
}

std::string PeerAddress::text() const {
    return numeric(kernelAddress(*this), static_cast<socklen_t>(size)).first;
}

Result<std::vector<PeerAddress>> resolve(const std::string& host, const std::string& port) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int failed = ::getaddrinfo(host.c_str(), port.c_str(), &wanted, &found);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, &::freeaddrinfo);
    if (failed != 0) {
        return Error{"no address is known for '" + escapeCut(host, 200) + "' (" +
                     (failed == EAI_SYSTEM ? words(errno) : std::string(::gai_strerror(failed))) +
                     "): look at the name in [collector] address, and at /etc/resolv.conf"};
    }
    std::vector<PeerAddress> addresses;
    for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
        PeerAddress address;
        if (one->ai_addrlen <= address.raw.size()) {
            address.size = one->ai_addrlen;
            std::memcpy(address.raw.data(), one->ai_addr, address.size);
            addresses.push_back(address);
        }
    }
    return addresses;
}

Result<std::string> sourceTowards(const PeerAddress& to) {
    // Connecting a datagram socket only looks up the route.
    const TrySocket socket(::socket(kernelAddress(to)->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (socket.number() < 0 || ::connect(socket.number(), kernelAddress(to), static_cast<socklen_t>(to.size)) != 0) {
        return Error{words(errno)};
    }
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    ::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&own), &size);
    return numeric(reinterpret_cast<const sockaddr*>(&own), size).first;
}

Result<TrySocket> connectTo(const PeerAddress& to, std::chrono::milliseconds patience) {
    TrySocket socket(::socket(kernelAddress(to)->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.number() < 0) {
        return Error{"cannot make a socket: " + words(errno)};
    }
    int error = 0;
    if (::connect(socket.number(), kernelAddress(to), static_cast<socklen_t>(to.size)) != 0) {
        error = errno == EINPROGRESS ? await(socket.number(), patience) : errno;
    }
    if (error != 0) {
        return Error{refusal(to, error)};
    }
    const int flags = ::fcntl(socket.number(), F_GETFL);
    ::fcntl(socket.number(), F_SETFL, flags & ~O_NONBLOCK);
    const timeval limit{.tv_sec = patience.count() / 1000, .tv_usec = patience.count() % 1000 * 1000};
    ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket.number(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return socket;
}

}  // namespace apiary::agent
