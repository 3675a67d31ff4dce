#pragma once

#include <chrono>
#include <string>

namespace apiary {

/// A time as the text logs write it: UTC, whole seconds truncated, English names: `Tue Apr 18 10:19:59 UTC 2017`.
std::string logStamp(std::chrono::system_clock::time_point at);

/// ISO 8601 in UTC with milliseconds, for people and file names: `2017-04-18T10:19:59.000Z`.
std::string isoStamp(std::chrono::system_clock::time_point at);

}  // namespace apiary
