#include "collector/schema_watch.hpp"

#include "collector/store/migrator.hpp"
#include "common/log/log.hpp"

#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::chrono::seconds kBetween{2};

}  // namespace

SchemaWatch::SchemaWatch(std::string dsn) : dsn_(std::move(dsn)) {}

std::optional<Status> SchemaWatch::ask() {
    try {
        return checkSchema(dsn_);
    } catch (const std::exception& error) {
        if (!std::exchange(said_, true)) {
            log::error("the database does not answer, records wait at the sensors meanwhile: " +
                       std::string(error.what()));
        }
        return std::nullopt;
    }
}

void SchemaWatch::run() {
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            if (stopped_.wait_for(lock, kBetween, [&] { return stopping_; })) {
                return;
            }
        }
        if (const auto schema = ask()) {
            if (!*schema) {
                throw std::runtime_error(schema->error());
            }
            log::info("the database answers, and its schema is this program's");
            return;
        }
    }
}

void SchemaWatch::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stopped_.notify_all();
}

}  // namespace apiary::collector
