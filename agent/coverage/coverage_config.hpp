#pragma once

#include "agent/coverage/ruleset.hpp"
#include "agent/coverage/traits/packet_traits.hpp"
#include "agent/hosts/host_plan.hpp"

#include <string>
#include <vector>

namespace apiary::agent {

/// What apiary-coverage takes from agent.toml.
struct CoverageConfig {
    HostPlan plan;
    PersonaTraits traits;  // of the plan's personas
    Egress egress;
    unsigned lanRate = 0;  // frames a second that ask for owners of addresses on a link
};

/// A file as read, and everything that is wrong with it: use `config` only if `errors` is empty.
struct CoverageReading {
    CoverageConfig config;
    std::vector<std::string> errors;  // "agent.toml:12: …"
};

/// Reads the parts of the file that are about hosts, looks up the user and the collector's addresses (which may ask a
/// name server, and wait for it), and refuses ranges that hold what this machine or the collector has, or that are to
/// be claimed where they cannot be.
CoverageReading readCoverage(const std::string& path);

/// The name servers of the text of resolv.conf.
std::vector<Endpoint> resolversIn(std::string_view text);

}  // namespace apiary::agent
