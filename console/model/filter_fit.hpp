#pragma once

#include "console/model/session_list.hpp"

namespace apiary::console {

/// Whether a session fits a query, as far as its row tells.
enum class Fit { Yes, No, Unknown };

/// Unknown if the query names a login, a command or an artifact, and the session had some, or whether its source is
/// new: that, only the collector knows.
Fit fitOf(const SessionRow& row, const SessionQuery& query);

}  // namespace apiary::console
