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
constexpr std::chrono::seconds kLongest{8};
constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::minutes kOddEvery{1};

constexpr const char* kSensors =
    "SELECT sensor_id, name, coalesce(records, 0)::bigint FROM apiary.sensor LEFT JOIN "
    "(SELECT sensor_id, sum(last_seq) AS records FROM apiary.ingest_stream GROUP BY sensor_id) AS ledger "
    "USING (sensor_id) WHERE revoked_at IS NULL ORDER BY name";

}  // namespace

DatabaseWatch::DatabaseWatch(std::string dsn) : dsn_(std::move(dsn)), pause_(kEvery, kLongest) {}
DatabaseWatch::~DatabaseWatch() = default;

void DatabaseWatch::run() {
    for (;;) {
        look();
        const auto pause = answers() ? kEvery : pause_.afterFailure();
        std::unique_lock lock(mutex_);
        stopped_.wait_for(lock, pause, [&] { return stopping_ || hurry_; });
        hurry_ = false;
        if (stopping_) {
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

void DatabaseWatch::missed(const std::string& why) {
    const bool news = state_.with([&](State& state) {
        const bool known = state.found == false || state.missed;
        if (!known) {
            state.missed = why;
        }
        return !known;
    });
    if (!news) {
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        hurry_ = true;
    }
    stopped_.notify_all();
}

void DatabaseWatch::look() {
    state_.with([](State& state) { state.waitingSince = Steady::now(); });
    try {
        found(ask());
    } catch (const std::exception& failure) {
        connection_.reset();
        lost(failure.what());
    }
}

void DatabaseWatch::found(std::vector<Sensor> sensors) {
    pause_.worked();
    std::optional<std::string> missed;
    const auto before = state_.with([&](State& state) {
        state.waitingSince.reset();
        state.sensors = std::move(sensors);
        missed = std::exchange(state.missed, std::nullopt);
        return std::exchange(state.found, true);
    });
    const auto now = Steady::now();
    if (before == false) {
        log::info("database is over: the database answers again");
    } else if (missed && (!oddAt_ || now - *oddAt_ >= kOddEvery)) {
        oddAt_ = now;
        log::warn("the database answers, but a part of the collector lost it: " + escape(inOneLine(*missed)));
    }
}

void DatabaseWatch::lost(const std::string& why) {
    const auto before = state_.with([](State& state) {
        state.waitingSince.reset();
        state.missed.reset();
        return std::exchange(state.found, false);
    });
    if (before != false) {
        log::error("database: the database does not answer, records wait at the sensors meanwhile: " +
                   escape(inOneLine(why)));
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
        return state.found == true && (!state.waitingSince || now - *state.waitingSince < kPatience);
    });
}

std::vector<DatabaseWatch::Sensor> DatabaseWatch::sensors() const {
    return state_.with([](const State& state) { return state.sensors; });
}

}  // namespace apiary::collector
