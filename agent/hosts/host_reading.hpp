#pragma once

#include "agent/hosts/host_plan.hpp"
#include "agent/hosts/surroundings.hpp"
#include "common/config/toml.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace apiary::agent {

/// What one configuration may ask for.
inline constexpr std::uint64_t kMostHosts4 = std::uint64_t{1} << 20U;   // IPv4 addresses in all: a /12
inline constexpr unsigned kWidestHosts6 = 48;                           // length of an IPv6 range
inline constexpr std::uint64_t kMostOnLans4 = std::uint64_t{1} << 16U;  // of the IPv4 addresses: those on links

/// The part of agent.toml that is about hosts: `[[persona]]`, `[[hosts]]`, `[coverage]`, and of each `[[service]]` its
/// name and `ports`.
struct HostReading {
    HostPlan plan;
    std::string user;       // whose programs the egress guard holds; empty unless there are hosts
    std::string collector;  // HOST:PORT, or empty
    std::vector<std::pair<std::size_t, std::string>> lans;  // lines of `[[hosts]]`, and the interfaces they name
    unsigned lanRate = 0;  // frames a second that ask for owners of addresses on a link
};

/// Reads it. What is wrong is noted in the file, each at its line: ask finish() or errorsSoFar() of the file before
/// use.
HostReading readHosts(const TomlTable& root, const std::vector<Taken>& taken);

}  // namespace apiary::agent
