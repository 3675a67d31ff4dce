#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// An interface of this network namespace.
struct InterfaceState {
    int number = 0;
    bool ethernet = false;  // or the loopback, which has the same frames
    bool up = false;
    bool loopback = false;
    bool running = false;  // up, and there is a link
    std::array<std::uint8_t, 6> mac{};
};

/// Nothing if there is no interface of that name. Needs no privilege.
std::optional<InterfaceState> interfaceState(const std::string& name);

/// The interface's own count since it was made: packets that came in, and those of them that it dropped.
struct InterfaceCounts {
    std::uint64_t received = 0;
    std::uint64_t dropped = 0;
};

/// Of one interface, in the text of /proc/net/dev.
std::optional<InterfaceCounts> countsIn(std::string_view text, std::string_view name);

/// The same of the file as it is now.
std::optional<InterfaceCounts> interfaceCounts(const std::string& name);

}  // namespace apiary::agent
