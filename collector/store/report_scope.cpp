#include "collector/store/report_scope.hpp"

#include "common/net/address.hpp"
#include "common/text/stamp.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 3> kTraffic{"attack", "known-scanner", "self-test"};
constexpr std::uint64_t kLatest = 4'102'444'800'000'000;  // the year 2100: beyond it nobody means what they say
constexpr int kMostValues = 1000;
constexpr std::int64_t kMostBuckets = 10'000;
constexpr std::int64_t kReadableBuckets = 300;
constexpr std::array<std::chrono::minutes, 5> kReadableSteps{5min, 10min, 15min, 20min, 30min};

bool protocolName(std::string_view name) {
    return !name.empty() && name.size() <= 32 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    });
}

Result<std::string> sourceText(const std::string& bytes) {
    if (bytes.empty()) {
        return std::string();
    }
    Endpoint endpoint;
    if (bytes.size() == 4) {
        endpoint = Endpoint::of({}, 0);
    } else if (bytes.size() != endpoint.address.size()) {
        return Error{"a source has 4 or 16 bytes"};
    }
    std::ranges::copy(bytes, endpoint.address.end() - static_cast<std::ptrdiff_t>(bytes.size()));
    return addressText(endpoint);
}

ReportMoment momentOf(std::uint64_t micros) {
    return ReportMoment(std::chrono::microseconds(static_cast<std::int64_t>(micros)));
}

ReportMoment nextBucket(ReportMoment at, std::chrono::seconds width) {
    const auto start = bucketOf(at, width);
    return start == at ? at : start + width;
}

}  // namespace

Result<ReportScope> parseFilter(const v1::Scope& scope) {
    if (scope.sensor_ids_size() > kMostValues || scope.protocols_size() > kMostValues ||
        scope.traffic_size() > kMostValues) {
        return Error{"a scope names at most 1,000 sensors, protocols or kinds of traffic: name none for all"};
    }
    ReportScope parsed;
    parsed.sensors.assign(scope.sensor_ids().begin(), scope.sensor_ids().end());
    for (const auto& protocol : scope.protocols()) {
        if (!protocolName(protocol)) {
            return Error{"a protocol's name has 1 to 32 lower-case letters, digits, dots, hyphens or underscores"};
        }
        parsed.protocols.push_back(protocol);
    }
    for (const auto& traffic : scope.traffic()) {
        if (std::ranges::find(kTraffic, traffic) == kTraffic.end()) {
            return Error{"traffic is attack, known-scanner or self-test"};
        }
        parsed.traffic.push_back(traffic);
    }
    if (parsed.traffic.empty()) {
        parsed.traffic.emplace_back(kTraffic.front());
    }
    auto source = sourceText(scope.source());
    if (!source) {
        return Error{source.error()};
    }
    parsed.source = *std::move(source);
    return parsed;
}

Result<ReportScope> parseScope(const v1::Scope& scope) {
    if (scope.to_us() < scope.from_us() || scope.to_us() > kLatest || scope.to_us() == 0) {
        return Error{"a range goes from a time to one that is not before it, in microseconds since 1970"};
    }
    auto parsed = parseFilter(scope);
    if (parsed) {
        parsed->from = momentOf(scope.from_us());
        parsed->to = momentOf(scope.to_us());
    }
    return parsed;
}

ReportMoment bucketOf(ReportMoment at, std::chrono::seconds width) {
    const auto since = at.time_since_epoch();
    return ReportMoment(since - since % width);
}

RangeCut cutRange(const ReportScope& scope, std::chrono::seconds bucket) {
    const RangeCut cut{scope.from < scope.keptFrom ? bucketOf(scope.from, bucket) : nextBucket(scope.from, bucket),
                       scope.to < scope.keptFrom ? nextBucket(scope.to, bucket) : bucketOf(scope.to, bucket)};
    return cut.wholeFrom < cut.wholeTo ? cut : RangeCut{scope.to, scope.to};
}

RangeCut rowsOnly(const ReportScope& scope) {
    if (scope.from < scope.keptFrom && scope.from < scope.to) {
        throw RowsGone(scope.keptFrom);
    }
    return {scope.to, scope.to};
}

RowsGone::RowsGone(ReportMoment keptFrom)
    : std::runtime_error("the rows of days before " + isoStamp(keptFrom).substr(0, 10) +
                         " are gone: ask from that day on, or for what their rollups know, which is every source") {}

Result<std::chrono::seconds> chooseStep(const ReportScope& scope, std::uint64_t askedMicros) {
    const std::chrono::microseconds length = scope.to - scope.from;
    if (askedMicros == 0) {
        const auto least = length / kReadableBuckets;
        const auto step = std::ranges::find_if(kReadableSteps, [&](auto readable) { return readable >= least; });
        return step != kReadableSteps.end() ? std::chrono::seconds(*step)
                                            : std::chrono::seconds(std::chrono::ceil<std::chrono::hours>(least));
    }
    const std::chrono::microseconds smallest = 5min;
    if (askedMicros % static_cast<std::uint64_t>(smallest.count()) != 0 || askedMicros > kLatest) {
        return Error{"the width of a bucket is a multiple of 5 minutes: 300,000,000 microseconds"};
    }
    const std::chrono::microseconds asked(static_cast<std::int64_t>(askedMicros));
    if (length / asked >= kMostBuckets) {
        return Error{"more than 10,000 buckets would come back: choose wider ones, or a shorter range"};
    }
    return std::chrono::duration_cast<std::chrono::seconds>(asked);
}

Uuid firstIdFrom(ReportMoment at) {
    const auto millis =
        static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(at).time_since_epoch().count());
    Uuid first;
    for (std::size_t i = 0; i < 6; ++i) {
        first.bytes[i] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
    }
    return first;
}

}  // namespace apiary::collector
