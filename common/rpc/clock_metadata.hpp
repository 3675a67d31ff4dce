#pragma once

namespace apiary {

/// The name of the metadata by which the collector tells its clock with each answer of its health service:
/// microseconds since 1970, UTC, in decimal.
inline constexpr const char* kClockMetadata = "apiary-clock-us";

}  // namespace apiary
