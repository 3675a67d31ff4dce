#pragma once

#include "collector/ingest/session_sink.hpp"

#include <pqxx/connection_base>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace apiary::collector {

/// What ingest asks of the database before it writes, on a connection that prepareLookups() has prepared. Everything
/// may block, and throws what libpqxx throws.

void prepareLookups(pqxx::connection_base& session);

/// As SessionSink::admit(). A sensor with very many lanes in the ledger is refused: no spool needs them.
std::variant<Admission, Refusal> admitSensor(pqxx::connection_base& session, const Uuid& sensor, const Uuid& stream,
                                             std::span<const std::int16_t> lanes);

/// As SessionSink::position().
std::optional<std::int64_t> lanePosition(pqxx::connection_base& session, std::int32_t sensorId, const Uuid& stream,
                                         std::int16_t lane);

/// As SessionSink::findOpen().
SessionOwners openSessions(pqxx::connection_base& session, std::span<const Uuid> sessions);

/// As SessionSink::closeStale().
std::size_t closeStaleSessions(pqxx::connection_base& session, std::int16_t collectorId, std::int32_t sensorId,
                               std::chrono::system_clock::time_point before, const std::string& reason, int most);

/// As SessionSink::findEnded().
std::vector<Uuid> endedSessions(pqxx::connection_base& session, std::span<const Uuid> sessions);

/// Whether any of them is kept in a fold: of a row its key would tell. Nothing of the last ten minutes is.
bool anyFolded(pqxx::connection_base& session, std::span<const Uuid> sessions);

/// As SessionSink::findUnheardOf().
std::vector<Uuid> unheardOf(pqxx::connection_base& session, const Uuid& stream, std::int16_t lane,
                            std::span<const SessionSink::Ending> endings);

/// As SessionSink::countOpen().
OpenCounts openCounts(pqxx::connection_base& session, std::span<const std::int32_t> sensors);

/// Statement without effect, but that the commit of a transaction with it waits until all that was committed before is
/// on disk.
inline constexpr const char* kWaitsForTheDisk = "SELECT pg_logical_emit_message(true, 'apiary', '')";

}  // namespace apiary::collector
