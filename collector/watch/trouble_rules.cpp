#include "collector/watch/trouble_rules.hpp"

#include "collector/watch/trouble_words.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <ranges>
#include <set>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using Time = Trouble::Time;

constexpr std::int32_t kClockOff = 2000;                         // ms
constexpr std::int32_t kClockRight = 1000;                       // it must be better than that to be well again
constexpr std::uint64_t kMostCounted = std::uint64_t{1} << 53U;  // a sensor may say anything
constexpr int kBounds = 32;                                      // that one sensor may have
constexpr auto kBacklog = 60s;  // what waits at the sensor longer than that is missing in the database

/// As a sensor said it: any number. What is beyond 2100 is taken for that.
Time timeOf(std::uint64_t micros) {
    constexpr std::uint64_t kLatest = 4'102'444'800'000'000;
    return Time(std::chrono::microseconds(std::min(micros, kLatest)));
}

std::string tame(const std::string& text, std::size_t longest = 64) {
    return escapeCut(text, longest);
}

/// Whether `used` is at least that much of the limit, in hundredths.
bool filled(const v1::Bound& bound, double hundredths) {
    return static_cast<double>(bound.used()) * 100 >= static_cast<double>(bound.limit()) * hundredths;
}

/// The text logs are meant to fill their room.
bool fillsByDesign(const std::string& name) {
    return name.starts_with("journal_");
}

}  // namespace

struct TroubleRules::Memory {
    CounterWatch egress{kCalmEgress};
    CounterWatch lostRecords{kCalm};
    std::map<std::string, CounterWatch> lost;  // by bound
    std::map<std::string, Time> on;            // services that run, since when they were seen to
    std::optional<Time> ahead;                 // when it was seen first that we have heard of it in the future
};

/// Collects what is wrong with one sensor at one time.
class TroubleRules::Look {
public:
    Look(const SensorView& sensor, const std::map<TroubleKey, Trouble>& before, Memory& memory, Time now)
        : sensor_(sensor), before_(before), memory_(memory), now_(now) {
        for (int i = 0; sensor.status != nullptr && i < std::min(kBounds, sensor.status->bounds_size()); ++i) {
            bounds_.try_emplace(tame(sensor.status->bounds(i).name(), 32), &sensor.status->bounds(i));
        }
    }

    void silence(Time startedAt);
    void leaveAsItWas();
    void clock();
    void bounds();
    void losses();
    void egress();
    void services(const ServiceHistories& histories);

    std::vector<Trouble> found;

private:
    struct Finding {
        TroubleKind kind;
        std::string service{};
        std::string subject{};
        Severity severity = Severity::Warning;
        Time since;
        std::uint64_t count = 0;
        std::string wrong{};
        std::string remedy{};
    };

    TroubleKey key(TroubleKind kind, const std::string& service = {}, const std::string& subject = {}) const {
        return {.sensorId = sensor_.sensorId, .kind = kind, .service = service, .subject = subject};
    }
    const Trouble* lasting(const TroubleKey& key) const {
        const auto known = before_.find(key);
        return known == before_.end() ? nullptr : &known->second;
    }
    /// A trouble that lasts is as old as when it was found first.
    void add(const Finding& finding) {
        auto what = key(finding.kind, finding.service, finding.subject);
        const auto* known = lasting(what);
        found.push_back({.key = std::move(what),
                         .sensor = sensor_.name,
                         .severity = finding.severity,
                         .since = known != nullptr ? known->since : finding.since,
                         .count = std::min(finding.count, kMostCounted),
                         .brief = finding.wrong,
                         .remedy = finding.remedy});
    }
    void keep(const TroubleKey& key) {
        if (const auto* known = lasting(key)) {
            found.push_back(*known);
        }
    }

    void bound(const std::string& name, const v1::Bound& bound);
    void selfTest(const v1::ServiceStatus& service);
    void quiet(const v1::ServiceStatus& service, const ServiceHistory* history, Time onSince);
    void oneSource(const v1::ServiceStatus& service, const ServiceHistory* history);
    bool databaseIsBehind() const;

