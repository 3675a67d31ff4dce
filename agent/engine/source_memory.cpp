#include "agent/engine/source_memory.hpp"

#include <utility>

namespace apiary::agent {

std::string SourceMemory::recall(const Endpoint& source) {
    return left_.with([&](Left& left) {
        const bool known = left.bySource.find(sourceKey(source)) != nullptr;
        return known ? left.bySource.touch(sourceKey(source)) : std::string();
    });
}

void SourceMemory::remember(const Endpoint& source, std::string bytes) {
    left_.with([&](Left& left) {
        left.put(sourceKey(source), std::move(bytes));
        while (left.bytes > bytes_) {
            left.bytes -= left.bySource.dropOldest().size();
        }
    });
}

void SourceMemory::Left::put(const SourceKey& key, std::string content) {
    if (const std::string* before = bySource.find(key)) {
        bytes -= before->size();
        bySource.erase(key);
    }
    if (content.empty()) {
        return;
    }
    if (bySource.full()) {
        bytes -= bySource.dropOldest().size();
    }
    bytes += content.size();
    bySource.touch(key) = std::move(content);
}

}  // namespace apiary::agent
