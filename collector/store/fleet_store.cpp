#include "collector/store/fleet_repository.hpp"

#include <pqxx/except>

#include <memory>
#include <utility>

namespace apiary::collector {

FleetStore::FleetStore(std::string dsn, std::int16_t collectorId) : dsn_(std::move(dsn)), collectorId_(collectorId) {}

template <typename Use>
auto FleetStore::with(Use use) {
    if (!connection_) {
        connection_ = std::make_unique<Connection>(dsn_, "apiary-collector fleet");
    }
    try {
        return use(FleetRepository(*connection_));
    } catch (const pqxx::broken_connection&) {
        connection_.reset();
        throw;
    } catch (const pqxx::in_doubt_error&) {
        connection_.reset();
        throw;
    }
}

void FleetStore::store(const SensorReport& report) {
    with([&](FleetRepository repository) { repository.saveReport(report, collectorId_); });
}

void FleetStore::addCoverage(const CoverageNews& news) {
    with([&](FleetRepository repository) { repository.addCoverage(news); });
}

std::map<std::int32_t, v1::DesiredState> FleetStore::newest(std::span<const std::int32_t> sensors) {
    return with([&](FleetRepository repository) { return repository.newestDesired(sensors); });
}

std::vector<std::int32_t> FleetStore::revoked(std::span<const std::int32_t> sensors) {
    return with([&](FleetRepository repository) { return repository.revoked(sensors); });
}

}  // namespace apiary::collector
