#include "collector/store/report_coverage.hpp"
#include "collector/store/report_leaders.hpp"
#include "collector/store/report_probes.hpp"
#include "collector/store/report_reader.hpp"
#include "collector/store/report_sources.hpp"
#include "collector/store/report_sql.hpp"
#include "collector/store/report_totals.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <stdexcept>
#include <vector>

namespace apiary::collector {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kFive = 5min;
constexpr std::chrono::seconds kHour = 1h;
constexpr std::chrono::seconds kDay = 24h;
constexpr int kHoursOfWeek = 7 * 24;

// Where a count may be taken from: a statement that reads some rollup for whole buckets and rows for the ends.
struct Plan {
    const std::string& statement;
    RangeCut cut;
};

// ---------------------------------------------------------------- series
// The chart's value of a row or of a rollup's: sessions, or credentials.
std::string seriesOf(const std::string& rollup, const std::string& value) {
    return "SELECT (extract(epoch FROM date_bin($13::interval, at, '1970-01-01 00:00+00')) * 1000000)::bigint, "
           "protocol, "
           "sum(n)::bigint FROM (" +
           rollup + fromEnds("started_at, protocol, " + value) + ") x(at, protocol, n) GROUP BY 1, 2 ORDER BY 2, 1";
}

const std::string kFromHour =
    " FROM apiary.rollup_hour_protocol WHERE" + kWholeBuckets + kProtocolFilter + kTrafficFilter + " UNION ALL ";
struct SeriesStatements {
    std::string five;
    std::string hour;
    std::string hourSensor;
    std::string rows;
};
SeriesStatements chartsOf(const std::string& column, const std::string& value) {
    const std::string charted = "SELECT bucket_at, protocol, " + column;
    return {seriesOf(charted + kFromFive, value), seriesOf(charted + kFromHour, value),
            seriesOf(charted + kFromHourSensor, value), seriesOf("", value)};
}
const SeriesStatements kSessionSeries = chartsOf("sessions", "1");
const SeriesStatements kCredentialSeries = chartsOf("credentials", "credentials");

// Day of the week from 1, Monday, and hour.
std::string activityOf(const std::string& rollup) {
    return "SELECT ((extract(isodow FROM at AT TIME ZONE 'UTC') - 1) * 24 + extract(hour FROM at AT TIME ZONE "
           "'UTC'))::int, sum(n)::bigint FROM (" +
           rollup + fromEnds("started_at, 1") + ") x(at, n) GROUP BY 1";
}
const std::string kActivityFive = activityOf("SELECT bucket_at, sessions" + kFromFive);
const std::string kActivityHourSensor = activityOf("SELECT bucket_at, sessions" + kFromHourSensor);
const std::string kActivityRows = activityOf("");

Plan planActivity(const ReportScope& scope) {
    if (!scope.everySource()) {
        return {kActivityRows, rowsOnly(scope)};
    }
    return scope.sensors.empty() ? Plan{kActivityFive, cutRange(scope, kFive)}
                                 : Plan{kActivityHourSensor, cutRange(scope, kHour)};
}

Plan planSeries(const ReportScope& scope, std::chrono::seconds step, const SeriesStatements& charts) {
    const bool hours = step % kHour == 0s;
    if (!scope.everySource() || (!scope.sensors.empty() && !hours)) {
        return {charts.rows, rowsOnly(scope)};
    }
    if (!scope.sensors.empty()) {
        return {charts.hourSensor, cutRange(scope, kHour)};
    }
    return hours ? Plan{charts.hour, cutRange(scope, kHour)} : Plan{charts.five, cutRange(scope, kFive)};
}

// ---------------------------------------------------------------- leaders
const std::string kTopSources = "SELECT host(source), n FROM s ORDER BY n DESC, source LIMIT $13::int";

// What sessions of the two ends have in another table.
std::string heldAtEnds(const std::string& column, const std::string& table, const std::string& counter) {
    const auto end = [&](const std::string& range, const std::string& sameRange) {
        return "SELECT " + column + ", 1 FROM (SELECT session_id, started_at FROM apiary.session WHERE " + counter +
               " > 0 AND" + range + kFilter + ") s JOIN apiary." + table +
               " c ON c.session_id = s.session_id AND c.started_at = s.started_at AND " + sameRange;
    };
    return end(kFirstEnd, "c.started_at >= $1::timestamptz AND c.started_at < $7::timestamptz") + " UNION ALL " +
           end(kLastEnd, "c.started_at >= $8::timestamptz AND c.started_at < $2::timestamptz");
}
const std::string kCredentialEnds = heldAtEnds("c.digest", "credential", "credentials");
std::string credentialsOf(const std::string& rollup) {
    return "SELECT (SELECT username_text || E'\\x1f' || secret_text FROM apiary.credential_seen k WHERE k.digest = "
           "t.digest "
           "LIMIT 1), t.n FROM (SELECT digest, sum(n)::bigint AS n FROM (" +
           rollup + kCredentialEnds +
           ") x(digest, n) GROUP BY digest ORDER BY n DESC, digest LIMIT $13::int) t ORDER BY t.n DESC, 1";
}
const std::string kCredentialsHour = credentialsOf("SELECT digest, uses FROM apiary.rollup_hour_credential WHERE" +
                                                   kWholeBuckets + kTrafficFilter + " UNION ALL ");
const std::string kCredentialsRows = credentialsOf("");

std::string leadersOf(const std::string& rows) {
    return "SELECT key, sum(n)::bigint AS n FROM (" + rows +
           ") x(key, n) GROUP BY key ORDER BY n DESC, key LIMIT $13::int";
}
const std::string kPortKey = "target_port || '/' || transport";
const std::string kPortsHour = leadersOf("SELECT " + kPortKey + ", sessions FROM apiary.rollup_hour_port WHERE" +
                                         kWholeBuckets + kTrafficFilter + " UNION ALL " + fromEnds(kPortKey + ", 1"));
const std::string kPortsFive =
    leadersOf(fromFacets(kPortKey + ", sessions", "rollup_hour_port", "port") + fromEnds(kPortKey + ", 1"));
const std::string kPortsRows = leadersOf(fromEnds(kPortKey + ", 1"));
const std::string kProtocolsFive = leadersOf("SELECT protocol, sessions" + kFromFive + fromEnds("protocol, 1"));
const std::string kProtocolsHourSensor =
    leadersOf("SELECT protocol, sessions" + kFromHourSensor + fromEnds("protocol, 1"));
const std::string kProtocolsRows = leadersOf(fromEnds("protocol, 1"));

// Where nothing is known of any, that is no answer.
std::string knownLeadersOf(const std::string& rows, const std::string& unknown) {
    return "SELECT key, n FROM (SELECT key, sum(n)::bigint AS n, count(*) OVER () AS keys FROM (" + rows +
           ") x(key, n) GROUP BY key) y WHERE keys > 1 OR key <> " + unknown + " ORDER BY n DESC, key LIMIT $13::int";
}
const std::string kCountryKey = "coalesce(country, '\?\?')";
const std::string kCountriesHour =
    knownLeadersOf("SELECT country, sessions FROM apiary.rollup_hour_country WHERE" + kWholeBuckets + kTrafficFilter +
                       " UNION ALL " + fromEnds(kCountryKey + ", 1"),
                   "'\?\?'");
const std::string kCountriesFive = knownLeadersOf(
    fromFacets("country, sessions", "rollup_hour_country", "country") + fromEnds(kCountryKey + ", 1"), "'\?\?'");
const std::string kCountriesRows = knownLeadersOf(fromEnds(kCountryKey + ", 1"), "'\?\?'");
const std::string kNetworksRows =
    "SELECT 'AS' || key, n, (SELECT name FROM apiary.network_name a WHERE a.asn = key) FROM (" +
    knownLeadersOf(fromEnds("coalesce(asn, 0), 1"), "0") + ") t ORDER BY n DESC, key";

const std::string kCommandEnds = heldAtEnds("c.normalized", "command", "commands");
const std::string kCommandsHour = leadersOf("SELECT normalized, uses FROM apiary.rollup_hour_command WHERE" +
                                            kWholeBuckets + kTrafficFilter + " UNION ALL " + kCommandEnds);
const std::string kCommandsRows = leadersOf(kCommandEnds);
const std::string kArtifactsRows =
    "SELECT encode(key, 'hex'), n FROM (" +
    leadersOf("SELECT sha256, n FROM (" + heldAtEnds("c.sha256", "artifact_sighting", "artifacts") +
              ") a(sha256, n) WHERE sha256 IS NOT NULL") +
    ") t ORDER BY n DESC, key";

std::string sensorsOf(const std::string& rows) {
    return "SELECT coalesce(n.name, x.sensor_id::text), x.n FROM (SELECT sensor_id, sum(n)::bigint AS n FROM (" + rows +
           ") y(sensor_id, n) GROUP BY sensor_id) x LEFT JOIN apiary.sensor n USING (sensor_id) ORDER BY x.n DESC, 1 "
           "LIMIT "
           "$13::int";
}
const std::string kSensorsHour = sensorsOf("SELECT sensor_id, sessions" + kFromHourSensor + fromEnds("sensor_id, 1"));
const std::string kSensorsFive = sensorsOf(
    fromFacets("sensor_id, sessions", "rollup_hour_sensor", "sensor", "value::int") + fromEnds("sensor_id, 1"));
const std::string kSensorsRows = sensorsOf(fromEnds("sensor_id, 1"));

Plan planTop(pqxx::transaction_base& transaction, const ReportScope& scope, v1::TopField field, std::string& sources) {
    const bool all = scope.everySource();
    const bool every = scope.unfiltered();
    const bool fine = every && scope.from >= scope.keptFrom;  // facets go with their rows
    switch (field) {
        case v1::TOP_FIELD_SOURCE: {
            const auto plan = planSources(transaction, scope);
            sources = plan.with + kTopSources;
            return {sources, plan.cut};
        }
        case v1::TOP_FIELD_CREDENTIAL:
            return every ? Plan{kCredentialsHour, cutRange(scope, kHour)} : Plan{kCredentialsRows, rowsOnly(scope)};
        case v1::TOP_FIELD_PROTOCOL:
            if (!all) {
                return {kProtocolsRows, rowsOnly(scope)};
            }
            return scope.sensors.empty() ? Plan{kProtocolsFive, cutRange(scope, kFive)}
                                         : Plan{kProtocolsHourSensor, cutRange(scope, kHour)};
        case v1::TOP_FIELD_PORT:
            return fine    ? Plan{kPortsFive, cutRange(scope, kFive)}
                   : every ? Plan{kPortsHour, cutRange(scope, kHour)}
                           : Plan{kPortsRows, rowsOnly(scope)};
        case v1::TOP_FIELD_COUNTRY:
            return fine    ? Plan{kCountriesFive, cutRange(scope, kFive)}
                   : every ? Plan{kCountriesHour, cutRange(scope, kHour)}
                           : Plan{kCountriesRows, rowsOnly(scope)};
        case v1::TOP_FIELD_COMMAND:
            return every ? Plan{kCommandsHour, cutRange(scope, kHour)} : Plan{kCommandsRows, rowsOnly(scope)};
        case v1::TOP_FIELD_ARTIFACT:
            return {kArtifactsRows, rowsOnly(scope)};
        case v1::TOP_FIELD_NETWORK:
            return {kNetworksRows, rowsOnly(scope)};
        case v1::TOP_FIELD_SENSOR:
            return fine  ? Plan{kSensorsFive, cutRange(scope, kFive)}
                   : all ? Plan{kSensorsHour, cutRange(scope, kHour)}
                         : Plan{kSensorsRows, rowsOnly(scope)};
        default:
            throw std::invalid_argument("top: no such field");
    }
}

std::uint64_t micros(ReportMoment at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count());
}

