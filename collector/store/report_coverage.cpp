#include "collector/store/report_coverage.hpp"

#include "collector/store/report_sql.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
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
const std::string kInRange =
    " WHERE hour_at > $1::timestamptz - interval '1 h' AND hour_at < $2::timestamptz "
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

std::chrono::microseconds coveredIn(const Hours& hours, ReportMoment from, ReportMoment to) {
    std::chrono::microseconds covered{0};
    for (auto found = hours.lower_bound(std::chrono::floor<std::chrono::hours>(from));
         found != hours.end() && found->first < to; ++found) {
        covered += coveredOf(found->first, found->second, std::max<ReportMoment>(from, found->first),
                             std::min<ReportMoment>(to, found->first + 1h));
    }
    return covered;
}

/// In thousandths; what is less than one is not nothing.
std::uint32_t shareOf(std::chrono::microseconds covered, std::chrono::microseconds length) {
    return covered <= 0us ? 0 : static_cast<std::uint32_t>(std::max<std::int64_t>(1, 1000 * covered / length));
}

bool anythingIn(const v1::SeriesReply& reply, int bucket) {
    return std::ranges::any_of(reply.series(), [&](const auto& series) { return series.sessions(bucket) > 0; });
}

/// Since when somebody may have listened, and since when it is known.
struct Known {
    ReportMoment enrolled;
    ReportMoment first;
};

std::optional<Known> readKnown(pqxx::transaction_base& transaction, const ReportScope& scope) {
    const auto row = transaction.exec_params1(kKnown, arrayText(scope.sensors));
    if (row[0].is_null()) {
        return std::nullopt;
    }
    const ReportMoment first(std::chrono::microseconds(row[0].as<std::int64_t>()));
    return Known{row[1].is_null() ? first : ReportMoment(std::chrono::microseconds(row[1].as<std::int64_t>())), first};
}

int weekHourOf(Hour hour) {
    const auto day = std::chrono::floor<std::chrono::days>(hour);
    return static_cast<int>((std::chrono::weekday(day).iso_encoding() - 1) * 24) +
           static_cast<int>((hour - day).count());
}

}  // namespace

void tellCoverage(pqxx::transaction_base& transaction, const ReportScope& scope, ReportMoment now,
                  v1::SeriesReply& reply) {
    const auto known = readKnown(transaction, scope);
    if (!known) {
        return;
    }
    const Hours hours = readHours(transaction, scope);
    const std::chrono::microseconds step(reply.step_us());
    for (int i = 0; i < reply.bucket_us_size(); ++i) {
        const ReportMoment start(std::chrono::microseconds(reply.bucket_us(i)));
        const auto from = std::max(start, scope.from);
        const auto to = std::min({start + step, scope.to, now - kUnderWay});
        const bool unsaid = from >= to || (from < known->first && to > known->enrolled) || anythingIn(reply, i);
        const std::uint32_t covered = from < to ? shareOf(coveredIn(hours, from, to), to - from) : 0;
        reply.add_covered(unsaid ? std::max(covered, 1U) : covered);
    }
}

void tellCoverage(pqxx::transaction_base& transaction, const ReportScope& scope, ReportMoment now,
                  v1::ActivityReply& reply) {
    const auto known = readKnown(transaction, scope);
    if (!known) {
        return;
    }
    const Hours hours = readHours(transaction, scope);
    struct Listening {
        std::chrono::microseconds covered{0};
        std::chrono::microseconds length{0};
        bool unsaid = false;
    };
    std::array<Listening, 7 * 24> week;
    const auto begin = std::max(scope.from, std::min(known->enrolled, known->first));
    const auto end = std::min(scope.to, now - kUnderWay);
    const auto last = std::min<ReportMoment>(scope.to, end + week.size() * 1h);  // what comes after comes again
    for (auto hour = std::chrono::floor<std::chrono::hours>(begin); hour < last; hour += 1h) {
        Listening& of = week.at(static_cast<std::size_t>(weekHourOf(hour)));
        const auto from = std::max<ReportMoment>(begin, hour);
        const auto to = std::min<ReportMoment>(end, hour + 1h);
        if (from < known->first || from >= to) {
            of.unsaid = true;
        } else {
            of.covered += coveredIn(hours, from, to);
            of.length += to - from;
        }
    }
    for (std::size_t i = 0; i < week.size(); ++i) {
        const Listening& of = week[i];
        const bool unsaid = (of.unsaid && of.length == 0us) || reply.sessions(static_cast<int>(i)) > 0;
        const std::uint32_t covered = shareOf(of.covered, of.length);
        reply.add_covered(unsaid ? std::max(covered, 1U) : covered);
    }
}

}  // namespace apiary::collector
