#include "agent/coverage/socket_message.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestText = 1024;

struct Name {
    sockaddr_un address{};
    socklen_t size = 0;

    explicit Name(std::string_view name) {
        address.sun_family = AF_UNIX;
        const std::size_t length = std::min(name.size(), sizeof address.sun_path - 1);
        std::memcpy(&address.sun_path[1], name.data(), length);  // the first byte is 0: abstract
        size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
    }
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how the socket calls take addresses
    const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&address); }
};

Descriptor unixSocket() {
    return Descriptor(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

using Control = std::array<char, CMSG_SPACE(kMostSockets * sizeof(int))>;

}  // namespace

std::optional<Descriptor> listenAt(std::string_view name, int& reason) {
    const Name address(name);
    Descriptor socket = unixSocket();
    if (!socket || ::bind(socket.get(), address.raw(), address.size) != 0 || ::listen(socket.get(), 16) != 0) {
        reason = errno;
        return std::nullopt;
    }
    return socket;
}

std::optional<Descriptor> connectTo(std::string_view name, int seconds) {
    const Name address(name);
    Descriptor socket = unixSocket();
    const timeval patience{.tv_sec = seconds, .tv_usec = 0};
    if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
        ::connect(socket.get(), address.raw(), address.size) != 0) {
        return std::nullopt;
    }
    return socket;
}

std::optional<std::uint32_t> peerUser(int socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? std::optional(peer.uid) : std::nullopt;
}

bool sendMessage(int socket, std::string_view text, std::span<const Descriptor> sockets) {
    iovec part{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};  // NOLINT: only read
    alignas(cmsghdr) Control control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!sockets.empty() && sockets.size() <= kMostSockets) {
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(sockets.size() * sizeof(int));
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sockets.size() * sizeof(int));
        for (std::size_t i = 0; i < sockets.size(); ++i) {
            const int fd = sockets[i].get();
            std::memcpy(CMSG_DATA(header) + i * sizeof fd, &fd, sizeof fd);
        }
    }
    return ::sendmsg(socket, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

std::optional<SocketMessage> receiveMessage(int socket) {
    std::array<char, kLongestText> text{};
    alignas(cmsghdr) Control control{};
    iovec part{.iov_base = text.data(), .iov_len = text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    SocketMessage received;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); got >= 0 && header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        for (std::size_t i = 0; i < (header->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
            received.sockets.emplace_back(fd);
        }
    }
    if (got <= 0 || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        return std::nullopt;
    }
    received.text.assign(text.data(), static_cast<std::size_t>(got));
    return received;
}

}  // namespace apiary::agent