    const SensorView& sensor_;
    const std::map<TroubleKey, Trouble>& before_;
    Memory& memory_;
    const Time now_;
    std::map<std::string, const v1::Bound*> bounds_;
};

void TroubleRules::Look::silence(Time startedAt) {
    if (!sensor_.lastHeard) {
        return;
    }
    const bool known = lasting(key(TroubleKind::SensorSilent)) != nullptr;
    // If the clock was set back meanwhile, nobody knows when that was.
    memory_.ahead = *sensor_.lastHeard > now_ ? std::optional(memory_.ahead.value_or(now_)) : std::nullopt;
    const Time since = memory_.ahead.value_or(*sensor_.lastHeard);
    const bool silent = now_ - std::max(since, startedAt) >= kSilent;
    const bool away = !sensor_.connected || now_ - since >= kSilent;
    if (silent || (known && away)) {
        add({.kind = TroubleKind::SensorSilent,
             .severity = Severity::Grave,
             .since = since,
             .wrong = "nothing is heard of it since " + stamp(since),
             .remedy = "look whether its machine and apiary-agent run and reach the collector (apiary-agent status)"});
    }
}

void TroubleRules::Look::leaveAsItWas() {
    memory_.on.clear();
    for (const auto& [what, trouble] : before_) {
        if (what.sensorId == sensor_.sensorId && what.kind != TroubleKind::SensorSilent) {
            found.push_back(trouble);
        }
    }
}

void TroubleRules::Look::clock() {
    const std::int32_t off = std::abs(sensor_.clockOffsetMs);
    if (off <= (lasting(key(TroubleKind::Clock)) != nullptr ? kClockRight : kClockOff)) {
        return;
    }
    const auto tenths = off / 100;
    add({.kind = TroubleKind::Clock,
         .since = now_,
         .wrong = "its clock is " + std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s " +
                  (sensor_.clockOffsetMs > 0 ? "ahead" : "behind"),
         .remedy = "the times of its sessions are as wrong; have it set by NTP (timedatectl set-ntp true)"});
}

void TroubleRules::Look::bounds() {
    for (const auto& [name, one] : bounds_) {
        bound(name, *one);
    }
}

void TroubleRules::Look::bound(const std::string& name, const v1::Bound& bound) {
    const auto& grown = memory_.lost.try_emplace(name, CounterWatch(kCalm)).first->second.growth();
    const auto severity = [&](Severity usual) { return fillsByDesign(name) ? Severity::Remark : usual; };
    if (grown) {
        add({.kind = TroubleKind::Limit,
             .subject = name + " lost",
             .severity = severity(Severity::Grave),
             .since = grown->since,
             .count = grown->by,
             .wrong = name + " has cost " + std::to_string(grown->by) + " since " + stamp(grown->since),
             .remedy = remedy(name)});
    }
    if (bound.limit() == 0) {
        return;
    }
    const auto judge = [&](const std::string& subject, double begins, double ends) {
        return filled(bound, lasting(key(TroubleKind::Limit, {}, subject)) != nullptr ? ends : begins);
    };
    const std::string used = name + " is " + shareText(bound.used(), bound.limit()) + " used";
    if (judge(name + " full", 100, 95)) {
        add({.kind = TroubleKind::Limit,
             .subject = name + " full",
             .severity = severity(Severity::Grave),
             .since = now_,
             .wrong = used + ", its limit is reached",
             .remedy = remedy(name)});
        return;
    }
    if (judge(name, 90.000001, 85)) {
        add({.kind = TroubleKind::Limit,
             .subject = name,
             .severity = severity(Severity::Warning),
             .since = now_,
             .wrong = used,
             .remedy = remedy(name)});
        return;
    }
    const Time full = timeOf(bound.full_at_us());
    const bool known = lasting(key(TroubleKind::Limit, {}, name + " soon")) != nullptr;
    if (bound.full_at_us() != 0 && full - now_ < kForesight + (known ? 24h : 0h)) {
        const auto days =
            std::chrono::duration_cast<std::chrono::days>(std::max(full - now_, Time::duration(0))).count();
        const std::string when =
            days < 1 ? "within a day" : "in " + std::to_string(days) + (days == 1 ? " day" : " days");
        add({.kind = TroubleKind::Limit,
             .subject = name + " soon",
             .severity = Severity::Remark,
             .since = now_,
             .wrong = name + " is full " + when + " at today's rate",
             .remedy = remedy(name)});
    }
}

