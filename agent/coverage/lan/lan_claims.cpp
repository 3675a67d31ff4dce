#include "agent/coverage/lan/lan_claims.hpp"

#include "agent/coverage/lan/link_stations.hpp"
#include "agent/hosts/interface_state.hpp"
#include "agent/hosts/surroundings.hpp"
#include "common/log/log.hpp"
#include "common/net/address.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <random>
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

std::string textOf(const Address& address) {
    return addressText(Endpoint{address, 0});
}

bool readable(const pollfd& polled) {
    return polled.revents != 0;
}

}  // namespace

/// The addresses of one interface, and what is done for them there.
class LanClaims::Link final : public ClaimActions {
public:
    Link(LanClaims& all, LanLink what, ClaimPace pace)
        : all_(all), what_(std::move(what)), claims_(pace, std::random_device()()) {}

    const std::string& interface() const { return what_.interface; }
    int number() const { return number_; }
    std::optional<Time> due() const { return claims_.due(); }

    void follow(LanLink what, unsigned framesPerSecond, Time now) {
        claims_.setRate(framesPerSecond);
        const bool others = what.stations != what_.stations;
        if (number_ != 0 && others) {
            claims_.follow({}, now, *this);  // they were announced with other hardware addresses
        }
        what_ = std::move(what);
        if (number_ != 0) {
            if (others) {
                giveStations();
            }
            claims_.follow(what_.ranges, now, *this);
            told_ = false;
        }
    }

    /// Sees whether the interface is there, and is the same as before.
    void look(Time now) {
        const auto state = interfaceState(interface());
        const bool usable = state && state->running && state->ethernet;
        if (number_ != 0 && (!usable || state->number != number_ || state->mac != mac_)) {
            number_ = 0;
            claims_.follow({}, now, *this);
            log::warn("interface " + interface() + (state ? " has no link any more" : " is gone") +
                      ": its hosts are given up, and claimed again when it is back");
            missing_ = true;
        }
        if (!usable) {
            if (!std::exchange(missing_, true)) {
                log::warn("interface " + interface() + (state ? " has no link" : " is not there") +
                          ": its hosts are claimed as soon as it has");
            }
            return;
        }
        if (number_ != 0) {
            return;
        }
        missing_ = false;
        if (const Status heard = all_.packets_.hearGroups(state->number); !heard) {
            log::warn(interface() + ": " + heard.error());
        }
        number_ = state->number;
        mac_ = state->mac;
        told_ = false;
        giveStations();
        claims_.follow(what_.ranges, now, *this);
        log::info("claiming hosts on the link of " + interface());
    }

    void hear(const NeighbourMessage& message, Time now) { claims_.hear(message, now, *this); }

    /// The machine itself has that address.
    void hearOwn(const Address& address, Time now) {
        hear({.kind = NeighbourMessage::Kind::Tells, .from = mac_, .sender = address, .target = {}}, now);
    }

    void work(Time now) {
        claims_.work(now, *this);
        const auto counts = claims_.counts();
        if (number_ != 0 && counts.asked == 0 && !std::exchange(told_, true)) {
            log::info("interface " + interface() + ": claimed " + std::to_string(counts.claimed) + " addresses, left " +
                      std::to_string(counts.others) + " to owners" +
                      (hasV6() ? "; of IPv6 they are claimed when somebody asks for them" : ""));
        }
    }

    void end(Time now) {
        what_ = {what_.interface, {}, {}};
        claims_.follow({}, now, *this);
        giveStations();
    }

    bool probe(const Address& address) override {
        return all_.packets_.send(number_, probeFrame(stationAt(address), address));
    }

    bool announce(const Address& address) override {
        return all_.packets_.send(number_, announcementFrame(stationAt(address), address));
    }

    void answer(const Address& address, const NeighbourMessage& asker) override {
        all_.packets_.send(number_, answerFrame(stationAt(address), address, asker));
    }

