#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace apiary {

/// A duration as configurations write it: "100ms", "120s", "15m", "2h", "7d". Nothing if it is not a number with one of
/// these units, or too large.
std::optional<std::chrono::milliseconds> readDuration(std::string_view text);

/// The same way back, in the largest unit that leaves no remainder.
std::string durationText(std::chrono::milliseconds duration);

/// Bytes as configurations write them: "512B", "512KiB", "1MiB", "2GiB", "1TiB".
std::optional<std::uint64_t> readSize(std::string_view text);
std::string sizeText(std::uint64_t bytes);

}  // namespace apiary
