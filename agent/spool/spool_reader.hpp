#pragma once

#include "agent/spool/spool_file.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace apiary::agent {

/// Reads what is committed, over a connection of its own. Belongs to one thread at a time; throws SqliteError.
class SpoolReader {
public:
    explicit SpoolReader(const SpoolSettings& settings);

    /// Rows behind `after` up to `last`, without hole: what is damaged or missing becomes a gap. `acknowledged` tells
    /// what was freed from what was lost.
    std::vector<SpoolRow> read(std::uint32_t lane, std::uint64_t after, std::uint64_t acknowledged, std::uint64_t last,
                               std::size_t records, std::size_t bytes);

    /// The row of that number, if it is there and of that session.
    std::optional<SpoolRow> row(std::uint32_t lane, std::uint64_t seq, const Uuid& session);

    /// Time of the first row behind that number.
    std::optional<std::chrono::system_clock::time_point> timeBehind(std::uint32_t lane, std::uint64_t seq);

    /// Rows found damaged or missing since the last call.
    std::uint64_t takeDamaged();

private:
    struct Shared {
        std::string bytes;
        std::uint32_t crc = 0;
    };

    SpoolRow missing(std::uint32_t lane, std::uint64_t first, std::uint64_t last, std::uint64_t acknowledged);
    std::string_view sharedOf(StoredRow& read);
    static SpoolRow taken(const StoredRow& read, std::string_view shared);
    SpoolRow gap(std::uint64_t first, std::uint64_t last, const SpoolSettings::Lost& lost) const;

    SpoolSettings settings_;
    Database database_;
    Statement rows_;
    Statement before_;
    Statement row_;
    Statement time_;
    Statement bytes_;
    std::unordered_map<std::int64_t, Shared> shared_;  // by number, which is never used again
    std::size_t sharedBytes_ = 0;
    std::set<std::int64_t> damaged_;  // counted already
    std::uint64_t damagedNow_ = 0;
};

}  // namespace apiary::agent
