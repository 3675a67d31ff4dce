#pragma once

#include "collector/store/connection.hpp"
#include "collector/watch/incident_store.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace apiary::collector {

/// Incidents in the database, with a connection of its own, opened when first needed and again after it broke. For one
/// thread.
class IncidentRepository final : public IncidentStore {
public:
    struct Settings {
        std::string dsn;
        std::int16_t collectorId = 1;
        std::string collector;              // its name
        std::vector<std::string> channels;  // that each notice goes by: command, webhook
    };

    /// At most so many notices wait for one channel; the oldest are dropped.
    static constexpr int kMostWaiting = 1000;

    explicit IncidentRepository(Settings settings);

    std::vector<KnownSensor> sensors() override;
    void readRecent(std::span<const ServiceKey> services, Trouble::Time now, ServiceHistories& into) override;
    void readGaps(const ServiceKey& service, Trouble::Time now, ServiceHistory& into) override;
    Stored load() override;
    void save(IncidentPlan& plan, Trouble::Time now) override;

    /// How many notices were dropped so far as too many waited. For any thread.
    std::uint64_t overflowed() const { return overflowed_; }

private:
    template <typename Use>
    auto with(Use use);

    const Settings settings_;
    std::unique_ptr<Connection> connection_;
    std::atomic<std::uint64_t> overflowed_ = 0;
};

}  // namespace apiary::collector
