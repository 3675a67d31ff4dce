#pragma once

#include "agent/journal/journal.hpp"
#include "agent/spool/spool.hpp"
#include "common/concurrent/bounded_queue.hpp"

#include <functional>
#include <string>

namespace apiary::agent {

/// A record on its way to the disk, with what follows once it is there.
struct PendingRecord {
    NewRecord record;
    std::string path;               // of the session's log, with its first text
    std::string text;               // for the log
    bool last = false;              // closes the log
    std::function<void()> durable;  // with the closing record; may be empty

    std::size_t weight() const { return sizeof *this + record.body.size() + path.size() + text.size(); }
};

using RecordQueue = BoundedQueue<PendingRecord>;

}  // namespace apiary::agent
