#include "collector/store/report_probes.hpp"

#include "collector/store/report_reader.hpp"
#include "collector/store/report_row.hpp"
#include "collector/store/report_sql.hpp"

#include <algorithm>

namespace apiary::collector {
namespace {

// Parameters as those of all that counts up to $6; protocols do not apply.
const std::string kProbesOf = " FROM apiary.probe WHERE started_at < $2::timestamptz AND cardinality($4::text[]) >= 0" +
                              kSensorFilter + kTrafficFilter + kSourceFilter;

// $7: where what came before begins. The index of tools has all columns that this reads where the scope names no
// source.
const std::string kTools =
    "SELECT tool, now, before FROM (SELECT tool, count(*) FILTER (WHERE started_at >= $1::timestamptz) AS now, "
    "count(*) "
    "FILTER (WHERE started_at < $1::timestamptz) AS before" +
    kProbesOf +
    " AND tool IS NOT NULL AND started_at >= $7::timestamptz GROUP BY tool) t WHERE now > 0 ORDER BY now DESC, tool "
    "LIMIT $8::int";

const std::string kOfTool = kProbesOf + " AND started_at >= $1::timestamptz AND tool = $7::text";
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

v1::TopNReply topTools(pqxx::transaction_base& transaction, const ReportScope& scope, std::uint32_t limit,
                       bool compare) {
    rowsOnly(scope);
    const auto earlier = before(scope);
    const bool compared = compare && earlier.from >= scope.keptFrom;
    v1::TopNReply reply;
    for (const auto& row : askProbes(transaction, kTools, scope, momentText(compared ? earlier.from : scope.from),
                                     static_cast<std::int64_t>(limit))) {
        auto& entry = *reply.add_entries();
        entry.set_key(textOf(row[0]));
        entry.set_count(countOf(row[1]));
        entry.set_previous(countOf(row[2]));
    }
    return reply;
}

v1::ListProbesReply ReportReader::listProbes(const ReportScope& scope, const std::string& tool, const PageKey& page,
                                             std::uint32_t limit) {
    ReportTransaction transaction(connection_.session());
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
