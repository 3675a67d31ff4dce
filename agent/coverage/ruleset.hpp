#pragma once

#include "agent/hosts/host_plan.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// What tells our table from anybody else's of that name.
inline constexpr std::string_view kTable = "apiary_coverage";
inline constexpr std::string_view kTableComment = "made by apiary-coverage; it goes with: apiary-coverage remove";
inline constexpr std::string_view kRefusedCounter = "egress_refused";
inline constexpr std::string_view kForgottenCounter = "replies_forgotten";  // to more than it can remember

/// Whom the user of the agent may connect to.
struct Egress {
    std::uint32_t user = 0;
    std::vector<Endpoint> collector;  // its addresses with the port
    std::vector<Endpoint> resolvers;  // asked for the collector's address, on port 53
};

/// One transaction of `nft -f`: our table of the kernel, whatever it was, becomes the one of this plan. The table
/// steers what comes for hosts to the loopback ports of their services, does with other ports what personas say, and
/// holds the agent's user to the collector and to replies; what it tries beyond that is counted by kRefusedCounter,
/// but for replies of UDP while more ask than 262,144 within a minute: kForgottenCounter.
///
/// `synAckRetries` is what SynAckRetries is to find again, if there is something.
std::string ruleset(const HostPlan& plan, const Egress& egress, std::optional<unsigned> synAckRetries = std::nullopt);

/// Whose rules are in a chain of that table: the number of a persona, or nothing.
std::optional<std::size_t> personaOfChain(std::string_view chain);

/// The networks of one family that become local routes, in the order of their addresses: those that are routed here.
std::vector<std::string> localNetworks(const HostPlan& plan, bool v4);

}  // namespace apiary::agent
