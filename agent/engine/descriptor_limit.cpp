#include "agent/engine/descriptor_limit.hpp"

#include "common/log/log.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <sys/resource.h>
#include <system_error>

namespace apiary::agent {

DescriptorLimit descriptorLimit(std::size_t reserve) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const auto all = static_cast<std::size_t>(limit.rlim_cur);
    return {.limit = all, .usable = all - std::min(reserve, all / 2)};
}

std::size_t affordableConnections(std::size_t wanted, const DescriptorLimit& descriptors) {
    if (wanted > descriptors.usable) {
        log::warn("at most " + std::to_string(descriptors.usable) +
                  " connections at once, as the limit of file descriptors is " + std::to_string(descriptors.limit) +
                  "; raise it (ulimit -n, LimitNOFILE=) for " + std::to_string(wanted));
    }
    return std::min(wanted, descriptors.usable);
}

std::size_t openDescriptors() {
    namespace fs = std::filesystem;
    std::error_code error;
    std::size_t count = 0;
    for (fs::directory_iterator at("/proc/self/fd", error); !error && at != fs::directory_iterator();
         at.increment(error)) {
        ++count;
    }
    return count > 0 ? count - 1 : 0;  // but for the one that counted
}

}  // namespace apiary::agent
