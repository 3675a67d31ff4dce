#pragma once

#include "agent/spool/spool.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// Records that have no number yet as one text with a checksum, and back; lane and session are left out. A text that is
/// not whole gives none.
std::string packedAside(std::span<const NewRecord> records);
std::vector<NewRecord> unpackedAside(std::string_view text);

}  // namespace apiary::agent
