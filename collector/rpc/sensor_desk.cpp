#include "collector/rpc/sensor_desk.hpp"

#include "collector/store/connection.hpp"
#include "common/log/log.hpp"

#include <chrono>
#include <exception>
#include <utility>

namespace apiary::collector {
namespace {

constexpr auto kStoreEvery = std::chrono::seconds(1);
constexpr auto kLongestPause = std::chrono::seconds(8);
constexpr auto kLookEvery = std::chrono::seconds(4);    // a revoked sensor is out within 5 s
constexpr auto kCoverEvery = std::chrono::seconds(10);  // of a collector that is killed, no more is lost

}  // namespace

SensorDesk::SensorDesk(SensorStatusSink& sink, DesiredStateSource& source, FleetHub& hub, Revoked revoked)
    : sink_(sink), source_(source), hub_(hub), revoked_(std::move(revoked)), pause_(kStoreEvery, kLongestPause) {}

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
    coverage_.with([&](CoverageLedger& ledger) { ledger.gone(sensor); });
}

void SensorDesk::reported(SensorReport report) {
    coverage_.with([&](CoverageLedger& ledger) { ledger.add(report); });
    reports_.with([&](auto& reports) { reports.insert_or_assign(report.sensorId, std::move(report)); });
}

void SensorDesk::run() {
    for (;;) {
        work(std::chrono::steady_clock::now());
        std::unique_lock lock(mutex_);
        if (stopping_) {
            break;
        }
        changed_.wait_for(lock, kStoreEvery, [&] { return hurry_ || stopping_; });
    }
    coveredAt_.reset();
    waitsUntil_.reset();
    work(std::chrono::steady_clock::now());
}

void SensorDesk::work(std::chrono::steady_clock::time_point now) {
    bool hurry = false;
    {
        const std::lock_guard lock(mutex_);
        hurry = std::exchange(hurry_, false);
    }
    if (!hurry && waitsUntil_ && now < *waitsUntil_) {
        return;
    }
    // One that fails does not hold up the others.
    std::string trouble;
    bool away = false;
    const auto attempt = [&](auto step) {
        try {
            step();
        } catch (const std::exception& error) {
            if (missed_ && saysNoDatabase(error)) {
                away = true;
                missed_(error.what());
            } else {
                trouble = trouble.empty() ? inOneLine(error.what()) : trouble;
            }
        }
    };
    if (hurry || !lookedAt_ || *lookedAt_ + kLookEvery <= now) {
        lookedAt_ = now;
        attempt([this] { look(); });
    }
    attempt([this] { storeReports(); });
    if (!coveredAt_ || *coveredAt_ + kCoverEvery <= now) {
        coveredAt_ = now;
        attempt([this] { storeCoverage(); });
    }
    if (!trouble.empty() && !said_) {
        log::warn("what sensors report and what is wanted of them waits for the database: " + trouble);
    }
    said_ = !trouble.empty();
    if (away) {
        waitsUntil_ = now + pause_.afterFailure();
    } else {
        waitsUntil_.reset();
        pause_.worked();
    }
}

void SensorDesk::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
}

/// Begins behind the sensor whose report failed last: one that is never taken does not hold up the others.
void SensorDesk::storeReports() {
    auto reports = reports_.with([](auto& waiting) { return std::exchange(waiting, {}); });
    auto next = reports.upper_bound(failedAt_);
    while (!reports.empty()) {
        next = next == reports.end() ? reports.begin() : next;
        try {
            sink_.store(next->second);
        } catch (const std::exception&) {
            failedAt_ = next->first;
            // Offered again, unless a newer report of the sensor has come meanwhile.
            reports_.with([&](auto& waiting) { waiting.merge(reports); });
            throw;
        }
        next = reports.erase(next);
    }
}

void SensorDesk::storeCoverage() {
    const CoverageNews news = coverage_.with([](CoverageLedger& ledger) { return ledger.take(); });
    if (news.empty()) {
        return;
    }
    try {
        sink_.addCoverage(news);
    } catch (const std::exception&) {
        coverage_.with([&](CoverageLedger& ledger) { ledger.giveBack(news); });
        throw;
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
