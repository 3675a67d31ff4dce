#pragma once

#include "agent/coverage/route_protocol.hpp"
#include "agent/coverage/ruleset.hpp"
#include "common/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace apiary::agent {

/// Local routes to be made and to be taken away, as `ip -batch` takes them.
struct RouteChange {
    std::string additions;
    std::string removals;
};

/// What is ours in the kernel's rules and routes of this network namespace, brought to a plan or to nothing; while
/// there is a plan, SynAckRetries is lowered. What does not carry our marks is never changed. Uses the programs `nft`
/// and `ip`.
class CoverageNetwork {
public:
    /// Brings table and routes to the plan. The table comes first, in one transaction; then routes that are missing;
    /// then those of a leftover go. After an Error nothing of ours is there.
    static Status apply(const HostPlan& plan, const Egress& egress);

    /// Takes everything away that carries our marks: routes first. Good too if there is nothing.
    static Status remove();

    /// Our table as the kernel has it and our routes; empty if there is nothing.
    static Result<std::string> show();

    /// Whether apply() would be refused, asked without changing anything: by whom, and for which line of the
    /// configuration.
    static Status consider(const HostPlan& plan, const Egress& egress);

    /// The table that apply() would make now.
    static Result<std::string> rules(const HostPlan& plan, const Egress& egress);

    /// Packets that the egress guard of our table has refused since it was made. An Error without a table.
    static Result<std::uint64_t> refused();

    /// What apply() would do to routes now.
    static Result<RouteChange> routeChange(const HostPlan& plan);
};

}  // namespace apiary::agent
