#pragma once

#include "collector/ingest/rows.hpp"
#include "collector/store/copy_rows.hpp"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace apiary::collector {

using CommandDigests = std::unordered_map<Uuid, Sha256Digest>;

/// The rows that a transaction adds with COPY, table by table: all but those of the sessions that have ended. `rows`
/// must outlive them.
std::vector<CopyRows> copiesOf(const IngestRows& rows, std::int16_t collectorId);

/// The sessions of `rows` that have ended. `digests` has the command digest of those that do not bring their own. Both
/// must outlive the copies.
std::vector<CopyRows> copiesOfClosed(const IngestRows& rows, std::int16_t collectorId, const CommandDigests& digests);

}  // namespace apiary::collector
