#pragma once

#include "collector/watch/incident_book.hpp"
#include "collector/watch/trouble_rules.hpp"

#include <span>
#include <vector>

namespace apiary::collector {

/// Where incidents are kept, and what sessions say of services is looked up. Called on one thread, may block, throws
/// when the database fails.
class IncidentStore {
public:
    virtual ~IncidentStore() = default;

    /// A sensor of this collector, or one that has never reported to any.
    struct KnownSensor {
        std::int32_t sensorId = 0;
        std::string name;
        bool revoked = false;
        std::optional<Trouble::Time> reportedAt;  // to this collector
        SensorOddities odd{};
    };
    virtual std::vector<KnownSensor> sensors() = 0;

    /// Newest session and sources of each of these services; leaves their gaps as they are.
    virtual void readRecent(std::span<const ServiceKey> services, Trouble::Time now, ServiceHistories& into) = 0;

    /// The gaps between the sessions of a service.
    virtual void readGaps(const ServiceKey& service, Trouble::Time now, ServiceHistory& into) = 0;

    struct Stored {
        std::vector<Incident> incidents;  // that last, or are not yet forgotten
        NoticeAllowance allowance;
    };
    virtual Stored load() = 0;

    /// Carries a plan out, whole or not at all, and sets the ids of what it opens.
    virtual void save(IncidentPlan& plan, Trouble::Time now) = 0;
};

}  // namespace apiary::collector
