#pragma once

#include "collector/ingest/rows.hpp"
#include "collector/store/connection.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::collector {

/// Where a piece stands.
struct PieceHead {
    std::int64_t pieceId = 0;
    std::int64_t first = 0;
    std::int64_t count = 0;
};

/// A piece as it is stored.
struct StoredPiece {
    std::int64_t first = 0;
    std::string entries;
    std::string chain;
    std::string signature;
    std::string certificate;
    std::string madeAt;      // as the database prints it, exactly
    std::string receivedAt;  // likewise
};

/// What became of the row of an entry.
struct EntryFinding {
    enum class Row { AsClosed, Altered, Missing };
    enum class Transcript { Same, Differs, Dropped };
    Uuid session;
    Row row = Row::AsClosed;
    Transcript transcript = Transcript::Same;  // only if there is a row
    std::string reason;                        // why it is so, where the database says something of it
};

/// Reads manifests, and the rows that they speak of. Any role that may read will do. Throws what libpqxx throws.
class ManifestRepository {
public:
    struct Sensor {
        std::int32_t id = 0;
        Uuid uuid;
    };

    explicit ManifestRepository(Connection& connection);

    std::optional<Sensor> sensor(const std::string& name);

    /// False if there is no place for rows of that day.
    bool hasRows(std::chrono::sys_days day);

    /// True if retention has given up the rows of that day; whatever of them is still there goes.
    bool rowsRemoved(std::chrono::sys_days day);

    /// True if retention has removed the manifests of that day.
    bool manifestsRemoved(std::chrono::sys_days day);

    /// The pieces of a day: by number, those without a flaw before others of the same number, then as they came.
    std::vector<PieceHead> pieces(std::int32_t sensorId, std::chrono::sys_days day);

    StoredPiece piece(std::int64_t pieceId);

    /// The findings of those entries that are not as they should be; an entry has kManifestEntry bytes. Renders each
    /// transcript: give some hundred at once, as a statement may last a minute.
    std::vector<EntryFinding> compare(std::int32_t sensorId, std::chrono::sys_days day, std::string_view entries);

    /// Sessions of the day behind `after` that ended a minute before the piece was made and came before it, so that
    /// this one or those before have an entry of each; in order, at most 10,000. What the collector itself closed is
    /// left out.
    std::vector<Uuid> rowsBefore(std::int32_t sensorId, std::chrono::sys_days day, const StoredPiece& last,
                                 const Uuid& after);

private:
    Connection& connection_;
};

}  // namespace apiary::collector
