#include "collector/store/report_coverage.hpp"

#include "collector/store/report_sql.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <string>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;
using Hour = std::chrono::sys_time<std::chrono::hours>;

constexpr auto kUnderWay = 2min;
constexpr std::uint64_t kWholeHour = (std::uint64_t{1} << 60U) - 1;

const std::string kKnown =
    "SELECT (extract(epoch FROM (SELECT min(hour_at) FROM apiary.coverage_hour_protocol)) * 1000000)::bigint, "
    "(extract(epoch FROM min(enrolled_at)) * 1000000)::bigint FROM apiary.sensor "
    "WHERE cardinality($1::int[]) = 0 OR sensor_id = ANY ($1::int[])";

// The second statement only where sensors are named: the table of all is larger by their number.
const std::string kHours = "SELECT (extract(epoch FROM hour_at) / 3600)::bigint, bit_or(minutes)::bigint FROM ";
const std::string kInRange = " WHERE hour_at > $1::timestamptz - interval '1 h' AND hour_at < $2::timestamptz "
                             "AND (cardinality($3::text[]) = 0 OR protocol = ANY ($3::text[]))";
const std::string kOfAll = kHours + "apiary.coverage_hour_protocol" + kInRange + " GROUP BY 1";
const std::string kOfSensors =
    kHours + "apiary.coverage_hour" + kInRange + " AND sensor_id = ANY ($4::int[]) GROUP BY 1";

/// In which minutes of an hour somebody listened: bit 59 is the first.
using Hours = std::map<Hour, std::uint64_t>;

Hours readHours(pqxx::transaction_base& transaction, const ReportScope& scope) {
    const auto from = momentText(scope.from);
    const auto to = momentText(scope.to);
    const auto protocols = arrayText(scope.protocols);
    const auto rows = scope.sensors.empty()
                          ? transaction.exec_params(kOfAll, from, to, protocols)
                          : transaction.exec_params(kOfSensors, from, to, protocols, arrayText(scope.sensors));
    Hours hours;
    for (const auto& row : rows) {
        hours[Hour(std::chrono::hours(row[0].as<std::int64_t>()))] = row[1].as<std::uint64_t>();
    }
    return hours;
}

/// The part of [from, to), within the hour, that its minutes cover.
std::chrono::microseconds coveredOf(Hour hour, std::uint64_t minutes, ReportMoment from, ReportMoment to) {
    if (from == hour && to == hour + 1h) {
        return std::popcount(minutes & kWholeHour) * 1min;
    }
    std::chrono::microseconds covered{0};
    for (auto minute = std::chrono::floor<std::chrono::minutes>(from); minute < to; minute += 1min) {
        if ((minutes >> static_cast<unsigned>(59 - (minute - hour) / 1min) & 1U) != 0) {
            covered += std::min<ReportMoment>(to, minute + 1min) - std::max<ReportMoment>(from, minute);
        }
    }
    return covered;
}

/// In thousandths; what is less than one is not nothing.
std::uint32_t shareOf(const Hours& hours, ReportMoment from, ReportMoment to) {
    std::chrono::microseconds covered{0};
    for (auto found = hours.lower_bound(std::chrono::floor<std::chrono::hours>(from));
         found != hours.end() && found->first < to; ++found) {
        covered += coveredOf(found->first, found->second, std::max<ReportMoment>(from, found->first),
                             std::min<ReportMoment>(to, found->first + 1h));
    }
    return covered <= 0us ? 0 : static_cast<std::uint32_t>(std::max<std::int64_t>(1, 1000 * covered / (to - from)));
}

bool anythingIn(const v1::SeriesReply& reply, int bucket) {
    return std::ranges::any_of(reply.series(), [&](const auto& series) { return series.sessions(bucket) > 0; });
}

}  // namespace

void tellCoverage(pqxx::transaction_base& transaction, const ReportScope& scope, ReportMoment now,
                  v1::SeriesReply& reply) {
    const auto known = transaction.exec_params1(kKnown, arrayText(scope.sensors));
    if (known[0].is_null()) {
        return;
    }
    const ReportMoment first(std::chrono::microseconds(known[0].as<std::int64_t>()));
    const ReportMoment enrolled =
        known[1].is_null() ? first : ReportMoment(std::chrono::microseconds(known[1].as<std::int64_t>()));
    const Hours hours = readHours(transaction, scope);
    const std::chrono::microseconds step(reply.step_us());
    for (int i = 0; i < reply.bucket_us_size(); ++i) {
        const ReportMoment start(std::chrono::microseconds(reply.bucket_us(i)));
        const auto from = std::max(start, scope.from);
        const auto to = std::min({start + step, scope.to, now - kUnderWay});
        const bool unsaid = from >= to || (from < first && to > enrolled) || anythingIn(reply, i);
        const std::uint32_t covered = from < to ? shareOf(hours, from, to) : 0;
        reply.add_covered(unsaid ? std::max(covered, 1U) : covered);
    }
}

}  // namespace apiary::collector
