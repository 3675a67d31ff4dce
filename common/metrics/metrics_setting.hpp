#pragma once

#include "common/config/toml.hpp"
#include "common/net/endpoint.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace apiary {

/// Where a program shows its figures.
struct MetricsSetting {
    std::optional<Endpoint> listen;  // nothing: nowhere
    std::size_t line = 0;            // of the file, where that is said or may be said
};

/// Reads `metrics = "ADDRESS:PORT"` of a table; port 0 or "off" turn it off. Without the key it is `port` on the
/// loopback.
MetricsSetting readMetrics(const TomlTable& table, std::uint16_t port);

}  // namespace apiary
