#pragma once

#include "collector/store/session_store.hpp"
#include "tests/collector/rpc/ingest_server.hpp"
#include "tests/support/postgres_fixture.hpp"
#include "tests/support/recorded_session.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

namespace apiary::test {

/// This moment, as records have it.
collector::Moment recordedNow();

/// A session of one login that began an hour ago, not closed.
RecordedSession sessionOf(std::uint64_t random, collector::Moment start = recordedNow() - std::chrono::hours(1));

/// Sends sessions, ten a batch, as fast as they are acknowledged, until it is told to stop.
class HonestSensor {
public:
    HonestSensor(IngestServer& server, const Uuid& sensor);

    void awaitMore(int batches);
    void stop();

    const Uuid& spool() const { return spool_.id(); }
    std::uint64_t sessions() const { return sessions_; }
    bool failed() const { return failed_; }

private:
    bool sendOne();

    TestSpool spool_{100};
    SensorEnd end_;
    std::uint64_t sessions_ = 0;
    std::atomic<int> batches_ = 0;
    std::atomic<bool> failed_ = false;
    std::jthread sending_;
};

/// A sensor "hostile" with a valid certificate, beside one that does its work: over mTLS, with the hub, the store and
/// PostgreSQL.
class HostileSensorFixture : public testing::Test {
protected:
    explicit HostileSensorFixture(const collector::IngestHub::Settings& settings);

    SensorEnd hostile() { return SensorEnd(server_.sensorChannel(hostileId_)); }

    /// Sends what the spool holds, in batches of at most 1,000, and waits until all of it is acknowledged.
    void sendAll(const TestSpool& spool);

    std::string of(const std::string& sensor) const;
    std::string count(const std::string& table, const std::string& where);

    /// Why records of the hostile sensor were put aside, in their order, each reason once in a row.
    std::string reasons();

    /// The honest sensor goes on, and all that it has sent is there once.
    void expectTheOtherUnharmed();

    const Uuid honestId_ = TestSpool(77).id();
    const Uuid hostileId_ = TestSpool(666).id();
    TestDatabase database_;
    collector::SessionStore store_{database_.writer(), 1};
    IngestServer server_;
    std::unique_ptr<HonestSensor> honest_;
};

}  // namespace apiary::test
