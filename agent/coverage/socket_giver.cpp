#include "agent/coverage/socket_giver.hpp"

#include "common/log/log.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/time.h>
#include <system_error>
#include <utility>

namespace apiary::agent {
namespace {

constexpr int kPatience = 2;  // seconds

bool turnOn(int socket, int level, int option, int value = 1) {
    return ::setsockopt(socket, level, option, &value, sizeof value) == 0;
}

/// Answers leave by sockets that are bound to addresses of which no program has a reason to take anything: within
/// 127.0.0.0/8, and of the prefix that RFC 6666 keeps for what is thrown away.
Endpoint answeringPoint(std::uint16_t port, bool v4) {
    return v4 ? Endpoint::of({127, 97, 0, 1}, port)
              : Endpoint{{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x61}, port};
}

Endpoint takingPoint(std::uint16_t port, bool v4) {
    return v4 ? Endpoint::of({127, 0, 0, 1}, port) : Endpoint{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, port};
}

int bindTo(int socket, const Endpoint& where) {
    // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): how the socket calls take addresses
    if (const auto v4 = where.v4()) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(where.port);
        std::memcpy(&address.sin_addr, v4->data(), v4->size());
        return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(where.port);
    std::memcpy(&address.sin6_addr, where.address.data(), where.address.size());
    turnOn(socket, IPPROTO_IPV6, IPV6_V6ONLY);
    return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
}

/// A transparent socket, or an errno. What leaves by one of datagrams carries the mark, which its user cannot take off.
int bindTransparent(const Endpoint& where, PortKind kind, Descriptor& into) {
    const bool v4 = where.v4().has_value();
    const bool stream = kind == PortKind::Tcp;
    Descriptor socket(
        ::socket(v4 ? AF_INET : AF_INET6, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket || (stream && !turnOn(socket.get(), SOL_SOCKET, SO_REUSEADDR)) ||
        (!stream && !turnOn(socket.get(), SOL_SOCKET, SO_MARK, kSocketMark)) ||
        !turnOn(socket.get(), SOL_SOCKET, SO_REUSEPORT) ||
        !turnOn(socket.get(), v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT) ||
        bindTo(socket.get(), where) != 0) {
        return errno;
    }
    into = std::move(socket);
    return 0;
}

/// A socket by which hosts answer from that port, or an errno. It drops what comes, and cannot be made to take it.
int bindAnswering(std::uint16_t port, bool v4, Descriptor& into) {
    if (const int reason = bindTransparent(answeringPoint(port, v4), PortKind::Udp, into)) {
        return reason;
    }
    sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    const sock_fprog program{.len = 1, .filter = &nothing};
    if (::setsockopt(into.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0 ||
        !turnOn(into.get(), SOL_SOCKET, SO_LOCK_FILTER)) {
        return errno;
    }
    return 0;
}

}  // namespace

Result<SocketGiver> SocketGiver::open(Refused refused, std::string_view name) {
    int reason = 0;
    auto listening = listenAt(name, reason);
    if (!listening) {
        return Error{reason == EADDRINUSE
                         ? "apiary-coverage is running here already; end that one (SIGTERM): it takes its rules with it"
                         : "cannot listen for the agent: " + std::generic_category().message(reason)};
    }
    return SocketGiver(*std::move(listening), std::move(refused));
}

/// Keeps others from the ports of a service. One of datagrams that lies open would take what is the agent's: it is only
/// tried.
static Status reserve(const HostService& service, bool v4, std::vector<Descriptor>& kept) {
    Descriptor socket;
    if (const int reason = bindTransparent(takingPoint(service.loopback, v4), service.kind, socket)) {
        return Error{"port " + std::to_string(service.loopback) + (v4 ? " of 127.0.0.1" : " of ::1") +
                     " cannot be had for the service '" + service.name +
                     "': " + std::generic_category().message(reason) +
                     (reason == EADDRINUSE ? "; give [coverage] another port" : "")};
    }
    if (service.kind == PortKind::Tcp) {
        kept.push_back(std::move(socket));
    }
    for (const std::uint16_t port : service.answeringPorts()) {
        if (const int reason = bindAnswering(port, v4, socket)) {
            return Error{"the service '" + service.name + "' (line " + std::to_string(service.line) +
                         ") cannot answer from UDP port " + std::to_string(port) + ": " +
                         std::generic_category().message(reason) +
                         (reason == EADDRINUSE ? "; a program of this machine has that port on all addresses: let it "
                                                 "listen on the machine's own address only, or give the service another"
                          : reason == EACCES   ? "; run apiary-coverage with CAP_NET_BIND_SERVICE too, as root has it"
                                               : "")};
        }
        kept.push_back(std::move(socket));
    }
    return Done{};
}

Status SocketGiver::follow(const HostPlan& plan, std::uint32_t user) {
    std::vector<Descriptor> kept;
    const auto holds = [&](bool v4) {
        return std::ranges::any_of(plan.ranges, [&](const HostRange& range) { return range.addresses.v4() == v4; });
    };
    for (const HostService& service : plan.services) {
        for (const bool v4 : {true, false}) {
            if (!holds(v4)) {
                continue;
            }
            if (Status reserved = reserve(service, v4, kept); !reserved) {
                return reserved;
            }
        }
    }
    kept_ = std::move(kept);
    services_ = plan.services;
    user_ = user;
    return Done{};
}

void SocketGiver::answerOne() {
    const Descriptor peer(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!peer) {
        return;
    }
    const timeval patience{.tv_sec = kPatience, .tv_usec = 0};
    ::setsockopt(peer.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(peer.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const auto user = peerUser(peer.get());
    if (!user || (*user != 0 && *user != user_)) {
        const std::string who = user ? std::to_string(*user) : "nobody knows whom";
        log::warn("sockets were asked for by user " + who +
                  ", who is not the agent's; let [coverage] user name the user "
                  "that runs apiary-agent");
        sendMessage(peer.get(), "apiary-coverage gives sockets to the user of [coverage] only, and this one is " + who);
        return;
    }
    const auto request = receiveMessage(peer.get());
    if (!request) {
        return;
    }
    std::vector<Descriptor> sockets;
    const std::string said = answer(request->text, sockets);
    sendMessage(peer.get(), said, sockets);
}

std::string SocketGiver::answer(const std::string& request, std::vector<Descriptor>& sockets) const {
    if (request == "refused") {
        const auto count = refused_();
        return count ? "refused " + std::to_string(*count) : count.error();
    }
    std::string said = give(request, sockets);
    if (said != "ok") {
        log::warn("refused sockets: " + said);
    }
    return said;
}

std::string SocketGiver::give(const std::string& request, std::vector<Descriptor>& sockets) const {
    std::istringstream words(request);
    std::string verb;
    std::string name;
    unsigned port = 0;
    unsigned family = 0;
    std::size_t count = 0;
    words >> verb >> name >> port >> family >> count;
    const bool answers = verb == "answering";
    if (!words || (verb != "sockets" && !answers) || (family != 4 && family != 6) || count == 0 ||
        count > (answers ? 1 : kMostSockets)) {
        return "apiary-coverage does not understand the request; let both programs be of one version";
    }
    const auto service = std::ranges::find(services_, name, &HostService::name);
    const bool known = service != services_.end() &&
                       (answers ? std::ranges::count(service->answeringPorts(), port) > 0 : service->loopback == port);
    if (!known) {
        return "apiary-coverage has read another configuration, where '" + escapeCut(name, 60) +
               "' has no port or another; send it SIGHUP";
    }
    const auto at = static_cast<std::uint16_t>(port);
    for (std::size_t i = 0; i < count; ++i) {
        sockets.emplace_back();
        if (const int reason = answers ? bindAnswering(at, family == 4, sockets.back())
                                       : bindTransparent(takingPoint(at, family == 4), service->kind, sockets.back())) {
            sockets.clear();
            return "apiary-coverage cannot bind port " + std::to_string(port) + ": " +
                   std::generic_category().message(reason);
        }
    }
    return "ok";
}

}  // namespace apiary::agent
