#pragma once

#include "common/net/endpoint.hpp"
#include "common/uuid.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// Finds the log of a session below a journal's directory, in whichever run's folder it lies; the path below the
/// directory, or nothing.
std::optional<std::string> findLog(const std::string& directory, std::string_view protocol, const Endpoint& source,
                                   const Uuid& session);

/// What a log holds, up to its last whole line; empty if it cannot be read.
std::string wholeLines(const std::string& directory, const std::string& path);

/// Makes the log hold exactly `text`. Appends where what is there is a beginning of it, and replaces it in one step,
/// synced before, where it is not. Durable after the next sync of the journal. Throws std::system_error.
void completeLog(const std::string& directory, const std::string& path, std::string_view text);

}  // namespace apiary::agent
