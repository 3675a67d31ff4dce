#include "agent/coverage/lan/lan_socket.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string>
#include <sys/socket.h>
#include <system_error>

namespace apiary::agent {
namespace {

constexpr int kReceiveBuffer = 4 << 20;

std::string reason() {
    return std::generic_category().message(errno);
}

template <typename Value>
bool set(int socket, int level, int option, const Value& value) {
    return ::setsockopt(socket, level, option, &value, sizeof value) == 0;
}

constexpr sock_filter statement(unsigned code, std::uint32_t value) {
    return {static_cast<std::uint16_t>(code), 0, 0, value};
}

constexpr sock_filter jump(unsigned code, std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
    return {static_cast<std::uint16_t>(BPF_JMP | code | BPF_K), yes, no, value};
}

/// ARP; ICMPv6 of types 135 and 136; UDP to port 67. Of frames without a tag or with one of a priority only (VLAN 0):
/// those of a VLAN come again from its own interface. What is exact is looked at later.
constexpr std::array kFilter{
    statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT)),
    jump(BPF_JEQ, 0, 2, 0),
    statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG)),
    jump(BPF_JSET, 0x0fff, 17, 0),
    statement(BPF_LD | BPF_H | BPF_ABS, 12),
    jump(BPF_JEQ, ETH_P_ARP, 14, 0),
    jump(BPF_JEQ, ETH_P_IPV6, 0, 5),
    statement(BPF_LD | BPF_B | BPF_ABS, 20),
    jump(BPF_JEQ, 58, 0, 12),
    statement(BPF_LD | BPF_B | BPF_ABS, 54),
    jump(BPF_JEQ, 135, 9, 0),
    jump(BPF_JEQ, 136, 8, 9),
    jump(BPF_JEQ, ETH_P_IP, 0, 8),
    statement(BPF_LD | BPF_B | BPF_ABS, 23),
    jump(BPF_JEQ, 17, 0, 6),
    statement(BPF_LD | BPF_H | BPF_ABS, 20),
    jump(BPF_JSET, 0x1fff, 4, 0),
    statement(BPF_LDX | BPF_B | BPF_MSH, 14),
    statement(BPF_LD | BPF_H | BPF_IND, 16),
    jump(BPF_JEQ, 67, 0, 1),
    statement(BPF_RET | BPF_K, 0x40000),
    statement(BPF_RET | BPF_K, 0),
};

}  // namespace

Result<LanSocket> LanSocket::open() {
    Descriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) {
        return Error{"claiming addresses by lan needs the capability CAP_NET_RAW (" + reason() + "); run it as root"};
    }
    const sock_fprog program{.len = static_cast<unsigned short>(kFilter.size()),
                             .filter = const_cast<sock_filter*>(kFilter.data())};  // NOLINT: only read
    if (!set(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, program) ||
        !set(socket.get(), SOL_SOCKET, SO_LOCK_FILTER, 1) ||
        !set(socket.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)) {
        return Error{"the kernel does not take the filter for claiming addresses: " + reason()};
    }
    if (!set(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBuffer)) {
        set(socket.get(), SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
    }
    return LanSocket(std::move(socket));
}

Status LanSocket::listen() {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how the socket calls take addresses
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return Error{"cannot listen for ARP: " + reason()};
    }
    return Done{};
}

Status LanSocket::hearGroups(int interface, bool on) {
    return membership(interface, PACKET_MR_ALLMULTI, on);
}

Status LanSocket::hearAll(int interface, bool on) {
    return membership(interface, PACKET_MR_PROMISC, on);
}

Status LanSocket::membership(int interface, unsigned short kind, bool on) {
    packet_mreq request{};
    request.mr_ifindex = interface;
    request.mr_type = kind;
    if (!set(socket_.get(), SOL_PACKET, on ? PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP, request)) {
        return Error{"the interface does not hand up what is sent to groups or other stations: " + reason()};
    }
    return Done{};
}

std::uint64_t LanSocket::takeLost() {
    tpacket_stats statistics{};
    socklen_t size = sizeof statistics;
    const bool told = ::getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &statistics, &size) == 0;
    return told ? statistics.tp_drops : 0;
}

bool LanSocket::send(int interface, const Frame& frame) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = interface;
    address.sll_halen = 6;
    std::copy_n(frame.begin(), 6, address.sll_addr);
    address.sll_protocol = htons(static_cast<std::uint16_t>(frame[12] << 8U | frame[13]));
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how the socket calls take addresses
    return ::sendto(socket_.get(), frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                    sizeof address) == static_cast<ssize_t>(frame.size());
}

std::size_t LanSocket::drain(std::size_t most, const std::function<void(int, std::span<const std::uint8_t>)>& take) {
    std::size_t count = 0;
    while (count < most) {
        sockaddr_ll from{};
        socklen_t size = sizeof from;
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how the socket calls take addresses
        const ssize_t got =
            ::recvfrom(socket_.get(), room_.data(), room_.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && count + 1 < most) {
            ++count;  // that an interface went down: it was said with this, and is over
            continue;
        }
        if (got < 0) {
            break;
        }
        ++count;
        take(from.sll_ifindex, std::span(room_).first(static_cast<std::size_t>(got)));
    }
    return count;
}

}  // namespace apiary::agent
