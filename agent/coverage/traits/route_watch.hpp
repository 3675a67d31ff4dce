#pragma once

#include "common/net/descriptor.hpp"
#include "common/result.hpp"

#include <cstdint>
#include <span>

namespace apiary::agent {

/// Hears of routes that come and go in this network namespace, by the kernel's own word (rtnetlink(7)). Never blocks.
class RouteWatch {
public:
    static Result<RouteWatch> open();

    /// Readable when there is something to take.
    int fd() const { return socket_.get(); }

    /// Takes what is there. True if a route of the main table is among it, or something was lost.
    bool mainChanged();

private:
    explicit RouteWatch(Descriptor socket) : socket_(std::move(socket)) {}

    Descriptor socket_;
};

/// Whether messages of the kernel are about the main table.
bool areAboutMainRoutes(std::span<const std::uint8_t> messages);

}  // namespace apiary::agent
