#include "collector/watch/clock_doubt.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace apiary::collector {

std::optional<std::string> clockDoubt(std::span<const std::int32_t> offsetsMs) {
    const auto contradicts = [](std::int32_t offset) {
        return std::chrono::abs(std::chrono::milliseconds(offset)) > std::chrono::days(1);
    };
    const auto others = std::ranges::count_if(offsetsMs, contradicts);
    if (2 * others <= std::ssize(offsetsMs)) {
        return std::nullopt;
    }
    return "the clocks of " + std::to_string(others) + " of " + std::to_string(offsetsMs.size()) +
           " connected sensors are more than a day off: set this machine's clock, if it is that one (timedatectl)";
}

}  // namespace apiary::collector