void TroubleRules::Look::losses() {
    memory_.lostRecords.see(sensor_.status->lost_records(), now_);
    std::erase_if(memory_.lost, [&](const auto& entry) { return !bounds_.contains(entry.first); });
    for (const auto& [name, one] : bounds_) {
        memory_.lost.try_emplace(name, CounterWatch(kCalm)).first->second.see(one->lost(), now_);
    }
    if (const auto& grown = memory_.lostRecords.growth()) {
        add({.kind = TroubleKind::Limit,
             .subject = "records lost",
             .severity = Severity::Grave,
             .since = grown->since,
             .count = grown->by,
             .wrong = std::to_string(grown->by) + " records were lost since " + stamp(grown->since),
             .remedy = "table gap says which; " + remedy("spool_bytes")});
    }
}

void TroubleRules::Look::egress() {
    memory_.egress.see(sensor_.status->egress_refused(), now_);
    if (const auto& grown = memory_.egress.growth()) {
        add({.kind = TroubleKind::Egress,
             .severity = Severity::Critical,
             .since = grown->since,
             .count = grown->by,
             .wrong = std::to_string(grown->by) + " outgoing connections were refused since " + stamp(grown->since),
             .remedy = "a decoy must not call anybody; find out who did (journalctl -k), and treat the machine as "
                       "suspect until then"});
    }
}

/// Whether sessions that have happened may be missing in the database.
bool TroubleRules::Look::databaseIsBehind() const {
    const auto& status = *sensor_.status;
    return status.spool_records() > 0 && status.spool_oldest_us() != 0 &&
           now_ - timeOf(status.spool_oldest_us()) > kBacklog;
}

void TroubleRules::Look::services(const ServiceHistories& histories) {
    std::set<std::string> running;
    for (const auto& service : sensor_.status->services()) {
        if (!service.desired() || service.actual() != v1::ACTUAL_STATE_ON) {
            continue;
        }
        running.insert(service.name());
        const Time onSince = memory_.on.try_emplace(service.name(), now_).first->second;
        const auto known = histories.find({sensor_.sensorId, service.name()});
        const auto* history = known == histories.end() ? nullptr : &known->second;
        selfTest(service);
        quiet(service, history, onSince);
        oneSource(service, history);
    }
    std::erase_if(memory_.on, [&](const auto& entry) { return !running.contains(entry.first); });
}

void TroubleRules::Look::selfTest(const v1::ServiceStatus& service) {
    if (!service.has_self_test() || service.self_test().passed()) {
        return;
    }
    const auto& test = service.self_test();
    add({.kind = TroubleKind::SelfTest,
         .service = tame(service.name()),
         .severity = Severity::Grave,
         .since = timeOf(test.at_us()),
         .wrong = "its own visit failed at the step '" + tame(test.step(), 32) + "', " + tame(test.reason(), 200),
         .remedy = "attackers are not served or not recorded; look into the agent's log, restart the service"});
}

