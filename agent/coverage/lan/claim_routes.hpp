#pragma once

#include "agent/hosts/address_range.hpp"
#include "common/net/descriptor.hpp"
#include "common/result.hpp"

#include <vector>

namespace apiary::agent {

/// The number of the routing protocol of routes to claimed addresses (`ip route show table local proto 98`); those of
/// whole networks have kRouteProtocol, so that neither is taken for a leftover of the other.
inline constexpr int kClaimProtocol = 98;

/// Local routes to single addresses, by which what comes for a claimed one is this machine's: in table `local` of
/// this network namespace, by rtnetlink, as there may be 65,536 that come and go. What does not carry our mark is
/// never changed. Each call waits for the kernel's answer. Not thread-safe.
class ClaimRoutes {
public:
    using Address = AddressRange::Address;

    static Result<ClaimRoutes> open();

    /// An Error if somebody else has a local route to it, as to an address of the machine's own.
    Status add(const Address& address);

    /// Good too if there is none.
    Status remove(const Address& address);

    /// All that carry our mark, of whichever process, in order.
    Result<std::vector<Address>> list();

    /// Takes away all that carry our mark; how many there were.
    Result<std::size_t> removeAll();

private:
    explicit ClaimRoutes(Descriptor socket) : socket_(std::move(socket)) {}

    Status change(const Address& address, bool add);
    Status listOf(int family, std::vector<Address>& into);

    Descriptor socket_;
    unsigned number_ = 0;  // of the last request
};

}  // namespace apiary::agent
