#pragma once

/// Records as sensors send them, for the benchmarks that need no agent to make them; and what the store alone takes for
/// them.

#include "agent/spool/spool.hpp"
#include "common/net/endpoint.hpp"
#include "proto/apiary/v1/ingest.pb.h"
#include "tests/support/postgres_fixture.hpp"
#include "tests/support/recorded_session.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace apiary::bench {

/// Makes sessions of logins by force: a source comes eight times in a row on the average, with a few packets, a name
/// and a password most times, a command or none. They begin `between` after each other.
class BusyNight {
public:
    BusyNight(std::uint64_t seed, collector::Moment start, std::chrono::milliseconds between, std::size_t packets = 8);

    test::RecordedSession next();

    /// The records of whole sessions, serialised: at least so many.
    std::vector<std::string> records(std::size_t least);

private:
    std::mt19937_64 random_;
    Endpoint source_ = Endpoint::of({45, 16, 0, 1}, 0);
    collector::Moment start_;
    std::chrono::milliseconds between_;
    std::size_t packets_;
};

/// Batches of one lane, as the uplink makes them.
std::vector<std::unique_ptr<v1::Batch>> batchesOf(const std::vector<std::string>& records);

/// Seconds for what these batches hold, made into rows and committed in transactions of 5,000 entries to a database of
/// their own, with nothing between. Throws std::runtime_error if something is not committed.
double writeAlone(const std::vector<std::unique_ptr<v1::Batch>>& batches);

/// The same, into this database, which must be empty.
double writeInto(const test::TestDatabase& database, const std::vector<std::unique_ptr<v1::Batch>>& batches);

}  // namespace apiary::bench
