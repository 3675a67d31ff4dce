#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace apiary::collector {

/// Why our clock is not to be believed, in words; nothing while it is. `offsetsMs` are the clocks of the sensors that
/// are connected, minus ours: if most of them say that it is another day, it is ours that was set wrong. Without
/// sensors there is nobody to ask.
std::optional<std::string> clockDoubt(std::span<const std::int32_t> offsetsMs);

}  // namespace apiary::collector
