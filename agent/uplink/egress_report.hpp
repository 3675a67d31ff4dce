#pragma once

#include <cstdint>

namespace apiary::agent {

/// What the kernel does with connections that the agent itself opens.
struct EgressReport {
    bool guarded = false;       ///< apiary-coverage is there: all but those to the collector are refused
    std::uint64_t refused = 0;  ///< packets, as last told; falls when the guard is made anew

    friend bool operator==(const EgressReport&, const EgressReport&) = default;
};

}  // namespace apiary::agent