/// How often the entries of the reply come in this scope.
std::map<std::string, std::uint64_t> countNamed(pqxx::transaction_base& transaction, const ReportScope& scope,
                                                v1::TopField field, const v1::TopNReply& reply) {
    std::vector<std::string> keys;
    std::ranges::transform(reply.entries(), std::back_inserter(keys),
                           [field](const auto& entry) { return columnOf(entry, field); });
    std::string sources;
    const auto plan = planTop(transaction, scope, field, sources);
    std::map<std::string, std::uint64_t> counts;
    // Without a limit: who leads now may have been far behind then.
    for (const auto& row :
         ask(transaction, "SELECT * FROM (" + plan.statement + ") t(key, n) WHERE key = ANY ($14::text[])", scope,
             plan.cut, static_cast<const char*>(nullptr), arrayText(keys))) {
        counts.emplace(textOf(row[0]), countOf(row[1]));
    }
    return counts;
}

v1::TopNReply countLeaders(pqxx::transaction_base& transaction, const ReportScope& scope, v1::TopField field,
                           std::uint32_t limit) {
    v1::TopNReply reply;
    std::string sources;
    const auto plan = planTop(transaction, scope, field, sources);
    for (const auto& row : ask(transaction, plan.statement, scope, plan.cut, limit)) {
        auto& entry = *reply.add_entries();
        setKey(entry, field, textOf(row[0]));
        entry.set_count(countOf(row[1]));
        if (field == v1::TOP_FIELD_NETWORK) {
            entry.set_network_name(textOf(row[2]));
        }
    }
    return reply;
}

