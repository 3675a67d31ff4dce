#include "agent/startup.hpp"

#include "common/crypto/digest.hpp"
#include "common/log/log.hpp"

#include <cstring>
#include <fstream>
#include <stdexcept>
#include <sys/resource.h>

namespace apiary::agent {

void raiseDescriptors() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            log::warn("cannot raise the limit of open files: fewer connections can be held");
        }
    }
}

std::uint64_t keptSeed(const std::string& file) {
    std::uint64_t seed = 0;
    if (std::ifstream(file) >> std::hex >> seed) {
        return seed;
    }
    const auto random = randomBytes<sizeof seed>();
    std::memcpy(&seed, random.data(), sizeof seed);
    std::ofstream out(file);
    out << std::hex << seed << '\n';
    if (!out.flush()) {
        throw std::runtime_error("cannot keep the sensor's seed in " + file + "; see that the folder is writable");
    }
    return seed;
}

}  // namespace apiary::agent
