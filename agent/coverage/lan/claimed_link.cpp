#include "agent/coverage/lan/claimed_link.hpp"

#include "agent/coverage/lan/link_stations.hpp"
#include "agent/hosts/interface_state.hpp"
#include "common/log/log.hpp"
#include "common/net/address.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace apiary::agent {
namespace {

using Time = AddressClaims::Time;

std::string textOf(const AddressRange::Address& address) {
    return addressText(Endpoint{address, 0});
}

bool hasV6(const LanLink& link) {
    return std::ranges::any_of(link.ranges, [](const AddressRange& range) { return !range.v4(); });
}

}  // namespace

ClaimedLink::ClaimedLink(ClaimingMeans& means, LanLink what, ClaimPace pace)
    : means_(means), what_(std::move(what)), claims_(pace, std::random_device()()) {}

void ClaimedLink::follow(LanLink what, unsigned framesPerSecond, Time now) {
    claims_.setRate(framesPerSecond);
    const bool others = what.stations != what_.stations;
    if (others) {
        claims_.follow({}, now, *this);  // they were announced with other hardware addresses
    }
    what_ = std::move(what);
    if (number_ != 0) {
        told_ = false;
    }
    if (others) {
        wantStations();
    }
    begin(now);
}

void ClaimedLink::look(Time now) {
    const auto state = interfaceState(interface());
    const bool usable = state && state->running && state->ethernet;
    if (number_ != 0 && (!usable || state->number != number_ || state->mac != mac_)) {
        claims_.follow({}, now, *this);
        listen(0);
        number_ = 0;
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
    number_ = state->number;
    mac_ = state->mac;
    told_ = false;
    listen(number_);
    wantStations();
    begin(now);
    log::info("claiming hosts on the link of " + interface());
}

void ClaimedLink::given(const StationKeeper::Given& given, Time now) {
    if (given.request != awaited_) {
        return;  // something else is wanted meanwhile
    }
    awaited_ = 0;
    if (!given.status) {
        log::warn(interface() + ": " + given.status.error());
    }
    stations_ = !what_.stations.empty() && given.status;
    listen(number_);
    begin(now);
}

void ClaimedLink::hear(const NeighbourMessage& message, Time now) {
    if (!stations_ || !isOfOwnStation(what_, means_.seed, message)) {
        claims_.hear(message, now, *this);
    }
}

void ClaimedLink::hearOwn(const Address& address, Time now) {
    hear({.kind = NeighbourMessage::Kind::Tells, .from = mac_, .sender = address, .target = {}}, now);
}

void ClaimedLink::work(Time now) {
    claims_.work(now, *this);
    const auto counts = claims_.counts();
    if (number_ != 0 && awaited_ == 0 && counts.asked == 0 && !std::exchange(told_, true)) {
        log::info("interface " + interface() + ": claimed " + std::to_string(counts.claimed) + " addresses, left " +
                  std::to_string(counts.others) + " to owners" +
                  (hasV6(what_) ? "; of IPv6 they are claimed when somebody asks for them" : ""));
    }
}

void ClaimedLink::end(Time now) {
    claims_.follow({}, now, *this);
    what_ = {what_.interface, {}, {}};
    listen(0);
    wantStations();
}

bool ClaimedLink::probe(const Address& address) {
    return means_.packets.send(number_, probeFrame(stationAt(address), address));
}

bool ClaimedLink::announce(const Address& address) {
    return means_.packets.send(number_, announcementFrame(stationAt(address), address));
}

void ClaimedLink::answer(const Address& address, const NeighbourMessage& asker) {
    means_.packets.send(number_, answerFrame(stationAt(address), address, asker));
}

bool ClaimedLink::take(const Address& address) {
    if (means_.own.addresses.contains(address)) {
        return false;
    }
    const Status added = means_.routes.add(address);
    if (!added) {
        log::warn(added.error() + "; it is left alone");
    }
    return bool(added);
}

void ClaimedLink::giveUp(const Address& address, const Mac* owner) {
    if (const Status gone = means_.routes.remove(address); !gone) {
        log::error(gone.error());
    }
    if (owner != nullptr && *owner == mac_) {
        log::warn(textOf(address) + " is this machine's own now: given up; leave it out of [[hosts]], and send SIGHUP");
    } else if (owner != nullptr) {
        log::info(textOf(address) + " on the link of " + interface() + " has an owner, " + stationText(*owner) +
                  ": given up");
    }
}

Mac ClaimedLink::stationAt(const Address& address) const {
    const auto own = stations_ ? stationOf(what_, means_.seed, address) : std::nullopt;
    return own ? *own : mac_;
}

/// Has the machine take and send with the hardware addresses of hosts that have their own, or with none any more:
/// see given(). Nothing is claimed meanwhile.
void ClaimedLink::wantStations() {
    if (!what_.stations.empty() || stations_ || awaited_ != 0) {
        stations_ = false;
        awaited_ = ++means_.requests;
        means_.keeper.want(what_, awaited_);
    }
}

void ClaimedLink::begin(Time now) {
    if (number_ != 0 && awaited_ == 0) {
        claims_.follow(what_.ranges, now, *this);
    }
}

/// Has that interface hand up what must be heard, and the one before no longer; 0: none.
void ClaimedLink::listen(int interface) {
    change(hearsGroups_, interface, &LanSocket::hearGroups);
    change(hearsAll_, stations_ ? interface : 0, &LanSocket::hearAll);
}

void ClaimedLink::change(int& hears, int interface, Status (LanSocket::*have)(int interface, bool on)) {
    const int before = std::exchange(hears, interface);
    if (before != 0 && before != interface) {
        static_cast<void>((means_.packets.*have)(before, false));  // it may be gone
    }
    if (interface != 0 && before != interface) {
        if (const Status heard = (means_.packets.*have)(interface, true); !heard) {
            log::warn(what_.interface + ": " + heard.error());
        }
    }
}

}  // namespace apiary::agent
