#pragma once

namespace apiary::agent {

/// The number of the routing protocol that our routes and rules carry (`ip route show table all proto 97`): unassigned,
/// and what nobody else may have in this network namespace.
inline constexpr int kRouteProtocol = 97;

}  // namespace apiary::agent
