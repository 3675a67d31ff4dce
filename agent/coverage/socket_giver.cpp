#include "agent/coverage/socket_giver.hpp"

#include "common/log/log.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/time.h>
#include <system_error>
#include <utility>

namespace apiary::agent {
namespace {

constexpr int kPatience = 2;  // seconds

bool turnOn(int socket, int level, int option) {
    const int on = 1;
    return ::setsockopt(socket, level, option, &on, sizeof on) == 0;
}

/// A transparent socket on the loopback, or an errno.
int bindTransparent(std::uint16_t port, bool v4, Descriptor& into) {
    Descriptor socket(::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket || !turnOn(socket.get(), SOL_SOCKET, SO_REUSEADDR) || !turnOn(socket.get(), SOL_SOCKET, SO_REUSEPORT) ||
        !turnOn(socket.get(), v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT)) {
        return errno;
    }
    int bound = -1;
    // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): how the socket calls take addresses
    if (v4) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        bound = ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    } else {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(port);
        address.sin6_addr = in6addr_loopback;
        turnOn(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY);
        bound = ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
    if (bound != 0) {
        return errno;
    }
    into = std::move(socket);
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
            kept.emplace_back();
            if (const int reason = bindTransparent(service.loopback, v4, kept.back())) {
                return Error{"port " + std::to_string(service.loopback) + (v4 ? " of 127.0.0.1" : " of ::1") +
                             " cannot be had for the service '" + service.name +
                             "': " + std::generic_category().message(reason) +
                             (reason == EADDRINUSE ? "; give [coverage] another port" : "")};
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
    if (!words || verb != "sockets" || (family != 4 && family != 6) || count == 0 || count > kMostSockets) {
        return "apiary-coverage does not understand the request; let both programs be of one version";
    }
    const auto service = std::ranges::find(services_, name, &HostService::name);
    if (service == services_.end() || service->loopback != port) {
        return "apiary-coverage has read another configuration, where '" + escapeCut(name, 60) +
               "' has no port or another; send it SIGHUP";
    }
    for (std::size_t i = 0; i < count; ++i) {
        sockets.emplace_back();
        if (const int reason = bindTransparent(service->loopback, family == 4, sockets.back())) {
            sockets.clear();
            return "apiary-coverage cannot bind port " + std::to_string(port) + ": " +
                   std::generic_category().message(reason);
        }
    }
    return "ok";
}

}  // namespace apiary::agent
