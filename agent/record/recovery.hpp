#pragma once

#include "agent/journal/journal.hpp"
#include "agent/record/recording.hpp"
#include "agent/spool/spool.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace apiary::agent {

struct Recovered {
    std::size_t sessions = 0;      // that it closed
    std::vector<Uuid> unfinished;  // whose logs the disk has no room for: completeLogs() tries again
};

/// Closes the sessions that an earlier run left open, as interrupted, and completes the logs of all whose log may be
/// behind their records. `wantsLog` says whether a session that has no log yet gets one. May be cut short anywhere and
/// done again. `closed` gets the bodies of all closing records that may not have been handed on before, these included,
/// once they are in the spool.
Recovered recoverSessions(Spool& spool, const JournalWriter& journal,
                          const std::function<bool(const std::string& service, bool spoken)>& wantsLog,
                          const std::function<void(const std::string& closing)>& closed);

/// The logs of these sessions, whose rows must all be there yet; returns those for which there still is no room.
std::vector<Uuid> completeLogs(Spool& spool, const JournalWriter& journal, const std::vector<Uuid>& sessions);

}  // namespace apiary::agent
