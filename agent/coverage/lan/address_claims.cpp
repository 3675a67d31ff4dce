#include "agent/coverage/lan/address_claims.hpp"

#include "common/net/endpoint.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;

// RFC 5227, 1.1.
constexpr unsigned kProbes = 3;
constexpr auto kProbeWait = 1s;
constexpr auto kProbeLeast = 1s;
constexpr auto kProbeMost = 2s;
constexpr auto kAnnounceWait = 2s;
constexpr unsigned kAnnouncements = 2;
constexpr auto kAnnounceInterval = 2s;
// RFC 4862, 5.1, and RFC 4861, 10.
constexpr unsigned kProbes6 = 1;
constexpr auto kRetransTimer = 1s;

constexpr auto kTryAgain = 100ms;  // what could not be sent
constexpr auto kBurst = 50ms;      // of frames that may be made up for

bool isV4(const AddressRange::Address& address) {
    return Endpoint{address, 0}.v4().has_value();
}

}  // namespace

std::size_t AddressClaims::Hash::operator()(const Address& address) const {
    std::uint64_t halves[2];
    std::memcpy(halves, address.data(), sizeof halves);
    return (halves[0] * 0x9e3779b97f4a7c15U) ^ (halves[1] * 0xbf58476d1ce4e5b9U) ^ (halves[1] >> 29U);
}

void AddressClaims::follow(std::vector<AddressRange> ranges, Time now, ClaimActions& actions) {
    std::ranges::sort(ranges);
    ranges_ = std::move(ranges);
    for (auto at = entries_.begin(); at != entries_.end();) {
        const auto which = at++;
        if (!ours(which->first)) {
            forget(which, actions);
        }
    }
    // Begun no faster than all their frames may be sent, so that the first are claimed before the last are asked for.
    const auto each = std::chrono::nanoseconds(1s) * (kProbes + kAnnouncements) / pace_.framesPerSecond;
    auto start = now;
    for (const AddressRange& range : ranges_) {
        if (!range.v4()) {
            continue;
        }
        Address address = range.first;
        for (std::uint64_t left = range.count(); left > 0; --left) {
            const auto [which, added] = entries_.try_emplace(address);
            if (added) {
                ++inState_[static_cast<std::size_t>(State::Waiting)];
                schedule(address, which->second, start + between(0s, kProbeWait));
                start += each;
            }
            for (std::size_t i = address.size(); i-- > 0 && ++address[i] == 0;) {
            }
        }
    }
}

void AddressClaims::hear(const NeighbourMessage& message, Time now, ClaimActions& actions) {
    if (message.kind == NeighbourMessage::Kind::Leases) {
        if (ours(message.target)) {
            ownerHeard(message.target, message.from, pace_.leaveLeased, now, actions);
        }
        return;
    }
    if (!message.unspecified() && ours(message.sender)) {
        ownerHeard(message.sender, message.from, pace_.leaveAlone, now, actions);
    }
    if (message.kind != NeighbourMessage::Kind::Asks || message.target == message.sender || !ours(message.target)) {
        return;
    }
    if (message.unspecified()) {
        ownerHeard(message.target, message.from, pace_.leaveAlone, now, actions);
        return;
    }
    const auto found = entries_.find(message.target);
    if (found == entries_.end()) {  // of IPv6
        schedule(message.target, entryOf(message.target, now, actions), now);
        return;
    }
    Entry& entry = found->second;
    entry.heard = now;
    if (entry.state == State::Claimed || entry.state == State::Announcing) {
        actions.answer(message.target, message);
    }
}

void AddressClaims::work(Time now, ClaimActions& actions) {
    while (!due_.empty() && due_.begin()->first <= now && nextFrame_ <= now) {
        const Address address = due_.begin()->second;
        step(address, entries_.at(address), now, actions);
    }
}

std::optional<AddressClaims::Time> AddressClaims::due() const {
    return due_.empty() ? std::nullopt : std::optional(std::max(due_.begin()->first, nextFrame_));
}

AddressClaims::Counts AddressClaims::counts() const {
    const auto in = [this](State state) { return inState_[static_cast<std::size_t>(state)]; };
    return {.claimed = in(State::Announcing) + in(State::Claimed),
            .asked = in(State::Waiting) + in(State::Probing),
            .others = in(State::Others)};
}

bool AddressClaims::ours(const Address& address) const {
    const auto behind = std::ranges::upper_bound(ranges_, address, {}, &AddressRange::first);
    return behind != ranges_.begin() && std::prev(behind)->holds(address);
}

void AddressClaims::turn(Entry& entry, State state) {
    --inState_[static_cast<std::size_t>(entry.state)];
    entry.state = state;
    entry.sent = 0;
    ++inState_[static_cast<std::size_t>(state)];
}

void AddressClaims::schedule(const Address& address, Entry& entry, std::optional<Time> due) {
    if (entry.due) {
        due_.erase({*entry.due, address});
    }
    entry.due = due;
    if (due) {
        due_.emplace(*due, address);
    }
}

