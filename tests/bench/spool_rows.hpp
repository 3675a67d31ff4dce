#pragma once

#include "agent/spool/spool.hpp"

#include <filesystem>
#include <functional>

namespace apiary::bench {

/// Calls `take` with every row of the spool that an agent, which has ended, left below its state folder. Throws
/// std::runtime_error if there is none.
void readSpool(const std::filesystem::path& state, const std::function<void(const agent::SpoolRow&)>& take);

}  // namespace apiary::bench
