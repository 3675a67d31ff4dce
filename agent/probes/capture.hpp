#pragma once

#include "agent/hosts/interface_state.hpp"
#include "agent/probes/packet_ring.hpp"
#include "agent/probes/probe_message.hpp"
#include "agent/probes/probe_watch.hpp"
#include "common/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace apiary::agent {

/// The rings of the configured interfaces, each attached while its interface is there. Not thread-safe.
class Capture {
public:
    /// Needs CAP_NET_RAW; what follows does not.
    static Result<Capture> open(const std::vector<std::string>& interfaces, std::size_t ringBytes,
                                std::span<const sock_filter> filter);

    /// Attaches what has come or come back, and says in the log what came, went, or is of no use. Call it every second.
    void look();

    std::vector<int> fds() const;

    /// Hands what is there to the watch; returns how many packets.
    std::size_t drain(ProbeWatch& watch);

    /// What kernel and interfaces counted since the last call: the fields of that name, the others are 0.
    CaptureFigures takeFigures();

private:
    enum class Trouble { None, Gone, Down, NoEthernet, Refused };

    struct Line {
        std::string interface;
        PacketRing ring;
        int number = 0;  // that it is attached to; 0: none
        bool up = false;
        Trouble told = Trouble::None;
        std::optional<InterfaceCounts> counts{};
    };

    explicit Capture(std::vector<Line> lines) : lines_(std::move(lines)) {}
    static void look(Line& line);
    static void tell(Line& line, Trouble trouble, const std::string& text);

    std::vector<Line> lines_;
};

}  // namespace apiary::agent
