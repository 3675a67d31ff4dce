#include "agent/coverage/traits/route_watch.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace apiary::agent {

Result<RouteWatch> RouteWatch::open() {
    Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
    if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return Error{"cannot hear of changed routes: " + std::generic_category().message(errno) +
                     "; after one, let apiary-coverage read its configuration again (SIGHUP)"};
    }
    return RouteWatch(std::move(socket));
}

bool RouteWatch::mainChanged() {
    bool changed = false;
    alignas(nlmsghdr) std::array<std::uint8_t, 16'384> room{};
    for (;;) {
        const ssize_t got = ::recv(socket_.get(), room.data(), room.size(), 0);
        if (got > 0) {
            changed = areAboutMainRoutes({room.data(), static_cast<std::size_t>(got)}) || changed;
        } else if (got < 0 && errno == ENOBUFS) {
            changed = true;
        } else if (got == 0 || errno != EINTR) {
            return changed;
        }
    }
}

bool areAboutMainRoutes(std::span<const std::uint8_t> messages) {
    while (messages.size() >= sizeof(nlmsghdr)) {
        nlmsghdr head{};
        std::memcpy(&head, messages.data(), sizeof head);
        if (head.nlmsg_len < sizeof head || head.nlmsg_len > messages.size()) {
            return false;
        }
        rtmsg route{};
        if ((head.nlmsg_type == RTM_NEWROUTE || head.nlmsg_type == RTM_DELROUTE) &&
            head.nlmsg_len >= NLMSG_HDRLEN + sizeof route) {
            std::memcpy(&route, messages.data() + NLMSG_HDRLEN, sizeof route);
            if (route.rtm_table == RT_TABLE_MAIN) {
                return true;
            }
        }
        const std::size_t length = NLMSG_ALIGN(head.nlmsg_len);
        messages = messages.subspan(length < messages.size() ? length : messages.size());
    }
    return false;
}

}  // namespace apiary::agent
