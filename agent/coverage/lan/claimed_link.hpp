#pragma once

#include "agent/coverage/lan/address_claims.hpp"
#include "agent/coverage/lan/claim_routes.hpp"
#include "agent/coverage/lan/lan_links.hpp"
#include "agent/coverage/lan/lan_socket.hpp"
#include "agent/coverage/lan/station_keeper.hpp"
#include "agent/hosts/surroundings.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace apiary::agent {

/// What all links of one machine share. For one thread, but for what StationKeeper says.
struct ClaimingMeans {
    LanSocket packets;
    ClaimRoutes routes;
    StationKeeper keeper;
    std::uint64_t seed = 0;      // machineSeed()
    std::uint64_t requests = 0;  // of the keeper
    Own own{};                   // what this machine has itself
};

/// The addresses of one interface, and what is done for them there. Nothing is claimed while the interface is away, has
/// no link, or its hosts wait for hardware addresses of their own. Not thread-safe.
class ClaimedLink final : public ClaimActions {
public:
    using Time = AddressClaims::Time;

    /// `means` outlives it. Begins with look().
    ClaimedLink(ClaimingMeans& means, LanLink what, ClaimPace pace);

    const std::string& interface() const { return what_.interface; }

    /// Of the interface, as the kernel counts them; 0 if it is away, or has no link.
    int number() const { return number_; }

    std::optional<Time> due() const { return claims_.due(); }

    /// Goes over to these addresses of the same interface.
    void follow(LanLink what, unsigned framesPerSecond, Time now);

    /// Sees whether the interface is there, and is the same as before.
    void look(Time now);

    /// The hardware addresses that were wanted are there now, or cannot be had.
    void given(const StationKeeper::Given& given, Time now);

    void hear(const NeighbourMessage& message, Time now);

    /// The machine itself has that address.
    void hearOwn(const Address& address, Time now);

    /// Something that was said until now was not heard.
    void missed(Time now) { claims_.missed(now); }

    void work(Time now);

    /// Gives everything up, and leaves the interface as it was.
    void end(Time now);

    bool probe(const Address& address) override;
    bool announce(const Address& address) override;
    void answer(const Address& address, const NeighbourMessage& asker) override;
    bool take(const Address& address) override;
    void giveUp(const Address& address, const Mac* owner) override;

private:
    Mac stationAt(const Address& address) const;
    void wantStations();
    void begin(Time now);
    void listen(int interface);
    void change(int& hears, int interface, Status (LanSocket::*have)(int interface, bool on));

    ClaimingMeans& means_;
    LanLink what_;
    AddressClaims claims_;
    bool stations_ = false;      // hosts have hardware addresses of their own
    std::uint64_t awaited_ = 0;  // the request for these that is under way; 0: none
    int hearsGroups_ = 0;        // the number of the interface that was told to; 0: none
    int hearsAll_ = 0;
    int number_ = 0;
    Mac mac_{};
    bool told_ = false;     // that all were asked for once
    bool missing_ = false;  // which was told
};

}  // namespace apiary::agent
