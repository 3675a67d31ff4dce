#pragma once

#include "collector/rpc/revoked_operators.hpp"
#include "collector/rpc/ticker.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace grpc {
class Service;
}

namespace apiary::collector {

/// Whether a service can do its work now; nothing if there is none of that name. "" is the server as a whole. Called on
/// gRPC's threads and the ticker's; must not block.
using ServiceHealth = std::function<std::optional<bool>(std::string_view service)>;

/// gRPC's health checking protocol, grpc.health.v1, for whoever has a certificate of our authority that has not expired
/// and is no revoked operator's; Debian's own service would answer an expired one too. With each Check goes the
/// collector's clock, as metadata under kClockMetadata: who cannot say hello, since that would take the place of a
/// running agent's stream, learns it there. `ticker` must outlive the server.
std::unique_ptr<grpc::Service> makeHealthService(ServiceHealth health, Ticker& ticker,
                                                 std::shared_ptr<const RevokedOperators> revoked,
                                                 std::function<Ticker::Time()> clock);

}  // namespace apiary::collector