v1::TopNReply replyOf(pqxx::transaction_base& transaction, const ReportScope& scope, v1::TopField field,
                      const std::vector<Leader>& leaders, bool compare) {
    v1::TopNReply reply;
    std::vector<std::string> keys;
    for (const auto& leader : leaders) {
        auto& entry = *reply.add_entries();
        setKey(entry, field, leader.label);
        entry.set_count(leader.count);
        keys.push_back(leader.key);
    }
    if (compare) {
        for (const auto& earlier : countKeys(transaction, before(scope), field, keys)) {
            const auto place = std::ranges::find(keys, earlier.key) - keys.begin();
            reply.mutable_entries(static_cast<int>(place))->set_previous(earlier.count);
        }
    }
    return reply;
}

ReportMoment now() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

/// Compares with the range before, unless that takes rows that are gone.
template <typename Compare>
void ifRowsAreThere(Compare compare) {
    try {
        compare();
    } catch (const RowsGone&) {
        // Without a comparison there is still an answer.
    }
}

v1::TopNReply topOf(pqxx::transaction_base& transaction, const ReportScope& scope, v1::TopField field,
                    std::uint32_t limit, bool compare) {
    if (const auto leaders = findLeaders(transaction, scope, field, limit)) {
        return replyOf(transaction, scope, field, *leaders, compare);
    }
    auto reply = countLeaders(transaction, scope, field, limit);
    if (compare) {
        ifRowsAreThere([&] {
            const auto earlier = countNamed(transaction, before(scope), field, reply);
            for (auto& entry : *reply.mutable_entries()) {
                const auto found = earlier.find(columnOf(entry, field));
                entry.set_previous(found == earlier.end() ? 0 : found->second);
            }
        });
    }
    return reply;
}

}  // namespace

