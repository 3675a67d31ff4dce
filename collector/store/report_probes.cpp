#include "collector/store/report_probes.hpp"

#include "collector/store/report_reader.hpp"
#include "collector/store/report_row.hpp"
#include "collector/store/report_sql.hpp"

#include <chrono>
#include <map>
#include <optional>

namespace apiary::collector {
namespace {

const std::string kOfScope = " AND cardinality($4::text[]) >= 0" + kSensorFilter + kTrafficFilter + kSourceFilter;

/// Columns of the hours that the range has whole, and the like of the probes at its two ends. Protocols do not apply.
std::string counted(const std::string& ofHours, const std::string& ofRows, const std::string& condition) {
    const auto end = [&](const char* from, const char* to, const char* first, const char* last) {
        return " UNION ALL SELECT " + ofRows + " FROM apiary.probe WHERE started_at >= " + from +
               "::timestamptz AND started_at < " + to + "::timestamptz AND probe_id >= " + first +
               "::uuid AND probe_id < " + last + "::uuid" + kOfScope + condition;
    };
    return "SELECT " + ofHours + " FROM apiary.rollup_hour_probe WHERE" + kWholeBuckets + kSensorFilter +
           kTrafficFilter + condition + end("$1", "$7", "$9", "$11") + end("$8", "$2", "$12", "$10");
}

const std::string kProbes = "SELECT coalesce(sum(n), 0)::bigint FROM (" + counted("probes", "1", "") + ") x(n)";
const std::string kTools = "SELECT tool, sum(n)::bigint AS n FROM (" +
                           counted("tool, probes", "tool, 1", " AND tool <> ''") +
                           ") x(tool, n) GROUP BY tool ORDER BY n DESC, tool LIMIT $13::int";

/// Hours know no sources.
RangeCut cutOf(const ReportScope& scope) {
    return scope.everySource() ? cutRange(scope, std::chrono::hours(1)) : rowsOnly(scope);
}

pqxx::result countTools(pqxx::transaction_base& transaction, const ReportScope& scope,
                        std::optional<std::uint32_t> limit) {
    if (scope.from < scope.probesFrom && scope.from < scope.to) {
        throw RowsGone(scope.probesFrom);
    }
    const std::string most = limit ? std::to_string(*limit) : std::string();
    return ask(transaction, kTools, scope, cutOf(scope), limit ? most.c_str() : nullptr);
}

// Parameters as those of all that counts up to $6.
const std::string kOfTool = " FROM apiary.probe WHERE started_at >= $1::timestamptz AND started_at < $2::timestamptz" +
                            kOfScope + " AND tool = $7::text";
const std::string kCountOfTool = "SELECT count(*)" + kOfTool;

// $8 and $9: the start and the id of the row that the page begins behind. An id begins with its start.
const std::string kPageOfTool =
    "SELECT p.probe_id, (extract(epoch FROM p.started_at) * 1000000)::bigint, (extract(epoch FROM p.ended_at) * "
    "1000000)::bigint, p.sensor_id, n.name, host(p.source), host(p.target), p.target_port, p.kind, p.packets, p.tool, "
    "p.reason, p.country, p.traffic FROM (SELECT *" +
    kOfTool +
    " AND started_at <= $8::timestamptz AND probe_id < $9::uuid ORDER BY started_at DESC, probe_id DESC LIMIT "
    "$10::int) p "
    "LEFT JOIN apiary.sensor n USING (sensor_id) ORDER BY p.started_at DESC, p.probe_id DESC";

template <typename... More>
pqxx::result askProbes(pqxx::transaction_base& transaction, const std::string& statement, const ReportScope& scope,
                       More&&... more) {
    return transaction.exec_params(statement, momentText(scope.from), momentText(scope.to), arrayText(scope.sensors),
                                   arrayText(scope.protocols), arrayText(scope.traffic),
                                   scope.everySource() ? nullptr : scope.source.c_str(), std::forward<More>(more)...);
}

void readProbe(const pqxx::row& from, v1::ProbeRow& row) {
    const auto uuid = uuidOf(from[0]);
    row.set_probe_id(uuid.bytes.data(), uuid.bytes.size());
    row.set_started_at_us(countOf(from[1]));
    row.set_ended_at_us(countOf(from[2]));
    row.set_sensor_id(from[3].as<std::int32_t>());
    row.set_sensor(textOf(from[4]));
    setEndpoint(*row.mutable_source(), textOf(from[5]), 0);
    setEndpoint(*row.mutable_target(), textOf(from[6]), from[7].is_null() ? 0 : from[7].as<std::uint32_t>());
    row.set_kind(textOf(from[8]));
    row.set_packets(countOf(from[9]));
    row.set_tool(textOf(from[10]));
    row.set_reason(textOf(from[11]));
    row.set_country(textOf(from[12]));
    row.set_traffic(textOf(from[13]));
}

}  // namespace

std::uint64_t countProbes(pqxx::transaction_base& transaction, const ReportScope& scope) {
    return countOf(ask(transaction, kProbes, scope, cutOf(scope))[0][0]);
}

v1::TopNReply topTools(pqxx::transaction_base& transaction, const ReportScope& scope, std::uint32_t limit,
                       bool compare) {
    std::map<std::string, std::uint64_t> earlier;
    if (compare) {
        try {
            for (const auto& row : countTools(transaction, before(scope), std::nullopt)) {
                earlier.emplace(textOf(row[0]), countOf(row[1]));
            }
        } catch (const RowsGone&) {
            // Without a comparison there is still an answer.
        }
    }
    v1::TopNReply reply;
    for (const auto& row : countTools(transaction, scope, limit)) {
        auto& entry = *reply.add_entries();
        entry.set_key(textOf(row[0]));
        entry.set_count(countOf(row[1]));
        entry.set_previous(earlier[entry.key()]);
    }
    return reply;
}

v1::ListProbesReply ReportReader::listProbes(const ReportScope& asked, const std::string& tool, const PageKey& page,
                                             std::uint32_t limit) {
    ReportTransaction transaction(connection_.session());
    const auto scope = knowingRows(transaction, asked);
    rowsOnly(scope);
    v1::ListProbesReply reply;
    if (!page.before) {
        reply.set_probes(countOf(askProbes(transaction, kCountOfTool, scope, tool)[0][0]));
    }
    const auto last = page.before.value_or(firstIdFrom(scope.to));
    const auto lastStart = std::chrono::time_point_cast<std::chrono::microseconds>(last.time());
    for (const auto& row : askProbes(transaction, kPageOfTool, scope, tool, momentText(lastStart), last.text(),
                                     static_cast<std::int64_t>(limit) + 1)) {
        if (reply.rows_size() == static_cast<int>(limit)) {
            reply.set_more(true);
            break;
        }
        readProbe(row, *reply.add_rows());
    }
    return reply;
}

}  // namespace apiary::collector
