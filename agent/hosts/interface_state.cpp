#include "agent/hosts/interface_state.hpp"

#include "common/net/descriptor.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <net/if.h>
#include <net/if_arp.h>
#include <sstream>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace apiary::agent {

std::optional<InterfaceState> interfaceState(const std::string& name) {
    const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    if (!socket || name.size() >= sizeof request.ifr_name) {
        return std::nullopt;
    }
    std::ranges::copy(name, std::begin(request.ifr_name));
    InterfaceState state;
    if (::ioctl(socket.get(), SIOCGIFINDEX, &request) != 0) {
        return std::nullopt;
    }
    state.number = request.ifr_ifindex;
    if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) {
        return std::nullopt;
    }
    state.up = (request.ifr_flags & IFF_UP) != 0;
    state.loopback = (request.ifr_flags & IFF_LOOPBACK) != 0;
    state.running = state.up && (request.ifr_flags & IFF_RUNNING) != 0;
    if (::ioctl(socket.get(), SIOCGIFHWADDR, &request) != 0) {
        return std::nullopt;
    }
    state.ethernet = request.ifr_hwaddr.sa_family == ARPHRD_ETHER || request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
    std::memcpy(state.mac.data(), request.ifr_hwaddr.sa_data, state.mac.size());
    return state;
}

std::optional<InterfaceCounts> countsIn(std::string_view text, std::string_view name) {
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        const auto colon = line.find(':');
        const auto start = line.find_first_not_of(' ');
        if (colon == std::string::npos || std::string_view(line).substr(start, colon - start) != name) {
            continue;
        }
        std::istringstream words(line.substr(colon + 1));
        std::uint64_t bytes = 0;
        std::uint64_t errors = 0;
        InterfaceCounts counts;
        if (words >> bytes >> counts.received >> errors >> counts.dropped) {
            return counts;
        }
    }
    return std::nullopt;
}

std::optional<InterfaceCounts> interfaceCounts(const std::string& name) {
    std::ifstream in("/proc/net/dev");
    return countsIn(std::string(std::istreambuf_iterator<char>(in), {}), name);
}

}  // namespace apiary::agent
