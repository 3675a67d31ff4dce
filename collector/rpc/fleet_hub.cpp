#include "collector/rpc/fleet_hub.hpp"

#include <algorithm>
#include <utility>

namespace apiary::collector {
namespace {

// True if the two say the same of what the sensor runs, whatever their figures.
bool sameState(const v1::SensorStatus& a, const v1::SensorStatus& b) {
    return a.applied_version() == b.applied_version() &&
           std::ranges::equal(a.services(), b.services(), [](const v1::ServiceStatus& x, const v1::ServiceStatus& y) {
               return x.name() == y.name() && x.desired() == y.desired() && x.actual() == y.actual() &&
                      x.reason() == y.reason() && x.listens_size() == y.listens_size();
           });
}

}  // namespace

struct FleetHub::Listening final : FleetHub::DesiredListener {
    std::int32_t sensor = 0;
    std::function<void(const v1::DesiredState&)> changed;
};

void FleetHub::sensorConnected(std::int32_t sensor, const std::string& agentVersion, Time now) {
    content_.with([&](Content& content) {
        auto& presence = content.presences[sensor];
        ++presence.streams;
        presence.lastHeard = now;
        presence.version = agentVersion;
        ++content.revision.state;
        ++content.revision.any;
    });
}

void FleetHub::reportReceived(const SensorReport& report) {
    content_.with([&](Content& content) {
        auto& presence = content.presences[report.sensorId];
        presence.lastHeard = report.arrivedAt;
        if (!presence.report || !sameState(presence.report->status, report.status)) {
            ++content.revision.state;
        }
        ++content.revision.any;
        presence.report = report;
    });
}

void FleetHub::sensorGone(std::int32_t sensor, Time now) {
    content_.with([&](Content& content) {
        auto& presence = content.presences[sensor];
        if (presence.streams > 0) {
            --presence.streams;
        }
        presence.lastHeard = now;
        ++content.revision.state;
        ++content.revision.any;
    });
}

void FleetHub::setDesired(std::int32_t sensor, const v1::DesiredState& desired) {
    const auto concerned = content_.with([&](Content& content) {
        std::vector<std::shared_ptr<Listening>> found;
        auto& known = content.desired[sensor];
        if (desired.version() <= known.version()) {
            return found;
        }
        known = desired;
        ++content.revision.state;
        ++content.revision.any;
        std::erase_if(content.listeners, [&](const auto& weak) {
            auto listening = weak.lock();
            if (listening && listening->sensor == sensor) {
                found.push_back(listening);
            }
            return listening == nullptr;
        });
        return found;
    });
    for (const auto& listening : concerned) {
        listening->changed(desired);
    }
}

std::optional<v1::DesiredState> FleetHub::desiredFor(std::int32_t sensor) const {
    return content_.with([&](const Content& content) {
        const auto found = content.desired.find(sensor);
        return found == content.desired.end() ? std::nullopt : std::optional(found->second);
    });
}

std::shared_ptr<FleetHub::DesiredListener> FleetHub::onDesired(std::int32_t sensor,
                                                               std::function<void(const v1::DesiredState&)> changed) {
    auto listening = std::make_shared<Listening>();
    listening->sensor = sensor;
    listening->changed = std::move(changed);
    content_.with([&](Content& content) {
        std::erase_if(content.listeners, [](const auto& weak) { return weak.expired(); });
        content.listeners.push_back(listening);
    });
    return listening;
}

/// Says that something has changed only if there are other troubles, or graver ones: their words go along.
void FleetHub::replace(Content& content, std::map<std::int32_t, std::vector<Trouble>> troubles) {
    const auto same = [](const Trouble& a, const Trouble& b) { return a.key == b.key && a.severity == b.severity; };
    const bool others = !std::ranges::equal(content.troubles, troubles, [&](const auto& a, const auto& b) {
        return a.first == b.first && std::ranges::equal(a.second, b.second, same);
    });
    if (others) {
        ++content.revision.state;
        ++content.revision.any;
    }
    content.troubles = std::move(troubles);
}

void FleetHub::setTroubles(const std::vector<Trouble>& troubles) {
    std::map<std::int32_t, std::vector<Trouble>> bySensor;
    for (const auto& trouble : troubles) {
        bySensor[trouble.key.sensorId].push_back(trouble);
    }
    content_.with([&](Content& content) {
        const auto own = content.troubles.find(kOfTheCollector);
        if (own != content.troubles.end()) {
            bySensor[kOfTheCollector] = own->second;
        }
        replace(content, std::move(bySensor));
    });
}

void FleetHub::setOwnTroubles(std::vector<Trouble> troubles) {
    content_.with([&](Content& content) {
        for (const auto& trouble : troubles) {
            content.owed.insert_or_assign(trouble.key, trouble);
        }
        auto all = content.troubles;
        all.erase(kOfTheCollector);
        if (!troubles.empty()) {
            all[kOfTheCollector] = std::move(troubles);
        }
        replace(content, std::move(all));
    });
}

std::vector<Trouble> FleetHub::takeOwnTroubles() {
    return content_.with([](Content& content) {
        std::vector<Trouble> troubles;
        for (auto& [key, trouble] : std::exchange(content.owed, {})) {
            troubles.push_back(std::move(trouble));
        }
        if (const auto own = content.troubles.find(kOfTheCollector); own != content.troubles.end()) {
            for (const auto& trouble : own->second) {
                content.owed.insert_or_assign(trouble.key, trouble);
            }
        }
        return troubles;
    });
}

std::map<std::int32_t, std::vector<Trouble>> FleetHub::troubles() const {
    return content_.with([](const Content& content) { return content.troubles; });
}

std::map<std::int32_t, FleetHub::Presence> FleetHub::presences() const {
    return content_.with([](const Content& content) { return content.presences; });
}

FleetHub::Revision FleetHub::revision() const {
    return content_.with([](const Content& content) { return content.revision; });
}

}  // namespace apiary::collector
