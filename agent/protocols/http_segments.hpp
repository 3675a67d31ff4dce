#pragma once

#include "agent/protocol/session.hpp"
#include "agent/protocols/http_reply.hpp"

#include <cstddef>
#include <string_view>

namespace apiary::agent {

/// Queues the parts of an answer as Apache writes them: its head and as much of the body as there is go out together.
/// What is long is shared where it begins a packet or fits into the one under way, and else copied.
class HttpSegments {
public:
    static constexpr std::size_t kSegment = std::size_t{16} << 10U;  // what the engine writes at a time

    /// `turn` outlives this.
    explicit HttpSegments(Turn& turn) : turn_(turn) {}

    void add(std::string_view bytes);
    void add(const HttpSlice& slice);

private:
    Turn& turn_;
    std::size_t filled_ = 0;  // bytes of the packet under way
};

}  // namespace apiary::agent
