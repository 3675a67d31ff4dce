#pragma once

#include "collector/store/report_scope.hpp"
#include "common/uuid.hpp"
#include "tests/support/postgres_fixture.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace apiary::test {

/// One ended session as a test knows it, independently of the database.
struct KnownSession {
    Uuid id;
    std::int32_t sensor = 0;
    std::string protocol;
    std::string traffic;
    std::string source;
    std::int32_t port = 0;
    std::uint64_t bytesIn = 0;
    std::uint64_t bytesOut = 0;
    std::vector<std::string> credentials;  // "user / secret"
    std::vector<std::string> commands;     // "VERB argument", also the normalized ones
    std::vector<std::string> artifacts;    // contents
    std::string country;
    std::string outcome = "finished";

    collector::ReportMoment start() const { return std::chrono::time_point_cast<std::chrono::microseconds>(id.time()); }
};

/// Sessions in a database, rollups written as ingest writes them, and the same sessions in memory to count by hand.
class ReportData {
public:
    explicit ReportData(const TestDatabase& database);

    /// Enrols sensors `s1`, `s2`, ... and returns their numbers.
    std::vector<std::int32_t> addSensors(int count);

    /// Sessions at random times in [from, to), in several batches, over all sensors.
    void addRandom(int count, collector::ReportMoment from, collector::ReportMoment to, std::mt19937_64& random);

    void add(const std::vector<KnownSession>& sessions);

    /// Those of the scope, newest first.
    std::vector<const KnownSession*> in(const collector::ReportScope& scope) const;
    const std::vector<KnownSession>& all() const { return sessions_; }

private:
    const TestDatabase& database_;
    std::vector<std::int32_t> sensors_;
    std::vector<KnownSession> sessions_;
};

}  // namespace apiary::test
