#include "agent/engine/source_memory.hpp"

#include <utility>

namespace apiary::agent {

std::string SourceMemory::recall(const Endpoint& source) {
    return left_.with([&](auto& left) {
        const bool known = left.find(sourceKey(source)) != nullptr;
        return known ? left.touch(sourceKey(source)) : std::string();
    });
}

void SourceMemory::remember(const Endpoint& source, std::string bytes) {
    left_.with([&](auto& left) {
        if (bytes.empty()) {
            left.erase(sourceKey(source));
        } else {
            left.touch(sourceKey(source)) = std::move(bytes);
        }
    });
}

}  // namespace apiary::agent
