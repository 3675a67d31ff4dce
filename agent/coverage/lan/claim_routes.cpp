#include "agent/coverage/lan/claim_routes.hpp"

#include "common/net/address.hpp"
#include "common/net/endpoint.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <optional>
#include <span>
#include <sys/socket.h>
#include <system_error>

namespace apiary::agent {
namespace {

using Address = AddressRange::Address;

std::string reason(int number) {
    return std::generic_category().message(number);
}

std::span<const std::uint8_t> bytesOf(const Address& address) {
    const std::span<const std::uint8_t> all(address);
    return Endpoint{address, 0}.v4() ? all.subspan(12) : all;
}

/// A request to make or to take away the local route to one address.
struct Request {
    nlmsghdr head{};
    rtmsg route{};
    std::array<std::uint8_t, 64> attributes{};

    void attribute(std::uint16_t type, std::span<const std::uint8_t> value) {
        const rtattr attribute{.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(value.size())), .rta_type = type};
        std::uint8_t* at = attributes.data() + (head.nlmsg_len - NLMSG_LENGTH(sizeof route));
        std::memcpy(at, &attribute, sizeof attribute);
        std::ranges::copy(value, at + RTA_LENGTH(0));
        head.nlmsg_len += static_cast<std::uint32_t>(RTA_SPACE(value.size()));
    }
};

/// Reads one datagram of answers; empty if the kernel does not answer.
std::vector<std::uint8_t> receive(int socket) {
    std::vector<std::uint8_t> bytes(65'536);
    ssize_t got = -1;
    do {
        got = ::recv(socket, bytes.data(), bytes.size(), 0);
    } while (got < 0 && errno == EINTR);
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
}

template <typename Value>
std::optional<Value> valueAt(std::span<const std::uint8_t> bytes, std::size_t at) {
    Value value;
    if (at > bytes.size() || bytes.size() - at < sizeof value) {
        return std::nullopt;
    }
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

/// The address of a route that carries our mark, in the part of a message behind its head.
std::optional<Address> ourRoute(std::span<const std::uint8_t> message) {
    const auto route = valueAt<rtmsg>(message, 0);
    if (!route || route->rtm_table != RT_TABLE_LOCAL || route->rtm_type != RTN_LOCAL ||
        route->rtm_protocol != kClaimProtocol) {
        return std::nullopt;
    }
    for (std::size_t at = NLMSG_ALIGN(sizeof(rtmsg)); auto attribute = valueAt<rtattr>(message, at);) {
        const std::size_t length = attribute->rta_len;
        if (length < RTA_LENGTH(0) || length > message.size() - at) {
            return std::nullopt;
        }
        const auto value = message.subspan(at + RTA_LENGTH(0), length - RTA_LENGTH(0));
        if (attribute->rta_type == RTA_DST && route->rtm_dst_len == 8 * value.size()) {
            Address address{};
            if (route->rtm_family == AF_INET && value.size() == 4) {
                return Endpoint::of({value[0], value[1], value[2], value[3]}, 0).address;
            }
            if (route->rtm_family == AF_INET6 && value.size() == address.size()) {
                std::ranges::copy(value, address.begin());
                return address;
            }
            return std::nullopt;
        }
        at += RTA_ALIGN(length);
    }
    return std::nullopt;
}

}  // namespace

Result<ClaimRoutes> ClaimRoutes::open() {
    Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) {
        return Error{"cannot ask the kernel for routes: " + reason(errno)};
    }
    return ClaimRoutes(std::move(socket));
}

Status ClaimRoutes::add(const Address& address) {
    return change(address, true);
}

Status ClaimRoutes::remove(const Address& address) {
    return change(address, false);
}

Status ClaimRoutes::change(const Address& address, bool add) {
    const auto bytes = bytesOf(address);
    Request request;
    request.head.nlmsg_len = NLMSG_LENGTH(sizeof request.route);
    request.head.nlmsg_type = add ? RTM_NEWROUTE : RTM_DELROUTE;
    request.head.nlmsg_flags =
        static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_EXCL : 0));
    request.head.nlmsg_seq = ++number_;
    request.route.rtm_family = bytes.size() == 4 ? AF_INET : AF_INET6;
    request.route.rtm_dst_len = static_cast<std::uint8_t>(8 * bytes.size());
    request.route.rtm_table = RT_TABLE_LOCAL;
    request.route.rtm_protocol = kClaimProtocol;
    request.route.rtm_scope = bytes.size() == 4 ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
    request.route.rtm_type = RTN_LOCAL;
    request.attribute(RTA_DST, bytes);
    const auto loopback = static_cast<std::uint32_t>(::if_nametoindex("lo"));
    std::array<std::uint8_t, sizeof loopback> index{};
    std::memcpy(index.data(), &loopback, sizeof loopback);
    request.attribute(RTA_OIF, index);
    if (::send(socket_.get(), &request, request.head.nlmsg_len, 0) < 0) {
        return Error{"cannot ask the kernel for a route: " + reason(errno)};
    }
    for (;;) {
        const auto answer = receive(socket_.get());
        const auto head = valueAt<nlmsghdr>(answer, 0);
        const auto error = valueAt<nlmsgerr>(answer, NLMSG_HDRLEN);
        if (!head) {
            return Error{"the kernel does not answer about a route"};
        }
        if (head->nlmsg_seq != number_ || head->nlmsg_type != NLMSG_ERROR || !error) {
            continue;  // of a request that was given up
        }
        if (error->error == 0 || (!add && (error->error == -ESRCH || error->error == -ENOENT))) {
            return Done{};
        }
        return Error{"the kernel refuses the route to " + addressText(Endpoint{address, 0}) + ": " +
                     reason(-error->error)};
    }
}

