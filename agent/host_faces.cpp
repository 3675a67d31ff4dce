#include "agent/host_faces.hpp"

#include "common/net/address.hpp"

#include <cassert>
#include <stdexcept>
#include <utility>

namespace apiary::agent {

ServiceFaces::ServiceFaces(std::shared_ptr<const HostPlan> plan, const std::string& service, const Module& module,
                           ModuleSettings settings, std::uint64_t sensorSeed, std::size_t most)
    : plan_(std::move(plan)),
      service_(plan_->service(service)),
      module_(module),
      settings_(std::move(settings)),
      sensorSeed_(sensorSeed),
      kept_(Kept(most)) {
    assert(service_ != nullptr);
}

bool ServiceFaces::covers(const Endpoint& target) const {
    return plan_->serviceAt(target, service_->kind) == service_;
}

HostFace ServiceFaces::face(const Endpoint& target) const {
    const Persona* persona = plan_->personaAt(target);
    assert(persona != nullptr);
    HostFace face{persona->name, nullptr};
    face.prepared = kept_.with(
        [&](Kept& kept) { return kept.find(target.address) == nullptr ? nullptr : kept.touch(target.address); });
    if (!face.prepared) {  // outside of the lock: two threads may make the same, of which one is kept
        const std::uint64_t seed = hostSeed(sensorSeed_, *persona, target);
        auto made =
            prepare(module_, withHostName(settings_.values, hostName(*persona, seed)), seed, settings_.readings);
        if (!made) {
            throw std::runtime_error("no " + std::string(module_.name) + " for " + addressText(target) + ": " +
                                     made.error());
        }
        face.prepared = *std::move(made);
        kept_.with([&](Kept& kept) { kept.touch(target.address) = face.prepared; });
    }
    return face;
}

}  // namespace apiary::agent
