#pragma once

#include "agent/coverage/lan/address_claims.hpp"
#include "agent/coverage/lan/claim_routes.hpp"
#include "agent/coverage/lan/claimed_link.hpp"
#include "agent/coverage/lan/lan_links.hpp"
#include "agent/coverage/lan/lan_socket.hpp"
#include "common/concurrent/guarded.hpp"
#include "common/net/descriptor.hpp"
#include "common/result.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace apiary::agent {

/// Claims addresses on links: hears and speaks ARP and neighbour discovery on the interfaces that it is told of, and
/// has a local route to each address while it is claimed. Interfaces may come and go; what was claimed on one that
/// goes, or loses its link, is given up, and claimed anew when it is back.
///
/// run() is a thread of its own: an owner that appears is made way for at once, whatever else the program does. So is
/// keepStations(), which waits for nft meanwhile: hosts with hardware addresses of their own are claimed when these are
/// there.
class LanClaims {
public:
    /// Opens what takes CAP_NET_RAW. An Error without it.
    static Result<std::unique_ptr<LanClaims>> open();

    ~LanClaims();

    /// From another thread: has run() go over to these links, with so many frames a second on each that ask for owners,
    /// and waits until all other claims are given up; five seconds at the most, then it is false.
    [[nodiscard]] bool follow(std::vector<LanLink> links, unsigned framesPerSecond);

    /// Takes leftovers away, then claims until stop(), then gives everything up. What the kernel refuses is logged.
    void run();

    /// Makes what run() wants of nft, until that has ended.
    void keepStations() { means_.keeper.run(); }

    /// From any thread.
    void stop();

private:
    struct Wanted {
        std::optional<std::vector<LanLink>> links{};  // not gone over to yet
        unsigned framesPerSecond = 0;
        bool stop = false;
    };

    LanClaims(LanSocket packets, ClaimRoutes routes, Descriptor events, Descriptor wake, Descriptor went);

    void claim();
    bool goOver(AddressClaims::Time now);
    void takeGiven(AddressClaims::Time now);
    void look(AddressClaims::Time now);
    void wait();
    void hear(int interface, std::span<const std::uint8_t> frame, AddressClaims::Time now);

    ClaimingMeans means_;
    Descriptor events_;  // of rtnetlink: an interface or address has changed
    Descriptor wake_;    // wanted_ has changed
    Descriptor went_;    // it is gone over to
    Guarded<Wanted> wanted_;
    bool listening_ = false;
    std::vector<std::unique_ptr<ClaimedLink>> links_;
};

}  // namespace apiary::agent
