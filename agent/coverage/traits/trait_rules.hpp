#pragma once

#include "agent/coverage/traits/packet_traits.hpp"
#include "agent/hosts/host_plan.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// What tells the table of traits from anybody else's of that name.
inline constexpr std::string_view kTraitTable = "apiary_traits";
inline constexpr std::string_view kTraitComment = "made by apiary-coverage: how hosts answer on the wire";

/// How many clocks and counters there are, of which each address has one. What two addresses share that have the same
/// is a chance of one in so many.
inline constexpr unsigned kTraitClocks = 32;
inline constexpr unsigned kTraitCounters = 256;

/// One transaction of `nft -f`: the table of traits, whatever it was, becomes the one of this plan. SYNs to hosts lose
/// the options and flags that their system does not know, segments that no honest peer sends are answered as it would,
/// and what hosts send gets its TTL, numbers and options; on a link also what passes through from or to a live owner is
/// left alone. `traits` are of the plan's personas; `seed` decides which
/// address has which clock, counter and distance; `memories` are the names of chains that KernelSetting is to find.
///
/// Timestamps run ahead of the kernel's by a multiple of 2^27 ms, and what comes back is turned back, so that the
/// kernel does not notice: nft cannot add, but map the five highest bits. The lower 27 bits are the same for all hosts.
std::string traitRules(const HostPlan& plan, const PersonaTraits& traits, std::uint32_t seed,
                       const std::vector<std::string>& memories = {});

/// Whose traits are in a chain of that table: the number of the first persona that has them, or nothing.
std::optional<std::size_t> personaOfTraitChain(const HostPlan& plan, const PersonaTraits& traits,
                                               std::string_view chain);

/// The table as nft lists it, without the chains of which there is one for each clock and counter.
std::string withoutClocksAndCounters(std::string_view table);

/// What tcp_timestamps is to be for these traits, from what it is: one of them with an uptime decides.
std::string wishedTimestamps(const PersonaTraits& traits, const std::string& is);

/// What tcp_rmem is to be, from what it is ("4096_131072_6291456"): the kernel announces no larger window scale than
/// its largest buffer needs.
std::string wishedReceiveBuffer(const PersonaTraits& traits, const std::string& is);

}  // namespace apiary::agent
