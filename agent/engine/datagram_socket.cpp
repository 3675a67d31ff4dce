#include "agent/engine/datagram_socket.hpp"

#include "agent/engine/descriptor.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

namespace apiary::agent {
namespace {

/// Room for the control messages of either family, aligned as the kernel wants them.
struct Control {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(sockaddr_in6))> bytes;
};

/// The port to which a steered datagram was sent; those of both families stand at the same place.
void takePort(const cmsghdr& part, Arrival& arrival) {
    sockaddr_in address{};
    std::memcpy(&address, CMSG_DATA(&part), sizeof address);
    arrival.target.port = ntohs(address.sin_port);
}

void takeTarget(msghdr& message, Arrival& arrival) {
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
            in_pktinfo info{};
            std::memcpy(&info, CMSG_DATA(part), sizeof info);
            Endpoint::V4 address{};
            std::memcpy(address.data(), &info.ipi_addr, address.size());
            arrival.target = Endpoint::of(address, arrival.target.port);
            arrival.unicast = info.ipi_addr.s_addr == info.ipi_spec_dst.s_addr;
        } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
            in6_pktinfo info{};
            std::memcpy(&info, CMSG_DATA(part), sizeof info);
            std::memcpy(arrival.target.address.data(), &info.ipi6_addr, arrival.target.address.size());
            arrival.unicast = !IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
        } else if ((part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_ORIGDSTADDR) ||
                   (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_ORIGDSTADDR)) {
            takePort(*part, arrival);
        }
    }
}

template <typename Info>
void attach(msghdr& message, Control& control, int level, int type, const Info& info) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(sizeof info);
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = level;
    part->cmsg_type = type;
    part->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(part), &info, sizeof info);
}

}  // namespace

bool DatagramSocket::receive(std::span<char> buffer, Arrival& arrival) const {
    Control control{};
    iovec part{buffer.data(), buffer.size()};
    msghdr message{};
    arrival = {};
    arrival.target = bound_;
    message.msg_name = arrival.from.raw();
    message.msg_namelen = arrival.from.size;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    const ssize_t got = ::recvmsg(socket_, &message, MSG_DONTWAIT);
    if (got < 0) {
        return false;
    }
    arrival.from.size = message.msg_namelen;
    arrival.bytes = {buffer.data(), static_cast<std::size_t>(got)};
    takeTarget(message, arrival);
    return true;
}

bool DatagramSocket::send(std::string_view bytes, const Endpoint& from, const SocketAddress& to) const {
    Control control{};
    SocketAddress target = to;
    iovec part{const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT(*-const-cast): sendmsg only reads it
    msghdr message{};
    message.msg_name = target.raw();
    message.msg_namelen = target.size;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (const auto v4 = from.v4()) {
        in_pktinfo info{};
        std::memcpy(&info.ipi_spec_dst, v4->data(), v4->size());
        attach(message, control, IPPROTO_IP, IP_PKTINFO, info);
    } else {
        in6_pktinfo info{};
        std::memcpy(&info.ipi6_addr, from.address.data(), from.address.size());
        attach(message, control, IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
    return ::sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

bool isOwnAddress(const Endpoint& address) {
    const SocketAddress local(Endpoint{address.address, 0});
    const Descriptor probe(::socket(local.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return probe && ::bind(probe.get(), local.raw(), local.size) == 0;
}

}  // namespace apiary::agent
