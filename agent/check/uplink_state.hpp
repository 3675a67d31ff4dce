#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// How a running agent's uplink is, as its control socket tells it to `apiary-agent check`.
struct UplinkState {
    struct Lane {
        std::uint32_t number = 0;
        std::uint64_t acknowledged = 0;  // all up to here is the collector's
        std::uint64_t last = 0;          // highest number given out
    };
    bool configured = false;  // there is a collector in the configuration
    bool connected = false;
    std::string reason;                                // why it is not
    std::optional<std::chrono::seconds> oldest;        // age of the oldest record not acknowledged; nothing: all are
    std::optional<std::chrono::seconds> acknowledged;  // since the last acknowledgement of this run
    std::vector<Lane> lanes;
};

/// One line a fact, printable ASCII: what the verb `uplink` answers.
std::string writeUplinkState(const UplinkState& state);

/// The same way back; nothing if it is not what writeUplinkState() writes.
std::optional<UplinkState> readUplinkState(std::string_view text);

}  // namespace apiary::agent
