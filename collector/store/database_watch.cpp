#include "collector/store/database_watch.hpp"

#include "collector/store/connection.hpp"
#include "common/log/log.hpp"
#include "common/text/escape.hpp"

#include <pqxx/nontransaction>
#include <pqxx/result>

#include <exception>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::chrono::seconds kEvery{2};
constexpr std::chrono::seconds kPatience{5};

constexpr const char* kSensors =
    "SELECT sensor_id, name, coalesce((SELECT sum(last_seq) FROM apiary.ingest_stream AS i "
    "WHERE i.sensor_id = s.sensor_id), 0)::bigint FROM apiary.sensor AS s WHERE revoked_at IS NULL ORDER BY name";

}  // namespace

DatabaseWatch::DatabaseWatch(std::string dsn) : dsn_(std::move(dsn)) {}
DatabaseWatch::~DatabaseWatch() = default;

void DatabaseWatch::run() {
    for (;;) {
        look();
        std::unique_lock lock(mutex_);
        if (stopped_.wait_for(lock, kEvery, [&] { return stopping_; })) {
            return;
        }
    }
}

void DatabaseWatch::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stopped_.notify_all();
}

void DatabaseWatch::look() {
    state_.with([](State& state) { state.waitingSince = Steady::now(); });
    try {
        std::vector<Sensor> sensors = ask();
        state_.with([&](State& state) {
            state.found = true;
            state.waitingSince.reset();
            state.sensors = std::move(sensors);
        });
    } catch (const std::exception& failure) {
        connection_.reset();
        const bool news = state_.with([](State& state) {
            state.waitingSince.reset();
            return std::exchange(state.found, false);
        });
        if (news) {
            log::warn(std::string("the database does not answer: ") + escape(failure.what()));
        }
    }
}

std::vector<DatabaseWatch::Sensor> DatabaseWatch::ask() {
    if (!connection_) {
        connection_ = std::make_unique<Connection>(dsn_, "apiary-collector watch");
    }
    pqxx::nontransaction question(connection_->session(), "watch");
    std::vector<Sensor> sensors;
    for (const auto& row : question.exec(kSensors)) {
        sensors.push_back(
            {.id = row[0].as<std::int32_t>(), .name = row[1].c_str(), .records = row[2].as<std::int64_t>()});
    }
    return sensors;
}

bool DatabaseWatch::answers(Steady::time_point now) const {
    return state_.with([&](const State& state) {
        return state.found && (!state.waitingSince || now - *state.waitingSince < kPatience);
    });
}

std::vector<DatabaseWatch::Sensor> DatabaseWatch::sensors() const {
    return state_.with([](const State& state) { return state.sensors; });
}

}  // namespace apiary::collector
