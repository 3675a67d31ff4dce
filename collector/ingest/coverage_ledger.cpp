#include "collector/ingest/coverage_ledger.hpp"

#include "collector/ingest/record_values.hpp"
#include "collector/ingest/text_values.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

constexpr auto kWrongClock = 24h;  // sessions of such a sensor are put aside, too
constexpr std::size_t kMostFailed = 10'000;
constexpr int kMinutes = 60;

/// A status does not say it, but the names of protocols do: those of datagrams end so.
std::string transportOf(std::string_view protocol) {
    return protocol.ends_with("-udp") ? "udp" : "tcp";
}

/// Of a visit that failed at the last step, the answer was recorded: it has not come here yet.
bool answered(const v1::SelfTest& test) {
    return test.passed() || test.step() == "acknowledge";
}

std::optional<CoverageLedger::Time> visitedAt(const v1::ServiceStatus& service, CoverageLedger::Time now) {
    if (!service.has_self_test()) {
        return std::nullopt;
    }
    const CoverageLedger::Time at = momentOf(service.self_test().at_us());
    return at > now || at < now - CoverageLedger::kOldestVisit ? std::nullopt : std::optional(at);
}

}  // namespace

void CoverageLedger::add(const SensorReport& report) {
    const auto offset = std::chrono::milliseconds(report.clockOffsetMs);
    if (std::chrono::abs(offset) > kWrongClock) {
        seen_.erase(report.sensorId);
        return;
    }
    const Time now = report.arrivedAt + offset;
    const auto before = seen_.find(report.sensorId);
    const bool later = before != seen_.end() && report.arrivedAt >= before->second.at;
    if (later && report.arrivedAt - before->second.at < kApart) {
        return;
    }
    const bool goesOn = later && report.arrivedAt - before->second.at <= kTogether;
    Seen seen{.at = report.arrivedAt, .told = now, .on = {}};
    for (const auto& service : report.status.services()) {
        if (service.actual() != v1::ACTUAL_STATE_ON || !isProtocolName(service.protocol())) {
            continue;
        }
        const auto visit = visitedAt(service, now);
        if (service.has_self_test() && !answered(service.self_test())) {
            if (visit) {
                noteFailure(report, service, *visit);
            }
            continue;
        }
        for (const auto& listen : service.listens()) {
            const auto target = endpointOf(listen);
            if (!target) {
                continue;
            }
            const Place place{*target, transportOf(service.protocol()), service.protocol()};
            const auto listened = goesOn ? before->second.on.find(place) : Seen::Places::iterator();
            if (goesOn && listened != before->second.on.end()) {
                mark(report.sensorId, place, std::min(now, before->second.told), now, report.arrivedAt);
            } else if (visit) {
                mark(report.sensorId, place, *visit, now, report.arrivedAt);
            }
            seen.on.insert(place);
        }
    }
    seen_.insert_or_assign(report.sensorId, std::move(seen));
    forgetFailures(report);
}

void CoverageLedger::gone(std::int32_t sensor) {
    seen_.erase(sensor);
}

CoverageNews CoverageLedger::take() {
    CoverageNews news{.rows = {}, .failed = std::exchange(failed_, {})};
    failedOf_.clear();
    for (auto& [key, minutes] : hours_) {
        if (minutes.fresh != 0) {
            news.rows.push_back({.hour = key.hour,
                                 .sensorId = key.sensorId,
                                 .target = key.place.target,
                                 .transport = key.place.transport,
                                 .protocol = key.place.protocol,
                                 .minutes = minutes.fresh});
            minutes.taken |= std::exchange(minutes.fresh, 0);
        }
    }
    // Hours that are over are forgotten, or only told once more.
    if (!hours_.empty()) {
        const auto newest = hours_.rbegin()->first.hour;
        std::erase_if(hours_, [&](const auto& each) { return each.first.hour < newest - 1h; });
    }
    return news;
}

void CoverageLedger::giveBack(const CoverageNews& news) {
    for (const CoverageRow& row : news.rows) {
        hours_[{row.hour, row.sensorId, {row.target, row.transport, row.protocol}}].fresh |= row.minutes;
    }
    for (const FailedVisit& visit : news.failed) {
        keepFailure(visit);
    }
}

/// What is known of an hour of a place; nothing if the sensor has been given all that one may have.
CoverageLedger::Minutes* CoverageLedger::minutesOf(const Key& key, Time now) {
    if (const auto known = hours_.find(key); known != hours_.end()) {
        return &known->second;
    }
    Allowance& allowance = allowances_[key.sensorId];
    if (const auto hour = std::chrono::floor<std::chrono::hours>(now); allowance.hour != hour) {
        allowance = {.hour = hour};
    }
    if (allowance.rows >= kRowsAnHour) {
        return nullptr;
    }
    ++allowance.rows;
    return &hours_[key];
}

/// Each minute that [from, to] touches.
void CoverageLedger::mark(std::int32_t sensor, const Place& place, Time from, Time to, Time now) {
    for (auto hour = std::chrono::floor<std::chrono::hours>(from); hour <= to; hour += 1h) {
        Minutes* const minutes = minutesOf({hour, sensor, place}, now);
        if (minutes == nullptr) {
            continue;
        }
        const auto first = std::max(0, static_cast<int>((from - hour) / 1min));
        const auto last = std::min(kMinutes - 1, static_cast<int>((to - hour) / 1min));
        for (int minute = first; minute <= last; ++minute) {
            minutes->fresh |= (std::uint64_t{1} << static_cast<unsigned>(kMinutes - 1 - minute)) & ~minutes->taken;
        }
    }
}

/// Once for each visit, as far as is remembered.
void CoverageLedger::noteFailure(const SensorReport& report, const v1::ServiceStatus& service, Time at) {
    Time& last = failedAt_[report.sensorId][service.name()];
    if (last == at || service.listens().empty()) {
        return;
    }
    const auto target = endpointOf(service.listens(0));
    if (target && keepFailure({.sensorId = report.sensorId,
                               .service = plainText(service.name(), kName),
                               .target = *target,
                               .transport = transportOf(service.protocol()),
                               .protocol = service.protocol(),
                               .at = std::chrono::floor<std::chrono::microseconds>(at)})) {
        last = at;
    }
}

/// False if there is no room.
bool CoverageLedger::keepFailure(const FailedVisit& visit) {
    std::size_t& ofOne = failedOf_[visit.sensorId];
    if (failed_.size() >= kMostFailed || ofOne >= kFailuresOfOne) {
        return false;
    }
    ++ofOne;
    failed_.push_back(visit);
    return true;
}

/// Of services that the sensor has no more.
void CoverageLedger::forgetFailures(const SensorReport& report) {
    const auto known = failedAt_.find(report.sensorId);
    if (known == failedAt_.end()) {
        return;
    }
    std::set<std::string_view> names;
    for (const auto& service : report.status.services()) {
        names.insert(service.name());
    }
    std::erase_if(known->second, [&](const auto& each) { return !names.contains(each.first); });
}

}  // namespace apiary::collector
