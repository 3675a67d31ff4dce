#include "collector/rpc/sensor_health.hpp"

#include "common/text/escape.hpp"
#include "common/text/stamp.hpp"

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using Time = SensorFacts::Time;

constexpr auto kSilent = 30s;
constexpr auto kApplies = 30s;

/// Reasons, one after the other.
class Words {
public:
    void add(const std::string& reason) { text_ += (text_.empty() ? "" : "; ") + reason; }
    const std::string& text() const { return text_; }
    bool any() const { return !text_.empty(); }

private:
    std::string text_;
};

std::string seconds(Time::duration length) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(length).count()) + " s";
}

SensorHealth offline(const SensorFacts& facts, Time now) {
    if (facts.revoked) {
        return {v1::SENSOR_HEALTH_OFFLINE, "revoked"};
    }
    if (!facts.connected) {
        return {v1::SENSOR_HEALTH_OFFLINE,
                facts.lastHeard ? "not connected since " + isoStamp(*facts.lastHeard) : "it has never connected"};
    }
    if (facts.lastHeard && now - *facts.lastHeard >= kSilent) {
        return {v1::SENSOR_HEALTH_OFFLINE, "silent for " + seconds(now - *facts.lastHeard)};
    }
    return {};
}

void judgeService(const v1::ServiceStatus& service, Words& wrong, Words& under) {
    const std::string name = escapeCut(service.name(), 64);
    const std::string wanted = service.desired() ? "on" : "off";
    switch (service.actual()) {
        case v1::ACTUAL_STATE_FAILED:
            wrong.add(name + " failed" + (service.reason().empty() ? "" : ": " + escapeCut(service.reason(), 200)));
            break;
        case v1::ACTUAL_STATE_STARTING:
            under.add(name + " is starting");
            break;
        case v1::ACTUAL_STATE_DRAINING:
            under.add(name + " is draining");
            break;
        case v1::ACTUAL_STATE_ON:
        case v1::ACTUAL_STATE_OFF:
            if (service.desired() != (service.actual() == v1::ACTUAL_STATE_ON)) {
                wrong.add(name + " is " + (service.desired() ? "off" : "on") + " and should be " + wanted);
            }
            break;
        default:
            wrong.add("the state of " + name + " is unknown");
    }
}

}  // namespace

SensorHealth healthOf(const SensorFacts& facts, Time now) {
    if (auto away = offline(facts, now); away.state == v1::SENSOR_HEALTH_OFFLINE) {
        return away;
    }
    if (!facts.reported) {
        return {v1::SENSOR_HEALTH_UNKNOWN, "it has not reported yet"};
    }
    Words wrong;
    Words under;
    const bool awaited = facts.status.applied_version() < facts.desiredVersion;
    const auto waited = facts.desiredAt ? now - *facts.desiredAt : Time::duration::zero();
    if (awaited && waited < kApplies) {
        // Until the wish has arrived, a service that differs from it is no fault.
        return {v1::SENSOR_HEALTH_APPLYING, "version " + std::to_string(facts.desiredVersion) + " is on its way"};
    }
    if (awaited) {
        wrong.add("version " + std::to_string(facts.desiredVersion) + " is wished for since " + seconds(waited) +
                  ", it runs version " + std::to_string(facts.status.applied_version()));
    }
    for (const auto& service : facts.status.services()) {
        judgeService(service, wrong, under);
    }
    for (const auto& trouble : facts.troubles) {
        if (trouble.severity > Severity::Remark) {
            wrong.add((trouble.key.service.empty() ? "" : trouble.key.service + ": ") + trouble.brief);
        }
    }
    if (wrong.any()) {
        return {v1::SENSOR_HEALTH_DEGRADED, wrong.text()};
    }
    return under.any() ? SensorHealth{v1::SENSOR_HEALTH_APPLYING, under.text()}
                       : SensorHealth{v1::SENSOR_HEALTH_HEALTHY, ""};
}

}  // namespace apiary::collector
