#include "collector/store/database_watch.hpp"

#include "collector/store/connection.hpp"
#include "common/log/log.hpp"
#include "common/text/escape.hpp"

#include <cstdlib>
#include <exception>
#include <libpq-fe.h>
#include <stdexcept>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::chrono::seconds kEvery{2};
constexpr std::chrono::seconds kPatience{5};

constexpr const char* kSensors =
    "SELECT sensor_id, name, coalesce(records, 0)::bigint FROM apiary.sensor LEFT JOIN "
    "(SELECT sensor_id, sum(last_seq) AS records FROM apiary.ingest_stream GROUP BY sensor_id) AS ledger "
    "USING (sensor_id) WHERE revoked_at IS NULL ORDER BY name";

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
    // Not by libpqxx, which loses an answer that says that the server has ended the connection.
    const std::unique_ptr<PGresult, decltype(&PQclear)> answer(PQexec(connection_->raw(), kSensors), &PQclear);
    if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) {
        throw std::runtime_error(PQerrorMessage(connection_->raw()));
    }
    std::vector<Sensor> sensors;
    for (int row = 0; row < PQntuples(answer.get()); ++row) {
        const auto number = [&](int column) {
            return std::strtoll(PQgetvalue(answer.get(), row, column), nullptr, 10);
        };
        sensors.push_back({.id = static_cast<std::int32_t>(number(0)),
                           .name = PQgetvalue(answer.get(), row, 1),
                           .records = number(2)});
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
