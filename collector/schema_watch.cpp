#include "collector/schema_watch.hpp"

#include "collector/store/connection.hpp"
#include "collector/store/migrator.hpp"
#include "common/growing_pause.hpp"
#include "common/log/log.hpp"

#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::chrono::seconds kFirst{2};
constexpr std::chrono::seconds kLongest{16};

}  // namespace

SchemaWatch::SchemaWatch(std::string dsn) : dsn_(std::move(dsn)) {}

std::optional<Status> SchemaWatch::ask() {
    try {
        return checkSchema(dsn_);
    } catch (const std::exception& error) {
        if (!saysNoDatabase(error) && !std::exchange(said_, true)) {
            log::error("the schema cannot be read, which is tried again: " + inOneLine(error.what()));
        }
        return std::nullopt;
    }
}

void SchemaWatch::run() {
    for (GrowingPause pause(kFirst, kLongest);;) {
        {
            std::unique_lock lock(mutex_);
            if (stopped_.wait_for(lock, pause.afterFailure(), [&] { return stopping_; })) {
                return;
            }
        }
        if (const auto schema = ask()) {
            if (!*schema) {
                throw std::runtime_error(schema->error());
            }
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
