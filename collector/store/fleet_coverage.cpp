#include "collector/store/column_values.hpp"
#include "collector/store/fleet_repository.hpp"
#include "common/net/address.hpp"

#include <pqxx/transaction>

#include <bitset>
#include <chrono>
#include <string>
#include <vector>

namespace apiary::collector {
namespace {

constexpr const char* kFailed = R"(
    INSERT INTO apiary.service_visit(sensor_id, service, at, target, target_port, transport, protocol, run, answered)
    VALUES ($1::int, $2, $3::timestamptz, $4::inet, $5::int, $6, $7, '', false) ON CONFLICT DO NOTHING)";

constexpr const char* kAdd = R"(
    SELECT apiary.coverage_add($1::timestamptz[], $2::int[], $3::inet[], $4::int[], $5::text[], $6::text[],
           $7::bit(60)[], $8::int[], $9::int[]))";

/// The parameters of kAdd.
struct Columns {
    std::vector<std::string> hours, targets, transports, protocols, minutes;
    std::vector<std::int32_t> sensors, ports, tests, failed;

    void add(const CoverageRow& row, bool failure) {
        hours.push_back(momentText(row.hour));
        sensors.push_back(row.sensorId);
        targets.push_back(addressText(row.target));
        ports.push_back(row.target.port);
        transports.push_back(row.transport);
        protocols.push_back(row.protocol);
        minutes.push_back(std::bitset<60>(row.minutes).to_string());
        tests.push_back(0);
        failed.push_back(failure ? 1 : 0);
    }
};

}  // namespace

void FleetRepository::addCoverage(const CoverageNews& news) {
    pqxx::work transaction(connection_.session());
    Columns columns;
    for (const CoverageRow& row : news.rows) {
        columns.add(row, false);
    }
    for (const FailedVisit& visit : news.failed) {
        const auto noted = transaction.exec_params(kFailed, visit.sensorId, visit.service, momentText(visit.at),
                                                   addressText(visit.target), visit.target.port, visit.transport,
                                                   visit.protocol);
        if (noted.affected_rows() > 0) {
            columns.add({.hour = std::chrono::floor<std::chrono::hours>(visit.at),
                         .sensorId = visit.sensorId,
                         .target = visit.target,
                         .transport = visit.transport,
                         .protocol = visit.protocol},
                        true);
        }
    }
    transaction.exec_params(kAdd, arrayText(columns.hours), arrayText(columns.sensors), arrayText(columns.targets),
                            arrayText(columns.ports), arrayText(columns.transports), arrayText(columns.protocols),
                            arrayText(columns.minutes), arrayText(columns.tests), arrayText(columns.failed));
    transaction.commit();
}

}  // namespace apiary::collector
