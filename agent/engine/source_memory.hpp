#pragma once

#include "agent/engine/recent_map.hpp"
#include "common/concurrent/guarded.hpp"

#include <cstddef>
#include <string>

namespace apiary::agent {

/// What the sources of one service left there by Remember, for their next visit. Bounded: of `most` sources, each
/// as much as Conversation lets through, and `bytes` of all together; who was not here for longest is forgotten first.
/// Thread-safe.
class SourceMemory {
public:
    explicit SourceMemory(std::size_t most = 4096, std::size_t bytes = std::size_t{4} << 20U)
        : bytes_(bytes), left_(Left{.bySource = RecentMap<std::string>(most)}) {}

    /// What this source left, or nothing.
    std::string recall(const Endpoint& source);

    /// Replaces it. Nothing at all frees its place.
    void remember(const Endpoint& source, std::string bytes);

private:
    struct Left {
        RecentMap<std::string> bySource;
        std::size_t bytes = 0;

        void put(const SourceKey& key, std::string content);
    };

    const std::size_t bytes_;
    Guarded<Left> left_;
};

}  // namespace apiary::agent
