#pragma once

#include "common/uuid.hpp"

#include <chrono>

namespace apiary::agent {

/// A UUID of version 7 for that moment; behind it a number that counts up, from a random one for each process (RFC
/// 9562, 6.2, method 1). No other process makes the same, and a fold keeps two of its ten bytes. Thread-safe.
Uuid newSessionId(std::chrono::system_clock::time_point at);

}  // namespace apiary::agent
