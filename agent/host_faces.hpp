#pragma once

#include "agent/engine/host_faces.hpp"
#include "agent/engine/recent_map.hpp"
#include "agent/hosts/host_plan.hpp"
#include "agent/module_settings.hpp"
#include "common/concurrent/guarded.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace apiary::agent {

/// One service at the hosts of a plan: made for a host when somebody comes, with the host's own seed and name, and kept
/// for the `most` hosts visited last.
class ServiceFaces final : public HostFaces {
public:
    /// How many hosts' services are kept ready: some 100 kB each where a site is large.
    static constexpr std::size_t kKept = 128;

    /// `service` is one of the plan's; `module` outlives this.
    ServiceFaces(std::shared_ptr<const HostPlan> plan, const std::string& service, const Module& module,
                 ModuleSettings settings, std::uint64_t sensorSeed, std::size_t most = kKept);

    bool covers(const Endpoint& target) const override;
    bool isHost(const Endpoint& address) const override { return plan_->personaAt(address) != nullptr; }
    HostFace face(const Endpoint& target) const override;

private:
    using Kept = RecentMap<std::shared_ptr<const Prepared>>;

    const std::shared_ptr<const HostPlan> plan_;
    const HostService* const service_;  // in plan_
    const Module& module_;
    const ModuleSettings settings_;
    const std::uint64_t sensorSeed_;
    mutable Guarded<Kept> kept_;  // a cache: what is in it could be made again, and be the same
};

}  // namespace apiary::agent