/// That of an address, which is new only if it is of IPv6.
AddressClaims::Entry& AddressClaims::entryOf(const Address& address, Time now, ClaimActions& actions) {
    const auto found = entries_.find(address);
    if (found != entries_.end()) {
        return found->second;
    }
    makeRoom6(actions);
    ++entries6_;
    ++inState_[static_cast<std::size_t>(State::Waiting)];
    Entry& entry = entries_[address];
    entry.heard = now;
    return entry;
}

void AddressClaims::forget(Entries::iterator which, ClaimActions& actions) {
    auto& [address, entry] = *which;
    if (entry.state == State::Announcing || entry.state == State::Claimed) {
        actions.giveUp(address, nullptr);
    }
    schedule(address, entry, std::nullopt);
    --inState_[static_cast<std::size_t>(entry.state)];
    entries6_ -= isV4(address) ? 0 : 1;
    entries_.erase(which);
}

/// Whoever asks for addresses without end gets others only for those that nobody has asked for as long.
void AddressClaims::makeRoom6(ClaimActions& actions) {
    if (entries6_ < pace_.most6) {
        return;
    }
    auto oldest = entries_.end();
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
        if (!isV4(at->first) && (oldest == entries_.end() || at->second.heard < oldest->second.heard)) {
            oldest = at;
        }
    }
    forget(oldest, actions);
}

void AddressClaims::ownerHeard(const Address& address, const Mac& owner, std::chrono::minutes leave, Time now,
                               ClaimActions& actions) {
    Entry& entry = entryOf(address, now, actions);
    if (entry.state == State::Announcing || entry.state == State::Claimed) {
        actions.giveUp(address, &owner);
    }
    // Not all of a network at the same time again, nor two sensors with each other for ever.
    const auto until = now + leave + between(0s, leave / 2);
    const bool longer = entry.state == State::Others && entry.due && *entry.due > now + leave;
    turn(entry, State::Others);
    if (!longer) {
        schedule(address, entry, until);
    }
}

void AddressClaims::step(const Address& address, Entry& entry, Time now, ClaimActions& actions) {
    switch (entry.state) {
        case State::Others:
            if (!isV4(address)) {  // probed when it is asked for again
                forget(entries_.find(address), actions);
                return;
            }
            [[fallthrough]];
        case State::Waiting:
            turn(entry, State::Probing);
            [[fallthrough]];
        case State::Probing:
            probeNext(address, entry, now, actions);
            return;
        case State::Announcing:
            announceNext(address, entry, now, actions);
            return;
        case State::Claimed:
            if (now - entry.heard < pace_.forget) {
                schedule(address, entry, entry.heard + pace_.forget);
            } else {
                forget(entries_.find(address), actions);
            }
            return;
    }
}

void AddressClaims::probeNext(const Address& address, Entry& entry, Time now, ClaimActions& actions) {
    const bool v4 = isV4(address);
    const unsigned probes = v4 ? kProbes : kProbes6;
    if (entry.sent > 0 && entry.asked <= missed_) {
        entry.sent = 0;
    }
    if (entry.sent == probes) {
        if (actions.take(address)) {
            turn(entry, State::Announcing);
            announceNext(address, entry, now, actions);
        } else {
            turn(entry, State::Others);
            schedule(address, entry, now + pace_.leaveAlone);
        }
        return;
    }
    nextFrame_ = std::max(nextFrame_, now - kBurst) + std::chrono::nanoseconds(1s) / pace_.framesPerSecond;
    if (!actions.probe(address)) {
        schedule(address, entry, now + kTryAgain);
        return;
    }
    if (entry.sent++ == 0) {
        entry.asked = now;
    }
    const auto wait = !v4                    ? std::chrono::nanoseconds(kRetransTimer)
                      : entry.sent == probes ? std::chrono::nanoseconds(kAnnounceWait)
                                             : between(kProbeLeast, kProbeMost);
    schedule(address, entry, now + wait);
}

void AddressClaims::announceNext(const Address& address, Entry& entry, Time now, ClaimActions& actions) {
    nextFrame_ = std::max(nextFrame_, now - kBurst) + std::chrono::nanoseconds(1s) / pace_.framesPerSecond;
    const bool v4 = isV4(address);
    if (!actions.announce(address)) {
        schedule(address, entry, now + kTryAgain);
        return;
    }
    ++entry.sent;
    if (v4 && entry.sent < kAnnouncements) {
        schedule(address, entry, now + kAnnounceInterval);
        return;
    }
    turn(entry, State::Claimed);
    schedule(address, entry, v4 ? std::nullopt : std::optional(now + pace_.forget));
}

std::chrono::nanoseconds AddressClaims::between(std::chrono::nanoseconds least, std::chrono::nanoseconds most) {
    return std::chrono::nanoseconds(
        std::uniform_int_distribution<std::chrono::nanoseconds::rep>(least.count(), most.count())(random_));
}

}  // namespace apiary::agent