v1::TotalsReply ReportReader::totals(const ReportScope& asked, bool compare) {
    ReportTransaction transaction(connection_.session());
    const auto scope = knowingRows(transaction, asked);
    auto reply = countTotals(transaction, scope);
    if (compare) {
        ifRowsAreThere([&] { *reply.mutable_previous() = countTotals(transaction, before(scope)); });
    }
    return reply;
}

v1::SeriesReply ReportReader::series(const ReportScope& asked, std::chrono::seconds step, v1::SeriesField field) {
    ReportTransaction transaction(connection_.session());
    const auto scope = knowingRows(transaction, asked);
    v1::SeriesReply reply;
    const auto width = std::chrono::microseconds(step);
    reply.set_step_us(static_cast<std::uint64_t>(width.count()));
    const auto first = bucketOf(scope.from, step);
    for (auto at = first; at < scope.to; at += step) {
        reply.add_bucket_us(micros(at));
    }
    if (field == v1::SERIES_FIELD_SOURCES || field == v1::SERIES_FIELD_NEW_SOURCES) {
        chartSources(transaction, scope, step, field == v1::SERIES_FIELD_NEW_SOURCES, reply);
        tellCoverage(transaction, scope, now(), reply);
        return reply;
    }
    const auto plan =
        planSeries(scope, step, field == v1::SERIES_FIELD_CREDENTIALS ? kCredentialSeries : kSessionSeries);
    v1::ProtocolSeries* series = nullptr;
    for (const auto& row :
         ask(transaction, plan.statement, scope, plan.cut, std::to_string(step.count()) + " seconds")) {
        const auto protocol = textOf(row[1]);
        if (series == nullptr || series->protocol() != protocol) {
            series = reply.add_series();
            series->set_protocol(protocol);
            series->mutable_sessions()->Resize(reply.bucket_us_size(), 0);
        }
        const auto place = (row[0].as<std::int64_t>() - first.time_since_epoch().count()) / width.count();
        const auto count = countOf(row[2]);
        series->set_sessions(static_cast<int>(place), series->sessions(static_cast<int>(place)) + count);
        series->set_total(series->total() + count);
    }
    std::ranges::stable_sort(*reply.mutable_series(),
                             [](const auto& a, const auto& b) { return a.total() > b.total(); });
    tellCoverage(transaction, scope, now(), reply);
    return reply;
}

v1::ActivityReply ReportReader::activity(const ReportScope& asked) {
    ReportTransaction transaction(connection_.session());
    const auto scope = knowingRows(transaction, asked);
    v1::ActivityReply reply;
    reply.mutable_sessions()->Resize(kHoursOfWeek, 0);
    const auto plan = planActivity(scope);
    for (const auto& row : ask(transaction, plan.statement, scope, plan.cut)) {
        reply.set_sessions(row[0].as<int>(), countOf(row[1]));
    }
    tellCoverage(transaction, scope, now(), reply);
    return reply;
}

v1::TopNReply ReportReader::top(const ReportScope& asked, v1::TopField field, std::uint32_t limit, bool compare) {
    ReportTransaction transaction(connection_.session());
    const auto scope = knowingRows(transaction, asked);
    if (field == v1::TOP_FIELD_TOOL) {
        return topTools(transaction, scope, limit, compare);
    }
    auto reply = topOf(transaction, scope, field, limit, compare);
    if (field == v1::TOP_FIELD_SOURCE) {
        placeSources(transaction, reply);
    }
    return reply;
}

}  // namespace apiary::collector
