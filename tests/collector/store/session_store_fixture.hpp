#pragma once

#include "collector/ingest/ingest_hub.hpp"
#include "collector/store/session_store.hpp"
#include "tests/support/postgres_fixture.hpp"
#include "tests/support/recorded_session.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace apiary::collector {

/// The other end of a stream.
class StorePeer final : public IngestPeer {
public:
    void admitted(const Admission& admission) override { admission_ = admission; }
    void refused(const std::string& reason) override { refusal_ = reason; }
    void committed(std::int16_t lane, std::int64_t seq) override { acknowledged_[lane] = seq; }
    void outOfOrder(const std::string& reason) override { outOfOrder_ = reason; }
    void comeAgain(const std::string&) override {}
    void roomAgain() override {}

    Admission admission_;
    std::string refusal_;
    std::string outOfOrder_;
    std::map<std::int16_t, std::int64_t> acknowledged_;
};

inline Moment now() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

/// A hub over a store on a database of its own, with one sensor.
class SessionStoreTest : public testing::Test {
protected:
    SessionStoreTest() { sensorId_ = std::stoi(addSensor(sensor_, "first")); }

    std::string addSensor(const Uuid& uuid, const std::string& name) {
        return database_.ask("INSERT INTO apiary.sensor(sensor_uuid, name) VALUES ('" + uuid.text() + "', '" + name +
                             "') RETURNING sensor_id");
    }

    /// Sends these batches of a stream, one after the other, and lets the hub work until all are answered.
    std::shared_ptr<StorePeer> send(const test::TestSpool& spool, std::vector<v1::Batch> batches,
                                    std::optional<Uuid> sensor = {}) {
        IngestHub hub(store_, feed_, now, {});
        auto peer = std::make_shared<StorePeer>();
        hub.hello(peer, sensor.value_or(sensor_), spool.id(), {0});
        Admission admission{.sensorId = sensor ? sensorId_ + 1 : sensorId_, .stream = spool.id(), .positions = {}};
        for (v1::Batch& batch : batches) {
            hub.submit(peer, admission, 0, std::make_unique<v1::Batch>(std::move(batch)));
        }
        hub.stop();
        hub.run();
        return peer;
    }

    std::string count(const std::string& table) { return database_.ask("SELECT count(*) FROM apiary." + table); }

    test::TestDatabase database_;
    SessionStore store_{database_.writer(), 1};
    LiveFeed feed_;
    Uuid sensor_ = test::TestSpool(77).id();
    std::int32_t sensorId_ = 0;
};

/// A short session of an hour ago.
inline test::RecordedSession shortSession(std::uint64_t random = 1) {
    test::RecordedSession session({.start = now() - std::chrono::hours{1}, .random = random});
    return session.sent("220 hello\r\n").received("USER a\r\n").login("a", "b").command("USER", "a");
}

}  // namespace apiary::collector
