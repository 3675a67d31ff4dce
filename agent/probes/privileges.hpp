#pragma once

#include "common/result.hpp"

#include <cstdint>

namespace apiary::agent {

/// Becomes that user, if this is root's, and gives up every capability for good: what is open stays usable, nothing can
/// be opened again. Nobody but root can look into the process from then on. An Error if something is left.
Status giveUpPrivileges(std::uint32_t user, std::uint32_t group);

}  // namespace apiary::agent
