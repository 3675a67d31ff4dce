#pragma once

#include <chrono>
#include <optional>

namespace apiary {

/// Has this thread, and those that it starts from now on, leave SIGTERM, SIGINT and SIGHUP to awaitSignal(), and the
/// process ignore SIGPIPE: who writes to a peer that has gone is told by the write. Call before the first thread.
void holdSignals();

/// Waits for one of the signals held. Any thread may wait, one at a time.
int awaitSignal();

/// The same; nothing if none comes within `longest`.
std::optional<int> awaitSignal(std::chrono::milliseconds longest);

/// Asks this process to end, as its supervisor would: SIGTERM. From any thread.
void askToEnd();

}  // namespace apiary
