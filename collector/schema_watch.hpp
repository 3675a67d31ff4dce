#pragma once

#include "common/result.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

namespace apiary::collector {

/// Asks until there is a database whether its schema is the one that this program was written for. run() belongs to one
/// thread, ask() comes before it; stop() is for any.
class SchemaWatch {
public:
    explicit SchemaWatch(std::string dsn);

    /// Nothing while there is no database, which DatabaseWatch says; else whether its schema will do. Blocks.
    std::optional<Status> ask();

    /// The body of a thread: throws if the schema turns out wrong.
    void run();
    void stop();

private:
    const std::string dsn_;
    bool said_ = false;
    std::mutex mutex_;
    std::condition_variable stopped_;
    bool stopping_ = false;  // guarded by mutex_
};

}  // namespace apiary::collector
