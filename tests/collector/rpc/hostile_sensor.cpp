#include "tests/collector/rpc/hostile_sensor.hpp"

#include <algorithm>
#include <utility>

namespace apiary::test {

using namespace std::chrono_literals;

namespace {

constexpr int kStill = 5;  // batches that the honest sensor brings in after the hostile one is done

}  // namespace

collector::Moment recordedNow() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

RecordedSession sessionOf(std::uint64_t random, collector::Moment start) {
    RecordedSession session({.start = start, .random = random});
    return session.sent("220 hello\r\n").received("USER a\r\n").login("a", "b").command("USER", "a");
}

HonestSensor::HonestSensor(IngestServer& server, const Uuid& sensor) : end_(server.sensorChannel(sensor), 20min) {
    end_.greet(spool_.id());
    sending_ = std::jthread([this](const std::stop_token& stop) {
        while (!stop.stop_requested() && sendOne()) {
        }
    });
}

void HonestSensor::awaitMore(int batches) {
    for (int seen = batches_; batches > 0 && !failed_; --batches) {
        batches_.wait(seen);
        seen = batches_;
    }
}

void HonestSensor::stop() {
    sending_.request_stop();
    sending_.join();
}

bool HonestSensor::sendOne() {
    const std::uint64_t first = spool_.last() + 1;
    for (int i = 0; i < 10; ++i) {
        spool_.append(sessionOf(1'000'000 + ++sessions_).close());
    }
    end_.send(spool_.batch(first, spool_.last()));
    for (std::uint64_t acknowledged = 0; acknowledged < spool_.last();) {
        const v1::ToSensor message = end_.next();
        if (message.what_case() == v1::ToSensor::WHAT_NOT_SET) {
            failed_ = true;
            break;
        }
        acknowledged = message.ack().last_seq();
    }
    spool_.forget(spool_.last());
    ++batches_;
    batches_.notify_all();
    return !failed_;
}

HostileSensorFixture::HostileSensorFixture(const collector::IngestHub::Settings& settings)
    : server_(settings, &store_) {
    for (const auto& [uuid, name] : {std::pair(honestId_, "honest"), std::pair(hostileId_, "hostile")}) {
        database_.ask("INSERT INTO apiary.sensor(sensor_uuid, name) VALUES ('" + uuid.text() + "', '" + name + "')");
    }
    honest_ = std::make_unique<HonestSensor>(server_, honestId_);
    honest_->awaitMore(1);
}

void HostileSensorFixture::sendAll(const TestSpool& spool) {
    SensorEnd end(server_.sensorChannel(hostileId_), 100s);
    end.greet(spool.id());
    for (std::uint64_t first = 1; first <= spool.last(); first += 1000) {
        ASSERT_TRUE(end.send(spool.batch(first, std::min(first + 999, spool.last()))));
        for (std::uint64_t acknowledged = 0; acknowledged < std::min(first + 999, spool.last());) {
            const v1::ToSensor message = end.next();
            ASSERT_TRUE(message.has_ack());
            acknowledged = message.ack().last_seq();
        }
    }
}

std::string HostileSensorFixture::of(const std::string& sensor) const {
    return " sensor_id = (SELECT sensor_id FROM apiary.sensor WHERE name = '" + sensor + "')";
}

std::string HostileSensorFixture::count(const std::string& table, const std::string& where) {
    return database_.ask("SELECT count(*) FROM apiary." + table + " WHERE " + where);
}

std::string HostileSensorFixture::reasons() {
    return database_.ask(
        "SELECT string_agg(reason, '; ' ORDER BY quarantine_id) FROM (SELECT *, lag(reason) OVER "
        "(ORDER BY quarantine_id) AS before FROM apiary.quarantine WHERE" +
        of("hostile") + ") q WHERE reason IS DISTINCT FROM before");
}

void HostileSensorFixture::expectTheOtherUnharmed() {
    honest_->awaitMore(kStill);
    honest_->stop();
    ASSERT_FALSE(honest_->failed());
    const std::string sessions = std::to_string(honest_->sessions());
    EXPECT_EQ(count("session", of("honest")), sessions);
    EXPECT_EQ(database_.ask("SELECT count(DISTINCT session_id) FROM apiary.session WHERE" + of("honest")), sessions);
    EXPECT_EQ(database_.ask("SELECT count(*) FROM apiary.session s JOIN apiary.event e USING (session_id) WHERE" +
                            of("honest")),
              std::to_string(2 * honest_->sessions()));
    EXPECT_EQ(count("credential", of("honest")), sessions);
    EXPECT_EQ(count("command", of("honest")), sessions);
    EXPECT_EQ(count("session_open", of("honest")), "0");
    EXPECT_EQ(count("quarantine", of("honest")), "0");
    EXPECT_EQ(count("quarantine", "reason = ''"), "0");
}

}  // namespace apiary::test
