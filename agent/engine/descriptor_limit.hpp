#pragma once

#include <cstddef>

namespace apiary::agent {

/// How many descriptors this process may have open, and how many of them are for connections: all but the reserve.
struct DescriptorLimit {
    std::size_t limit;
    std::size_t usable;
};
DescriptorLimit descriptorLimit(std::size_t reserve);

/// As many connections as wanted, or as descriptors allow; then it says in the log what to raise.
std::size_t affordableConnections(std::size_t wanted, const DescriptorLimit& descriptors);

/// How many it has open now.
std::size_t openDescriptors();

}  // namespace apiary::agent
