#pragma once

#include "collector/store/connection.hpp"
#include "common/uuid.hpp"

#include <pqxx/result>
#include <pqxx/transaction_base>

#include <chrono>
#include <functional>
#include <optional>

namespace apiary::collector {

/// What is gone over when something is to be known of it that was not when it was written.
enum class StoredKind { Sessions, Open, Probes, Folds };

/// The days of which there may be rows, both included.
struct StoredDays {
    std::chrono::sys_days first;
    std::chrono::sys_days last;
};

/// From the oldest day that is there, dropped or not, or from `since` if that is later.
StoredDays storedDays(pqxx::transaction_base& transaction, std::optional<std::chrono::sys_days> since);

/// Goes over the rows of a day, some thousands and a transaction at a time, so that ingest goes on beside. Each
/// transaction begins with `begin`, which may end the walk by returning false, and hands its rows to `change`:
///   id, source, port, sensor, protocol (empty for probes), tags, country, autonomous system
/// A fold stands for its sessions, of which each has all of these but its id.
/// Returns whether the day was gone through. Throws what libpqxx throws; what was committed before stays.
bool walkDay(Connection& connection, StoredKind kind, std::chrono::sys_days day,
             const std::function<bool(pqxx::transaction_base&)>& begin,
             const std::function<void(pqxx::transaction_base&, const pqxx::result&)>& change);

}  // namespace apiary::collector
