#pragma once

#include "agent/coverage/socket_message.hpp"
#include "common/net/endpoint.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// Asks apiary-coverage for `count` sockets of a service, bound to `loopback`. Waits five seconds at the longest. An
/// Error says what is to be done; sockets from anybody but root are not taken.
Result<std::vector<Descriptor>> requestSockets(const std::string& service, const Endpoint& loopback, std::size_t count,
                                               std::string_view from = kCoverageName);

/// Asks apiary-coverage how many packets its egress guard has refused. Waits a second at the longest. An Error if
/// nobody guards here, or it cannot tell.
Result<std::uint64_t> askRefused(std::string_view from = kCoverageName);

}  // namespace apiary::agent