Result<std::vector<ClaimRoutes::Address>> ClaimRoutes::list() {
    std::vector<Address> addresses;
    for (const int family : {AF_INET, AF_INET6}) {
        if (const Status listed = listOf(family, addresses); !listed) {
            return Error{listed.error()};
        }
    }
    std::ranges::sort(addresses);
    return addresses;
}

Status ClaimRoutes::listOf(int family, std::vector<Address>& into) {
    struct {
        nlmsghdr head{};
        rtmsg route{};
    } request;
    request.head.nlmsg_len = NLMSG_LENGTH(sizeof request.route);
    request.head.nlmsg_type = RTM_GETROUTE;
    request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.head.nlmsg_seq = ++number_;
    request.route.rtm_family = static_cast<std::uint8_t>(family);
    if (::send(socket_.get(), &request, request.head.nlmsg_len, 0) < 0) {
        return Error{"cannot ask the kernel for routes: " + reason(errno)};
    }
    for (;;) {
        const auto answer = receive(socket_.get());
        if (answer.empty()) {
            return Error{"the kernel does not list its routes"};
        }
        const std::span<const std::uint8_t> all(answer);
        for (std::size_t at = 0; const auto head = valueAt<nlmsghdr>(all, at);) {
            if (head->nlmsg_len < NLMSG_HDRLEN || head->nlmsg_len > all.size() - at) {
                return Error{"the kernel lists its routes in a form that is not known"};
            }
            if (head->nlmsg_seq == number_ && head->nlmsg_type == NLMSG_DONE) {
                return Done{};
            }
            if (head->nlmsg_seq == number_ && head->nlmsg_type == NLMSG_ERROR) {
                return Done{};  // a kernel without the family
            }
            const auto message = all.subspan(at + NLMSG_HDRLEN, head->nlmsg_len - NLMSG_HDRLEN);
            if (const auto address = head->nlmsg_seq == number_ ? ourRoute(message) : std::nullopt) {
                into.push_back(*address);
            }
            at += NLMSG_ALIGN(head->nlmsg_len);
        }
    }
}

Result<std::size_t> ClaimRoutes::removeAll() {
    const auto there = list();
    if (!there) {
        return Error{there.error()};
    }
    for (const Address& address : *there) {
        if (const Status gone = remove(address); !gone) {
            return Error{gone.error()};
        }
    }
    return there->size();
}

}  // namespace apiary::agent
