#pragma once

#include "agent/coverage/traits/packet_traits.hpp"
#include "agent/hosts/host_plan.hpp"
#include "common/result.hpp"

#include <string>

namespace apiary::agent {

/// How hosts answer on the wire, in the kernel of this network namespace: a table of nftables, routes and rules of
/// routing that let replies announce a window scale, and two settings of TCP. All are brought to a plan or to nothing;
/// what does not carry our marks is never changed. Uses the programs `nft` and `ip`.
class TraitNetwork {
public:
    /// Whether apply() would be refused, asked without changing anything: by whom, and for which line of the
    /// configuration.
    static Status consider(const HostPlan& plan, const PersonaTraits& traits);

    /// Brings everything to the plan; to nothing, if no persona has traits. `traits` are of the plan's personas. After
    /// an Error nothing of ours is there.
    static Status apply(const HostPlan& plan, const PersonaTraits& traits);

    /// Has the routes of replies follow those of the main table, after these have changed. A way that the kernel does
    /// not take is left to the main table. After an Error all are.
    static Status followRoutes(const HostPlan& plan, const PersonaTraits& traits);

    /// Takes everything away that carries our marks. Good too if there is nothing.
    static Status remove();

    /// Our table as the kernel has it (without the chains of clocks and counters), our rules and routes; empty if there
    /// is nothing.
    static Result<std::string> show();

    /// What apply() would do now, as it can be typed; empty, if no persona has traits.
    static Result<std::string> preview(const HostPlan& plan, const PersonaTraits& traits);
};

}  // namespace apiary::agent
