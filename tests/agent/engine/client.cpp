#include "tests/agent/engine/client.hpp"

#include "agent/engine/socket_address.hpp"

#include <algorithm>
#include <array>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/time.h>

namespace apiary::agent::test {

Endpoint loopback(std::uint16_t port, std::uint8_t last) {
    return Endpoint::of({127, 0, 0, last}, port);
}

Endpoint loopback6(std::uint16_t port) {
    Endpoint endpoint{{}, port};
    endpoint.address[15] = 1;
    return endpoint;
}

Client::Client(const Endpoint& to, std::optional<Endpoint> from, int receiveBuffer)
    : socket_(::socket(to.v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{5, 0};
    const int on = 1;
    ::setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ::setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receiveBuffer > 0) {
        ::setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof receiveBuffer);
    }
    if (from) {
        const SocketAddress address(*from);
        if (::bind(fd(), address.raw(), address.size) != 0) {
            throw std::runtime_error("cannot bind the client");
        }
    }
    const SocketAddress address(to);
    connected_ = ::connect(fd(), address.raw(), address.size) == 0;
}

Endpoint Client::local() const {
    return localEndpoint(fd());
}

void Client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

bool Client::readMore() {
    std::array<char, 65536> buffer{};
    const ssize_t got = ::recv(fd(), buffer.data(), buffer.size(), 0);
    if (got > 0) {
        read_.append(buffer.data(), static_cast<std::size_t>(got));
        return true;
    }
    end_ = got == 0 ? End::Fin : errno == ECONNRESET ? End::Reset : End::None;
    return false;
}

std::string Client::readTo(std::string_view end) {
    std::size_t at = 0;
    while ((at = read_.find(end)) == std::string::npos) {
        if (!readMore()) {
            return std::exchange(read_, {});
        }
    }
    std::string line = read_.substr(0, at + end.size());
    read_.erase(0, line.size());
    return line;
}

std::string Client::readBytes(std::size_t size) {
    while (read_.size() < size && readMore()) {
    }
    std::string bytes = read_.substr(0, size);
    read_.erase(0, bytes.size());
    return bytes;
}

std::string Client::readAll() {
    while (readMore()) {
    }
    return std::exchange(read_, {});
}

bool Client::readable(int milliseconds) const {
    pollfd state{fd(), POLLIN, 0};
    return ::poll(&state, 1, milliseconds) > 0;
}

void Client::finish() {
    ::shutdown(fd(), SHUT_WR);
}

void Client::reset() {
    const linger now{1, 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    socket_.reset();
}

DatagramClient::DatagramClient(const Endpoint& from)
    : socket_(::socket(from.v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const SocketAddress address(from);
    if (::bind(socket_.get(), address.raw(), address.size) != 0) {
        throw std::runtime_error("cannot bind the client");
    }
}

Endpoint DatagramClient::local() const {
    return localEndpoint(socket_.get());
}

void DatagramClient::send(std::string_view bytes, const Endpoint& to) const {
    const SocketAddress address(to);
    ::sendto(socket_.get(), bytes.data(), bytes.size(), 0, address.raw(), address.size);
}

std::optional<DatagramClient::Reply> DatagramClient::receive(int milliseconds) const {
    pollfd state{socket_.get(), POLLIN, 0};
    if (::poll(&state, 1, milliseconds) <= 0) {
        return std::nullopt;
    }
    std::array<char, 65536> buffer{};
    SocketAddress from;
    const ssize_t got = ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0, from.raw(), &from.size);
    return Reply{std::string(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))), from.endpoint()};
}

}  // namespace apiary::agent::test
