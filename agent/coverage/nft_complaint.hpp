#pragma once

#include "agent/hosts/host_plan.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// What nft says of rules that it, or the kernel, refuses.
struct NftComplaint {
    std::string said;   // "Could not process rule: Operation not supported"
    std::string rule;   // the line that it is about, or empty
    std::string chain;  // where that stands, or empty

    /// Of one line.
    std::string text() const;
};

/// Finds that in what nft has written to stderr about `rules`, which it read from its stdin.
NftComplaint complaintAbout(std::string_view rules, std::string_view complaint);

/// The number in the name of a chain, 7 in "persona_7" behind "persona_", or nothing.
std::optional<std::size_t> numberBehind(std::string_view name, std::string_view prefix);

/// "the persona 'camera' (line 12) cannot be had: ".
std::string cannotBeHad(const Persona& persona);

}  // namespace apiary::agent
