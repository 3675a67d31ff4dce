#pragma once

#include "agent/coverage/lan/neighbour_frame.hpp"
#include "agent/hosts/address_range.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace apiary::agent {

/// What AddressClaims has done on the link and to the machine. Each call takes effect before it returns.
class ClaimActions {
public:
    using Address = AddressRange::Address;

    virtual ~ClaimActions() = default;

    /// Asks the link for an owner, or tells it of us. False: it was not sent, and is to be tried again.
    virtual bool probe(const Address& address) = 0;
    virtual bool announce(const Address& address) = 0;

    virtual void answer(const Address& address, const NeighbourMessage& asker) = 0;

    /// Makes the address this machine's. False: it cannot be, as it is somebody's already.
    virtual bool take(const Address& address) = 0;

    /// Undoes take(). `owner` is the station that has the address now, if that is why.
    virtual void giveUp(const Address& address, const Mac* owner) = 0;
};

/// How fast, and how long.
struct ClaimPace {
    unsigned framesPerSecond = 500;        // probes and announcements; answers are as many as the questions
    std::chrono::minutes leaveAlone{10};   // an address whose owner was heard, at the least
    std::chrono::minutes leaveLeased{60};  // one that a DHCP client asked for
    std::chrono::minutes forget{60};       // a claim of IPv6 that nobody asks for any more
    std::size_t most6 = 4096;              // addresses of IPv6 that are thought of at a time
};

/// What becomes of the addresses of some ranges on one link: claimed if they have no owner, given up at once if one
/// appears, and never defended. Pure: it is told what was heard and what time it is.
///
/// IPv4 (RFC 5227): each address is probed three times, 1 to 2 s apart; unanswered for 2 s more it is taken, and then
/// announced twice. An address whose owner was heard is left alone and probed again later. IPv6 (RFC 4861, 4862): a
/// network has too many addresses to probe, so one is probed, once and for 1 s, when somebody asks for it.
///
/// An owner is heard when a station speaks as the address, probes for it (that it is about to take it is enough), or
/// asks a DHCP server for it.
///
/// Not thread-safe. Whoever calls leaves out what this machine itself has sent.
class AddressClaims {
public:
    using Address = AddressRange::Address;
    using Time = std::chrono::steady_clock::time_point;

    struct Counts {
        std::size_t claimed = 0;
        std::size_t asked = 0;   // waiting to be probed for the first time, or being probed
        std::size_t others = 0;  // left alone

        friend bool operator==(const Counts&, const Counts&) = default;
    };

    AddressClaims(ClaimPace pace, std::uint64_t seed) : pace_(pace), random_(seed) {}

    void setRate(unsigned framesPerSecond) { pace_.framesPerSecond = framesPerSecond; }

    /// Goes over to these ranges: claims outside of them are given up, those inside stay. Empty: gives up everything,
    /// as is right when the link is lost, after which all begins again.
    void follow(std::vector<AddressRange> ranges, Time now, ClaimActions& actions);

    void hear(const NeighbourMessage& message, Time now, ClaimActions& actions);

    /// Something that was said until now was not heard: who is being asked for has not been silent, and is asked for
    /// from the beginning.
    void missed(Time now) { missed_ = now; }

    /// Does what is due.
    void work(Time now, ClaimActions& actions);

    /// When work() has something to do; nothing: not before something is heard.
    std::optional<Time> due() const;

    Counts counts() const;

private:
    enum class State : std::uint8_t { Waiting, Probing, Announcing, Claimed, Others };
    struct Entry {
        State state = State::Waiting;
        std::uint8_t sent = 0;    // probes, then announcements
        std::optional<Time> due;  // as in due_
        Time heard{};             // when it was last asked for
        Time asked{};             // when the first of its probes was sent
    };
    struct Hash {
        std::size_t operator()(const Address& address) const;
    };
    using Entries = std::unordered_map<Address, Entry, Hash>;

    bool ours(const Address& address) const;
    void turn(Entry& entry, State state);
    void schedule(const Address& address, Entry& entry, std::optional<Time> due);
    Entry& entryOf(const Address& address, Time now, ClaimActions& actions);
    void forget(Entries::iterator which, ClaimActions& actions);
    void makeRoom6(ClaimActions& actions);
    void ownerHeard(const Address& address, const Mac& owner, std::chrono::minutes leave, Time now,
                    ClaimActions& actions);
    void step(const Address& address, Entry& entry, Time now, ClaimActions& actions);
    void probeNext(const Address& address, Entry& entry, Time now, ClaimActions& actions);
    void announceNext(const Address& address, Entry& entry, Time now, ClaimActions& actions);
    std::chrono::nanoseconds between(std::chrono::nanoseconds least, std::chrono::nanoseconds most);

    ClaimPace pace_;
    std::mt19937_64 random_;
    std::vector<AddressRange> ranges_;  // in order
    Entries entries_;
    std::set<std::pair<Time, Address>> due_;
    Time nextFrame_{};           // not before this is another frame sent
    Time missed_ = Time::min();  // when something was lost
    std::size_t entries6_ = 0;
    std::array<std::size_t, 5> inState_{};
};

}  // namespace apiary::agent
