#pragma once

#include "collector/store/connection.hpp"
#include "collector/store/report_scope.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace apiary::collector {

/// What was folded.
struct Folded {
    std::uint64_t folds = 0;
    std::uint64_t sessions = 0;
};

/// A service whose sessions are folded.
struct FoldedService {
    std::string sensor;
    std::string service;
    std::string since;  // as people read it
    std::string by;
};

/// Keeps sessions once that are equal but for addresses and times: of which services, and doing it. Uses the connection
/// of its thread; blocks; throws what libpqxx throws.
class FoldRepository {
public:
    explicit FoldRepository(Connection& connection) : connection_(connection) {}

    /// Folds what this collector wrote and what began in [from, to), but for the last ten minutes; some ten thousand
    /// sessions in a transaction, as long as `goOn` says so before each. What a transaction did stays when a later one
    /// throws.
    Folded fold(std::int16_t collectorId, ReportMoment from, ReportMoment to, const std::function<bool()>& goOn);

    /// Names a service, or no longer, as the database's owner, and leaves an audit row. False: there is no such sensor,
    /// or the service was not named.
    bool name(const std::string& sensor, const std::string& service, bool on, const std::string& by);

    std::vector<FoldedService> services();

private:
    Connection& connection_;
};

}  // namespace apiary::collector
