#include "collector/rpc/sensor_desk.hpp"

#include "common/log/log.hpp"

#include <chrono>
#include <exception>
#include <utility>

namespace apiary::collector {
namespace {

constexpr auto kStoreEvery = std::chrono::seconds(1);
constexpr auto kLookEvery = std::chrono::seconds(5);

}  // namespace

SensorDesk::SensorDesk(SensorStatusSink& sink, DesiredStateSource& source, FleetHub& hub, Revoked revoked)
    : sink_(sink), source_(source), hub_(hub), revoked_(std::move(revoked)) {}

void SensorDesk::connected(std::int32_t sensor) {
    sensors_.add(sensor);
    {
        const std::lock_guard lock(mutex_);
        hurry_ = true;
    }
    changed_.notify_one();
}

void SensorDesk::gone(std::int32_t sensor) {
    sensors_.remove(sensor);
}

void SensorDesk::reported(SensorReport report) {
    reports_.with([&](auto& reports) { reports.insert_or_assign(report.sensorId, std::move(report)); });
}

void SensorDesk::run() {
    bool troubled = false;
    auto lookedAt = std::chrono::steady_clock::time_point::min();
    while (true) {
        const bool hurry = waitForWork();
        try {
            const auto now = std::chrono::steady_clock::now();
            if (hurry || lookedAt + kLookEvery <= now) {
                lookedAt = now;
                look();
            }
            storeReports();
            troubled = false;
        } catch (const std::exception& error) {
            if (!std::exchange(troubled, true)) {
                log::warn(std::string("what sensors report waits for the database: ") + error.what());
            }
        }
        const std::lock_guard lock(mutex_);
        if (stopping_) {
            return;
        }
    }
}

void SensorDesk::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
}

/// True if somebody has just connected.
bool SensorDesk::waitForWork() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kStoreEvery, [&] { return hurry_ || stopping_; });
    return std::exchange(hurry_, false);
}

void SensorDesk::storeReports() {
    auto reports = reports_.with([](auto& waiting) { return std::exchange(waiting, {}); });
    for (auto next = reports.begin(); next != reports.end(); ++next) {
        try {
            sink_.store(next->second);
        } catch (const std::exception&) {
            // Offered again, unless a newer report of the sensor has come meanwhile.
            reports_.with([&](auto& waiting) { waiting.insert(next, reports.end()); });
            throw;
        }
    }
}

void SensorDesk::look() {
    const std::vector<std::int32_t> sensors = sensors_.all();
    if (sensors.empty()) {
        return;
    }
    for (const std::int32_t sensor : source_.revoked(sensors)) {
        revoked_(sensor);
    }
    for (const auto& [sensor, desired] : source_.newest(sensors)) {
        hub_.setDesired(sensor, desired);
    }
}

}  // namespace apiary::collector
