#pragma once

#include "common/uuid.hpp"

#include <chrono>

namespace apiary::agent {

/// A UUID of version 7 for that moment; behind it a number that counts up, from one of 74 random bits for each process
/// (RFC 9562, 6.2). A fold keeps two of its ten bytes. Thread-safe.
Uuid newSessionId(std::chrono::system_clock::time_point at);

}  // namespace apiary::agent
