#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace apiary::bench {

/// Throws std::runtime_error of `what` and errno's words.
[[noreturn]] void fail(const std::string& what);

/// A listening socket on 127.0.0.1, that others may share; 0 is any free port.
int listenOn(std::uint16_t port);

/// The local one.
std::uint16_t portOf(int socket);

/// IPv4 addresses that connections go to, all over them.
struct Targets {
    std::uint32_t first = 0x7f000001;  // 127.0.0.1
    std::uint32_t count = 1;
};

/// A connection to one of the targets, or -1 if it is refused; from a source that changes with every number, so that no
/// pair of addresses runs out of ports. Not blocking, it may still be under way.
int connectFrom(std::size_t number, std::uint16_t port, bool blocking, const Targets& targets = {});

}  // namespace apiary::bench