    bool take(const Address& address) override {
        if (all_.own_.addresses.contains(address)) {
            return false;
        }
        const Status added = all_.routes_.add(address);
        if (!added) {
            log::warn(added.error() + "; it is left alone");
        }
        return bool(added);
    }

    void giveUp(const Address& address, const Mac* owner) override {
        if (const Status gone = all_.routes_.remove(address); !gone) {
            log::error(gone.error());
        }
        if (owner != nullptr && *owner == mac_) {
            log::warn(textOf(address) +
                      " is this machine's own now: given up; leave it out of [[hosts]], and send SIGHUP");
        } else if (owner != nullptr) {
            log::info(textOf(address) + " on the link of " + interface() + " has an owner, " + stationText(*owner) +
                      ": given up");
        }
    }

private:
    Mac stationAt(const Address& address) const {
        const auto own = stations_ ? stationOf(what_, all_.seed_, address) : std::nullopt;
        return own ? *own : mac_;
    }

    /// Has the machine take and send with the hardware addresses of hosts that have their own, or with none any more.
    void giveStations() {
        const bool wanted = !what_.stations.empty();
        if (!wanted && !stations_) {
            return;
        }
        const Status given = LinkStations::apply(what_, all_.seed_);
        if (!given) {
            log::warn(interface() + ": " + given.error());
        }
        stations_ = wanted && given;
        if (number_ != 0 && stations_ != (hearsAll_ == number_)) {
            all_.packets_.hearAll(number_, stations_);
            hearsAll_ = stations_ ? number_ : 0;
        }
    }

    bool hasV6() const {
        return std::ranges::any_of(what_.ranges, [](const AddressRange& range) { return !range.v4(); });
    }

    LanClaims& all_;
    LanLink what_;
    AddressClaims claims_;
    bool stations_ = false;  // hosts have hardware addresses of their own
    int hearsAll_ = 0;       // the number of the interface that was told to
    int number_ = 0;         // of the interface; 0: there is none, or it has no link
    Mac mac_{};
    bool told_ = false;     // that all were asked for once
    bool missing_ = false;  // which was told
};

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
    : packets_(std::move(packets)),
      routes_(std::move(routes)),
      events_(std::move(events)),
      wake_(std::move(wake)),
      went_(std::move(went)),
      seed_(machineSeed()) {}

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
    if (const Status gone = LinkStations::removeAll(); !gone) {
        log::error(gone.error());
    }
    if (const auto left = routes_.removeAll(); !left) {
        log::error(left.error());
    } else if (*left > 0) {
        log::info(std::to_string(*left) + " claims of an apiary-coverage that was killed are given up");
    }
    while (goOver(steady_clock::now())) {
        // What came before now is heard before anything is concluded from silence.
        const auto now = steady_clock::now();
        const std::size_t heard = packets_.drain(
            kAtATime, [&](int interface, std::span<const std::uint8_t> frame) { hear(interface, frame, now); });
        if (heard < kAtATime) {
            for (const auto& link : links_) {
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
    std::vector<std::unique_ptr<Link>> before = std::move(links_);
    links_.clear();
    std::vector<Link*> fresh;
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
            links_.push_back(std::make_unique<Link>(*this, link, ClaimPace{.framesPerSecond = wanted.framesPerSecond}));
        }
    }
    if (!links_.empty() && !std::exchange(listening_, true)) {
        if (const Status listens = packets_.listen(); !listens) {
            log::error(listens.error());
        }
    }
    look(now);
    ::eventfd_write(went_.get(), 1);
    return !wanted.stop;
}

void LanClaims::look(Time now) {
    own_ = ownHere();
    for (const auto& link : links_) {
        link->look(now);
        for (const Address& address : own_.addresses) {
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
    std::array<pollfd, 3> polled{{{.fd = packets_.fd(), .events = POLLIN, .revents = 0},
                                  {.fd = events_.get(), .events = POLLIN, .revents = 0},
                                  {.fd = wake_.get(), .events = POLLIN, .revents = 0}}};
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
    if (message && !own_.stations.contains(message->from)) {
        (*link)->hear(*message, now);
    }
}

}  // namespace apiary::agent
