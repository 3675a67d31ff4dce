#include "agent/coverage/lan/lan_claims.hpp"

#include "agent/coverage/lan/link_stations.hpp"
#include "agent/hosts/host_station.hpp"
#include "agent/hosts/surroundings.hpp"
#include "common/log/log.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace apiary::agent {
namespace {

using Address = AddressRange::Address;
using Time = AddressClaims::Time;
using std::chrono::steady_clock;

constexpr int kPatience = 5'000;        // milliseconds
constexpr std::size_t kAtATime = 4096;  // frames that are heard before work goes on

bool readable(const pollfd& polled) {
    return polled.revents != 0;
}

}  // namespace

Result<std::unique_ptr<LanClaims>> LanClaims::open() {
    auto packets = LanSocket::open();
    if (!packets) {
        return Error{packets.error()};
    }
    auto routes = ClaimRoutes::open();
    if (!routes) {
        return Error{routes.error()};
    }
    Descriptor events(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    sockaddr_nl groups{};
    groups.nl_family = AF_NETLINK;
    groups.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    Descriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    Descriptor went(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how the socket calls take addresses
    if (!events || !wake || !went ||
        ::bind(events.get(), reinterpret_cast<const sockaddr*>(&groups), sizeof groups) != 0) {
        return Error{"cannot hear of interfaces that come and go: " + std::generic_category().message(errno)};
    }
    return std::unique_ptr<LanClaims>(
        new LanClaims(std::move(*packets), std::move(*routes), std::move(events), std::move(wake), std::move(went)));
}

LanClaims::LanClaims(LanSocket packets, ClaimRoutes routes, Descriptor events, Descriptor wake, Descriptor went)
    : means_{std::move(packets), std::move(routes),
             StationKeeper([](const LanLink& link) { return LinkStations::apply(link, machineSeed()); }),
             machineSeed()},
      events_(std::move(events)),
      wake_(std::move(wake)),
      went_(std::move(went)) {}

LanClaims::~LanClaims() = default;

bool LanClaims::follow(std::vector<LanLink> links, unsigned framesPerSecond) {
    eventfd_t before = 0;
    ::eventfd_read(went_.get(), &before);
    wanted_.with([&](Wanted& wanted) {
        wanted.links = std::move(links);
        wanted.framesPerSecond = framesPerSecond;
    });
    ::eventfd_write(wake_.get(), 1);
    pollfd polled{.fd = went_.get(), .events = POLLIN, .revents = 0};
    int ready = 0;
    do {
        ready = ::poll(&polled, 1, kPatience);
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

void LanClaims::stop() {
    wanted_.with([](Wanted& wanted) { wanted.stop = true; });
    ::eventfd_write(wake_.get(), 1);
}

void LanClaims::run() {
    /// Whatever becomes of this thread, the other one ends too.
    struct Finish {
        StationKeeper& keeper;
        ~Finish() { keeper.finish(); }
    };
    const Finish finish{means_.keeper};
    claim();
}

void LanClaims::claim() {
    if (const Status gone = LinkStations::removeAll(); !gone) {
        log::error(gone.error());
    }
    if (const auto left = means_.routes.removeAll(); !left) {
        log::error(left.error());
    } else if (*left > 0) {
        log::info(std::to_string(*left) + " claims of an apiary-coverage that was killed are given up");
    }
    while (goOver(steady_clock::now())) {
        takeGiven(steady_clock::now());
        // What came before now is heard before anything is concluded from silence.
        const auto now = steady_clock::now();
        const std::size_t heard = means_.packets.drain(
            kAtATime, [&](int interface, std::span<const std::uint8_t> frame) { hear(interface, frame, now); });
        if (heard < kAtATime) {
            const bool lost = means_.packets.takeLost() > 0;
            for (const auto& link : links_) {
                if (lost) {
                    link->missed(now);
                }
                link->work(now);
            }
            wait();
        }
    }
    for (const auto& link : links_) {
        link->end(steady_clock::now());
    }
    links_.clear();
}

/// Follows what is wanted by now. False: that is the end.
bool LanClaims::goOver(Time now) {
    const Wanted wanted = wanted_.with([](Wanted& shared) { return std::exchange(shared, {.stop = shared.stop}); });
    if (!wanted.links) {
        return !wanted.stop;
    }
    std::vector<std::unique_ptr<ClaimedLink>> before = std::move(links_);
    links_.clear();
    // First what is given up, so that an address may go from one link to the other.
    for (auto& old : before) {
        const auto same = std::ranges::find(*wanted.links, old->interface(), &LanLink::interface);
        if (same == wanted.links->end()) {
            old->end(now);
        } else {
            old->follow(*same, wanted.framesPerSecond, now);
        }
    }
    for (const LanLink& link : *wanted.links) {
        const auto old = std::ranges::find_if(
            before, [&](const auto& one) { return one != nullptr && one->interface() == link.interface; });
        if (old != before.end()) {
            links_.push_back(std::move(*old));
        } else {
            links_.push_back(
                std::make_unique<ClaimedLink>(means_, link, ClaimPace{.framesPerSecond = wanted.framesPerSecond}));
        }
    }
    if (!links_.empty() && !std::exchange(listening_, true)) {
        if (const Status listens = means_.packets.listen(); !listens) {
            log::error(listens.error());
        }
    }
    look(now);
    ::eventfd_write(went_.get(), 1);
    return !wanted.stop;
}

void LanClaims::takeGiven(Time now) {
    for (const StationKeeper::Given& given : means_.keeper.take()) {
        for (const auto& link : links_) {
            if (link->interface() == given.interface) {
                link->given(given, now);
            }
        }
    }
}

void LanClaims::look(Time now) {
    means_.own = ownHere();
    for (const auto& link : links_) {
        link->look(now);
        for (const Address& address : means_.own.addresses) {
            link->hearOwn(address, now);
        }
    }
}

void LanClaims::wait() {
    std::optional<Time> due;
    for (const auto& link : links_) {
        const auto next = link->due();
        due = !due ? next : !next ? due : std::min(*due, *next);
    }
    std::array<pollfd, 4> polled{{{.fd = means_.packets.fd(), .events = POLLIN, .revents = 0},
                                  {.fd = events_.get(), .events = POLLIN, .revents = 0},
                                  {.fd = wake_.get(), .events = POLLIN, .revents = 0},
                                  {.fd = means_.keeper.fd(), .events = POLLIN, .revents = 0}}};
    const auto left = due ? std::chrono::ceil<std::chrono::milliseconds>(*due - steady_clock::now()).count() : -1;
    ::poll(polled.data(), polled.size(), due ? static_cast<int>(std::clamp<long long>(left, 0, 60'000)) : -1);
    if (readable(polled[2])) {
        eventfd_t count = 0;
        ::eventfd_read(wake_.get(), &count);
    }
    if (readable(polled[1])) {
        std::array<char, 8192> room{};
        while (::recv(events_.get(), room.data(), room.size(), 0) > 0 || errno == ENOBUFS || errno == EINTR) {
            errno = 0;
        }
        look(steady_clock::now());
    }
}

void LanClaims::hear(int interface, std::span<const std::uint8_t> frame, Time now) {
    const auto link = std::ranges::find_if(links_, [&](const auto& one) { return one->number() == interface; });
    if (link == links_.end()) {
        return;
    }
    const auto message = parseNeighbour(frame);
    if (message && !means_.own.stations.contains(message->from)) {
        (*link)->hear(*message, now);
    }
}

}  // namespace apiary::agent
