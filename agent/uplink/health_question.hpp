#pragma once

#include "common/result.hpp"
#include "common/rpc/credentials.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace apiary::agent {

/// What a collector says of itself.
struct CollectorHealth {
    bool takesRecords = false;                                   // false: it has no database now
    std::optional<std::chrono::system_clock::time_point> clock;  // its own, when it answered
};

/// Asks the collector how it is, over a connection of its own and the agent's certificate: by the health protocol of
/// gRPC and not by a hello, which would take the place of the agent's own stream. Blocks for `patience` at most. An
/// Error says what stands in the way: our certificate is refused, it is no collector, it does not answer.
Result<CollectorHealth> askHealth(const std::string& address, const TlsIdentity& identity,
                                  std::chrono::milliseconds patience);

}  // namespace apiary::agent
