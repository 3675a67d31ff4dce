#include "collector/quarantine_administration.hpp"

#include "collector/administration.hpp"
#include "collector/retention_administration.hpp"
#include "collector/store/connection.hpp"
#include "common/text/escape.hpp"

#include <pqxx/pqxx>

#include <cstdint>
#include <iostream>

namespace apiary::collector {
namespace {

constexpr int kReasons = 20;  // of each sensor that are printed

constexpr const char* kUse = R"(
    SELECT u.sensor_id, coalesce(n.name, 'no known sensor'), u.records, u.bytes, p.quarantine_bytes, u.dropped_records,
           u.dropped_bytes, coalesce(to_char(u.last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '')
      FROM apiary.quarantine_use u CROSS JOIN apiary.policy p LEFT JOIN apiary.sensor n USING (sensor_id)
     WHERE $1 = '' OR n.name = $1 ORDER BY 2)";
constexpr const char* kWhy = R"(
    SELECT reason, count(*), to_char(max(received_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
      FROM apiary.quarantine WHERE coalesce(sensor_id, 0) = $1 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT $2)";
constexpr const char* kClear = R"(
    WITH gone AS (DELETE FROM apiary.quarantine q WHERE $1 = '' OR q.sensor_id = (SELECT sensor_id FROM apiary.sensor
        WHERE name = $1) RETURNING 1),
    noted AS (INSERT INTO apiary.audit_log(operator, action, target, old_value)
      SELECT $2, 'clear', 'quarantine' || CASE WHEN $1 = '' THEN '' ELSE ' of ' || $1 END,
        jsonb_build_object('records', count(*)) FROM gone)
    SELECT count(*) FROM gone)";

Status known(pqxx::transaction_base& transaction, const std::string& sensor) {
    if (!sensor.empty() && transaction.exec_params("SELECT FROM apiary.sensor WHERE name = $1", sensor).empty()) {
        return Error{"no sensor is called '" + sensor + "'"};
    }
    return Done{};
}

}  // namespace

Status printQuarantine(const CollectorConfig& config, const std::string& sensor) {
    Connection connection(config.writer, "apiary-collector quarantine");
    pqxx::work transaction(connection.session());
    if (Status found = known(transaction, sensor); !found) {
        return found;
    }
    const auto rows = transaction.exec_params(kUse, sensor);
    if (rows.empty()) {
        std::cout << "nothing was ever put aside\n";
    }
    for (const auto& row : rows) {
        std::cout << row[1].c_str() << ": " << row[2].c_str() << " records, " << roughSize(row[3].as<std::uint64_t>())
                  << " of " << roughSize(row[4].as<std::uint64_t>());
        if (row[5].as<std::uint64_t>() > 0) {
            std::cout << "; not kept for lack of room: " << row[5].c_str() << " records, "
                      << roughSize(row[6].as<std::uint64_t>());
        }
        std::cout << "; the last came " << row[7].c_str() << '\n';
        for (const auto& why : transaction.exec_params(kWhy, row[0].as<int>(), kReasons)) {
            std::cout << "  " << why[1].c_str() << " x " << escapeCut(why[0].c_str(), 200) << ", the last "
                      << why[2].c_str() << '\n';
        }
    }
    return Done{};
}

Status clearQuarantine(const CollectorConfig& config, const std::string& sensor) {
    Connection connection(config.owner, "apiary-collector quarantine");
    pqxx::work transaction(connection.session());
    if (Status found = known(transaction, sensor); !found) {
        return found;
    }
    const auto cleared = transaction.exec_params1(kClear, sensor, account())[0].as<std::uint64_t>();
    transaction.commit();
    std::cout << cleared << " records removed\n";
    return Done{};
}

}  // namespace apiary::collector
