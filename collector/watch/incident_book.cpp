#include "collector/watch/incident_book.hpp"

#include <algorithm>
#include <utility>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using Act = IncidentPlan::Act;

constexpr auto kHour = 1h;

/// Takes what is seen now into an incident; returns what that means for it.
Act meet(Incident& incident, const Trouble& trouble) {
    const bool again = !incident.lasting;
    incident.changed = incident.changed || again || trouble.count > incident.trouble.count;
    incident.trouble = trouble;
    if (again) {
        incident.lasting = true;
        incident.endedAt.reset();
        ++incident.times;
    }
    return again ? Act::Reopened : Act::Noted;
}

}  // namespace

void IncidentBook::load(std::vector<Incident> incidents, NoticeAllowance allowance) {
    incidents_.clear();
    for (auto& incident : incidents) {
        auto key = incident.trouble.key;
        incidents_.insert_or_assign(std::move(key), std::move(incident));
    }
    allowance_ = allowance;
}

std::optional<NoticeEvent> IncidentBook::due(const Incident& incident, Time now) const {
    if (!incident.changed) {
        return std::nullopt;
    }
    if (!incident.told) {
        return NoticeEvent::Began;
    }
    const bool first = incident.times == 1 && !incident.lasting && incident.told != NoticeEvent::Ended;
    if (!first && !hasPassed(settings_.every, incident.toldAt, now)) {
        return std::nullopt;
    }
    return incident.lasting ? NoticeEvent::Lasts : NoticeEvent::Ended;
}

/// A notice that is held back counts as told: what it would have said is old when the next hour begins.
void IncidentBook::tell(IncidentPlan::Change& change, IncidentPlan& plan, Time now) const {
    const auto event = due(change.incident, now);
    if (!event) {
        return;
    }
    change.incident.told = event;
    change.incident.toldAt = now;
    change.incident.changed = false;
    const bool ofTheCollector = change.incident.trouble.key.sensorId == kOfTheCollector;
    if (!settings_.notices || (ofTheCollector && !settings_.ofTheCollector)) {
        return;
    }
    std::uint32_t& ofOne = plan.sentOf[change.incident.trouble.key.sensorId];
    change.notice = plan.allowance.sent < settings_.mostPerHour &&
                    (ofTheCollector || ofOne < std::max(1U, settings_.mostPerHour / 4 * 3));
    ofOne += change.notice ? 1 : 0;
    ++(change.notice ? plan.allowance.sent : plan.allowance.held);
    plan.withheld += change.notice ? 0 : 1;
}

/// How many incidents there are of each sensor.
std::map<std::int32_t, std::size_t> IncidentBook::kept() const {
    std::map<std::int32_t, std::size_t> kept;
    for (const auto& [key, incident] : incidents_) {
        ++kept[key.sensorId];
    }
    return kept;
}

IncidentPlan IncidentBook::plan(std::span<const Trouble> troubles, Time now) const {
    IncidentPlan plan{
        .changes = {}, .allowance = allowance_, .sentOf = sentOf_, .heldBack = 0, .lasting = troubles.size()};
    if (hasPassed(kHour, plan.allowance.hourAt, now)) {
        plan.heldBack = std::exchange(plan.allowance, {.hourAt = now}).held;
        plan.allowance.sent = plan.heldBack > 0 ? 1 : 0;
        plan.sentOf.clear();
    }
    const auto add = [&](Act act, Incident incident) {
        IncidentPlan::Change change{.act = act, .incident = std::move(incident)};
        tell(change, plan, now);
        plan.changes.push_back(std::move(change));
    };
    std::map<TroubleKey, const Trouble*> seen;
    auto kept = this->kept();
    for (const auto& trouble : troubles) {
        seen.emplace(trouble.key, &trouble);
        if (!incidents_.contains(trouble.key) && kept[trouble.key.sensorId]++ < kMostOfOne) {
            add(Act::Opened, {.trouble = trouble});
        }
    }
    for (const auto& [key, known] : incidents_) {
        Incident incident = known;
        const auto found = seen.find(key);
        Act act = Act::Noted;
        if (found != seen.end()) {
            act = meet(incident, *found->second);
        } else if (incident.lasting) {
            act = Act::Closed;
            incident.lasting = false;
            incident.endedAt = now;
            incident.changed = true;
        } else if (!incident.changed && hasPassed(settings_.every, incident.toldAt, now)) {
            act = Act::Forgotten;
        }
        const bool growing = incident.changed != known.changed;
        if (act != Act::Noted || growing || due(incident, now)) {
            add(act, std::move(incident));
        }
    }
    return plan;
}

void IncidentBook::adopt(const IncidentPlan& plan) {
    for (const auto& change : plan.changes) {
        if (change.act == Act::Forgotten) {
            incidents_.erase(change.incident.trouble.key);
        } else {
            incidents_.insert_or_assign(change.incident.trouble.key, change.incident);
        }
    }
    allowance_ = plan.allowance;
    sentOf_ = plan.sentOf;
}

}  // namespace apiary::collector
