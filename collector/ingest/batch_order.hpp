#pragma once

#include "common/result.hpp"
#include "proto/apiary/v1/ingest.pb.h"

#include <cstdint>

namespace apiary::collector {

/// Whether a batch is what the protocol says: entries that cover first_seq..last_seq without a hole, in order. An Error
/// says what is wrong with it; such a stream is ended, whoever wrote it.
Status checkBatch(const v1::Batch& batch);

/// How a run of records first..last lies to the highest number that is committed.
enum class Verdict { New, Duplicate, Overlap, Gap };

Verdict judge(std::int64_t committed, std::int64_t first, std::int64_t last);

/// Index of the first entry of a checked batch that holds anything beyond `committed`.
int firstBeyond(const v1::Batch& batch, std::int64_t committed);

}  // namespace apiary::collector