void TroubleRules::Look::quiet(const v1::ServiceStatus& service, const ServiceHistory* history, Time onSince) {
    const auto what = key(TroubleKind::ServiceSilent, tame(service.name()));
    std::optional<Time> last = history != nullptr ? history->lastSession : std::nullopt;
    if (service.last_session_us() != 0) {
        last = std::max(last.value_or(Time()), timeOf(service.last_session_us()));
    }
    if (const auto* known = lasting(what)) {
        if (!last || *last <= known->since) {
            found.push_back(*known);
        }
        return;
    }
    const bool blind = service.last_session_us() == 0 && databaseIsBehind();
    if (history == nullptr || !last || blind || history->gaps < kLeastGaps) {
        return;
    }
    const auto expected = std::max<std::chrono::microseconds>(history->longGap, kLeastQuiet);
    if (now_ - std::max(*last, onSince) <= expected) {
        return;
    }
    add({.kind = TroubleKind::ServiceSilent,
         .service = what.service,
         .since = *last,
         .wrong = "no session since " + stamp(*last) + ", and 999 of 1000 of its last " +
                  std::to_string(history->gaps) + " gaps were no longer than " + lengthText(expected),
         .remedy = "visit it from outside; look at firewall, port forwarding and address"});
}

void TroubleRules::Look::oneSource(const v1::ServiceStatus& service, const ServiceHistory* history) {
    const auto what = key(TroubleKind::OneSource, tame(service.name()));
    if (history == nullptr) {
        keep(what);
        return;
    }
    const std::uint64_t share = lasting(what) != nullptr ? 90 : 95;
    if (!history->oneIsNear || history->recent < kLeastSources || history->fromOne * 100 <= history->recent * share) {
        return;
    }
    add({.kind = TroubleKind::OneSource,
         .service = what.service,
         .since = now_,
         .wrong = std::to_string(history->fromOne) + " of its last " + std::to_string(history->recent) +
                  " sessions come from " + tame(history->one) + ", an address next to it",
         .remedy = "something between hides who calls; forward without masquerading, or have the proxy send the PROXY "
                   "protocol and name it in agent.toml"});
}

TroubleRules::TroubleRules(Time startedAt) : startedAt_(startedAt), lookedAt_(startedAt) {}

TroubleRules::~TroubleRules() = default;

void TroubleRules::resume(std::span<const Trouble> lasting) {
    for (const auto& trouble : lasting) {
        lasting_.try_emplace(trouble.key, trouble);
    }
}

/// What was seen at times that are in the future now begins now.
void TroubleRules::clockWasSetBack(Time now) {
    startedAt_ = std::min(startedAt_, now);
    for (const auto& [sensor, memory] : memories_) {
        if (memory->ahead) {
            memory->ahead = std::min(*memory->ahead, now);
        }
        for (auto& [service, since] : memory->on) {
            since = std::min(since, now);
        }
    }
}

std::vector<Trouble> TroubleRules::judge(std::span<const SensorView> sensors, const ServiceHistories& histories,
                                         Time now) {
    std::vector<Trouble> all;
    if (now < lookedAt_) {
        clockWasSetBack(now);
    }
    lookedAt_ = now;
    for (const auto& sensor : sensors) {
        if (sensor.revoked) {
            memories_.erase(sensor.sensorId);
            continue;
        }
        auto& memory = memories_.try_emplace(sensor.sensorId, nullptr).first->second;
        if (!memory) {
            memory = std::make_unique<Memory>();
        }
        Look look(sensor, lasting_, *memory, now);
        look.silence(startedAt_);
        const bool away = !sensor.connected || !sensor.lastHeard || now - *sensor.lastHeard >= kSilent;
        if (away || sensor.status == nullptr) {
            look.leaveAsItWas();
        } else {
            look.clock();
            look.losses();
            look.bounds();
            look.egress();
            look.services(histories);
        }
        std::ranges::move(look.found, std::back_inserter(all));
    }
    lasting_.clear();
    for (auto& trouble : all) {
        auto key = trouble.key;
        lasting_.emplace(std::move(key), std::move(trouble));  // the first, if a sensor names a service twice
    }
    std::vector<Trouble> wrong;
    std::ranges::copy(lasting_ | std::views::values, std::back_inserter(wrong));
    return wrong;
}

}  // namespace apiary::collector
