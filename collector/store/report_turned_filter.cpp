#include "collector/store/report_turned_filter.hpp"

#include "collector/store/column_values.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace apiary::collector {
namespace {

constexpr std::size_t kMostValues = 1000;

const std::string kKnownIn =
    " WHERE bucket_at >= date_bin('1 hour', $1::timestamptz, '1970-01-01 00:00+00') AND bucket_at < "
    "$2::timestamptz AND traffic = ANY ($3::text[])";
const std::string kKnownProtocols = "SELECT DISTINCT protocol FROM apiary.rollup_hour_protocol" + kKnownIn;
const std::string kKnownPorts = "SELECT DISTINCT target_port FROM apiary.rollup_hour_port" + kKnownIn;
const std::string kKnownCountries = "SELECT DISTINCT country FROM apiary.rollup_hour_country" + kKnownIn;
const std::string kKnownSensors = "SELECT DISTINCT sensor_id FROM apiary.rollup_hour_sensor" + kKnownIn;

template <typename Value>
std::vector<Value> valuesIn(pqxx::transaction_base& transaction, const std::string& statement,
                            const ReportScope& scope) {
    std::vector<Value> values;
    for (const auto& row :
         transaction.exec_params(statement, momentText(scope.from), momentText(scope.to), arrayText(scope.traffic))) {
        values.push_back(row[0].as<Value>());
    }
    return values;
}

/// False if nothing is left.
template <typename Value, typename Known>
bool turn(std::vector<Value>& wanted, std::vector<Value>& leftOut, Known known) {
    if (leftOut.empty()) {
        return true;
    }
    std::vector<Value> left = wanted.empty() ? known() : wanted;
    std::erase_if(left, [&](const Value& value) { return std::ranges::find(leftOut, value) != leftOut.end(); });
    if (left.size() <= kMostValues) {
        leftOut.clear();
        wanted = std::move(left);
        return !wanted.empty();
    }
    return true;
}

bool turn(std::optional<bool>& wanted, std::optional<bool>& leftOut) {
    if (!leftOut) {
        return true;
    }
    const bool left = !*std::exchange(leftOut, std::nullopt);
    return *(wanted = wanted.value_or(left)) == left;
}

}  // namespace

std::optional<SessionFilter> turnedRound(pqxx::transaction_base& transaction, const ReportScope& scope,
                                         SessionFilter filter) {
    SessionConditions& out = filter.without;
    const auto known = [&]<typename Value>(const std::string& statement, Value) {
        return [&transaction, &scope, &statement] { return valuesIn<Value>(transaction, statement, scope); };
    };
    const bool left = turn(filter.protocols, out.protocols, known(kKnownProtocols, std::string())) &&
                      turn(filter.ports, out.ports, known(kKnownPorts, std::int32_t())) &&
                      turn(filter.countries, out.countries, known(kKnownCountries, std::string())) &&
                      turn(filter.sensors, out.sensors, known(kKnownSensors, std::int32_t())) &&
                      turn(filter.outcomes, out.outcomes,
                           [&] {
                               std::vector<std::string> outcomes;
                               for (const auto& row : transaction.exec("SELECT outcome FROM apiary.outcome")) {
                                   outcomes.push_back(textOf(row[0]));
                               }
                               return outcomes;
                           }) &&
                      turn(filter.transports, out.transports,
                           [] {
                               return std::vector<std::string>{"tcp", "udp"};
                           }) &&
                      turn(filter.weekHours, out.weekHours,
                           [] {
                               std::vector<std::int32_t> hours(7 * 24);
                               std::ranges::generate(hours, [hour = 0]() mutable { return hour++; });
                               return hours;
                           }) &&
                      turn(filter.loginAccepted, out.loginAccepted) && turn(filter.loginTried, out.loginTried);
    return left ? std::optional(std::move(filter)) : std::nullopt;
}

}  // namespace apiary::collector
