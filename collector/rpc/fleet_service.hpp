#pragma once

#include "collector/rpc/fleet_hub.hpp"
#include "collector/rpc/query_pool.hpp"
#include "collector/rpc/revoked_operators.hpp"
#include "collector/rpc/ticker.hpp"

#include <functional>
#include <memory>

namespace grpc {
class Service;
}

namespace apiary::collector {

/// The service Fleet: the state of all sensors, at once, on change and as a heartbeat, and the switch of their
/// services. All parts must outlive it. The pool's connections must be able to write. Register the result with a server
/// that demands certificates; it answers operators only, and switches for the roles operator and admin.
std::unique_ptr<grpc::Service> makeFleetService(FleetHub& hub, QueryPool& pool, Ticker& ticker,
                                                std::shared_ptr<const RevokedOperators> revoked,
                                                std::function<Ticker::Time()> clock);

}  // namespace apiary::collector
