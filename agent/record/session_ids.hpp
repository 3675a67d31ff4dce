#pragma once

#include "common/uuid.hpp"

#include <chrono>

namespace apiary::agent {

/// A UUID of version 7 for that moment. Thread-safe; asks the system for randomness once in a hundred times.
Uuid newSessionId(std::chrono::system_clock::time_point at);

}  // namespace apiary::agent
