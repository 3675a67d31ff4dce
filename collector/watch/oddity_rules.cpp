#include "collector/watch/oddity_rules.hpp"

#include "collector/watch/trouble_words.hpp"

#include <optional>
#include <string>
#include <utility>

namespace apiary::collector {
namespace {

/// What is said of a counter that grows.
struct Words {
    TroubleKind kind;
    const char* subject;
    Severity severity;
    const char* wrong;  // behind the number
    const char* remedy;
};

constexpr Words kAside{TroubleKind::Quarantine, "", Severity::Warning, "records of it were put aside",
                       "apiary-collector quarantine lists why; an agent newer than its collector is one reason"};
constexpr Words kDropped{TroubleKind::Quarantine, "full", Severity::Grave, "records of it were not even kept aside",
                         "its quarantine is full: look what is in it and empty it (apiary-collector quarantine)"};
constexpr Words kManifest{TroubleKind::Ledger, "manifest", Severity::Critical,
                          "pieces of its manifest contradict those before, or are not signed by it",
                          "its records were altered, or its machine was set back and some are missing: "
                          "apiary-collector verify says which"};
constexpr Words kSpool{TroubleKind::Ledger, "spool", Severity::Grave, "times its spool was lost or set back",
                       "what it had not sent by then is gone; table gap says which numbers"};

std::optional<Trouble> judgeOne(CounterWatch& watch, std::uint64_t value, const SensorView& sensor, const Words& words,
                                Trouble::Time now) {
    watch.see(value, now);
    const auto& growth = watch.growth();
    if (!growth) {
        return std::nullopt;
    }
    return Trouble{.key = {.sensorId = sensor.sensorId, .kind = words.kind, .service = {}, .subject = words.subject},
                   .sensor = sensor.name,
                   .severity = words.severity,
                   .since = growth->since,
                   .count = growth->by,
                   .brief = std::to_string(growth->by) + " " + words.wrong + " since " + stamp(growth->since),
                   .remedy = words.remedy};
}

}  // namespace

std::vector<Trouble> OddityRules::judge(std::span<const SensorView> sensors, Time now) {
    std::vector<Trouble> found;
    std::map<std::int32_t, Memory> memories;
    for (const SensorView& sensor : sensors) {
        auto& memory = memories[sensor.sensorId];
        if (const auto known = memories_.find(sensor.sensorId); known != memories_.end()) {
            memory = std::move(known->second);
        }
        if (!sensor.odd) {
            continue;
        }
        const auto look = [&](CounterWatch& watch, std::uint64_t value, const Words& words) {
            if (auto trouble = judgeOne(watch, value, sensor, words, now)) {
                found.push_back(*std::move(trouble));
            }
        };
        look(memory.quarantined, sensor.odd->quarantined, kAside);
        look(memory.dropped, sensor.odd->dropped, kDropped);
        look(memory.flawedPieces, sensor.odd->flawedPieces, kManifest);
        look(memory.lostSpools, sensor.odd->lostSpools, kSpool);
    }
    memories_ = std::move(memories);
    return found;
}

}  // namespace apiary::collector
