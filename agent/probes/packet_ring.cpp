#include "agent/probes/packet_ring.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <linux/if_ether.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <system_error>

namespace apiary::agent {
namespace {

constexpr unsigned kRetireAfter = 50;  // milliseconds

std::string reason() {
    return std::generic_category().message(errno);
}

template <typename Value>
bool set(int socket, int level, int option, const Value& value) {
    return ::setsockopt(socket, level, option, &value, sizeof value) == 0;
}

}  // namespace

Result<PacketRing> PacketRing::open(std::size_t bytes, std::span<const sock_filter> filter) {
    Descriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) {
        return Error{"cannot open a packet socket (" + reason() +
                     "); run it as root, or with the capability CAP_NET_RAW"};
    }
    const sock_fprog program{.len = static_cast<unsigned short>(filter.size()),
                             .filter = const_cast<sock_filter*>(filter.data())};  // NOLINT: only read
    if (!set(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, program) ||
        !set(socket.get(), SOL_SOCKET, SO_LOCK_FILTER, 1)) {
        return Error{"the kernel does not take the filter: " + reason()};
    }
    const std::size_t blocks = std::max<std::size_t>((bytes + kBlock - 1) / kBlock, 2);
    tpacket_req3 request{};
    request.tp_block_size = kBlock;
    request.tp_block_nr = static_cast<unsigned>(blocks);
    request.tp_frame_size = 512;
    request.tp_frame_nr = static_cast<unsigned>(blocks * (kBlock / 512));
    request.tp_retire_blk_tov = kRetireAfter;
    const int version = TPACKET_V3;
    if (!set(socket.get(), SOL_PACKET, PACKET_VERSION, version) ||
        !set(socket.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) ||
        !set(socket.get(), SOL_PACKET, PACKET_RX_RING, request)) {
        return Error{"the kernel gives no ring of packets: " + reason() + "; try a smaller [probes] ring"};
    }
    void* memory = ::mmap(nullptr, blocks * kBlock, PROT_READ | PROT_WRITE, MAP_SHARED, socket.get(), 0);
    if (memory == MAP_FAILED) {
        return Error{"the ring of packets cannot be mapped: " + reason()};
    }
    return PacketRing(std::move(socket), static_cast<std::uint8_t*>(memory), blocks);
}

PacketRing::PacketRing(PacketRing&& other) noexcept
    : socket_(std::move(other.socket_)),
      memory_(std::exchange(other.memory_, nullptr)),
      blocks_(std::exchange(other.blocks_, 0)),
      next_(other.next_) {}

PacketRing::~PacketRing() {
    if (memory_ != nullptr) {
        ::munmap(memory_, blocks_ * kBlock);
    }
}

Status PacketRing::attach(int interface, const std::string& name) {
    clearError();
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = interface;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how the socket calls take addresses
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return Error{"cannot watch " + name + ": " + reason()};
    }
    return Done{};
}

void PacketRing::clearError() {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
}

bool PacketRing::ready() const {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): memory that the kernel writes
    auto& status = reinterpret_cast<tpacket_block_desc*>(memory_ + next_ * kBlock)->hdr.bh1.block_status;
    return (std::atomic_ref(status).load(std::memory_order_acquire) & TP_STATUS_USER) != 0;
}

void PacketRing::giveBack() {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): memory that the kernel reads
    auto& status = reinterpret_cast<tpacket_block_desc*>(memory_ + next_ * kBlock)->hdr.bh1.block_status;
    std::atomic_ref(status).store(TP_STATUS_KERNEL, std::memory_order_release);
    next_ = (next_ + 1) % blocks_;
}

PacketRing::Counts PacketRing::takeCounts() {
    tpacket_stats_v3 statistics{};
    socklen_t size = sizeof statistics;
    if (::getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &statistics, &size) != 0) {
        return {};
    }
    return {.passed = statistics.tp_packets, .dropped = statistics.tp_drops};
}

}  // namespace apiary::agent
