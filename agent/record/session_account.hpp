#pragma once

#include "agent/journal/journal_format.hpp"
#include "agent/protocol/session.hpp"
#include "proto/apiary/v1/session.pb.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {

/// Renders the lines of one session's text log: remembers the ports of its data channels.
class SessionLines {
public:
    SessionLines(const Endpoint& source, const Endpoint& target) : source_(source), target_(target) {}

    void channel(ChannelId channel, std::uint16_t sourcePort, std::uint16_t targetPort);

    /// Appends the line of a packet.
    void packet(std::string& text, WallTime at, bool sent, ChannelId channel, std::string_view bytes) const;
    void footer(std::string& text, std::string_view protocol, Ending ending, WallTime stoppedAt) const;

    const Endpoint& source() const { return source_; }
    const Endpoint& target() const { return target_; }

private:
    struct Ports {
        ChannelId channel;
        std::uint16_t source;
        std::uint16_t target;
    };

    Endpoint source_;
    Endpoint target_;
    std::vector<Ports> channels_;
};

/// What the closing record says of its session in numbers.
struct SessionTally {
    std::uint64_t bytesIn = 0;
    std::uint64_t bytesOut = 0;
    std::uint32_t packets = 0;
    std::uint32_t credentials = 0;
    std::uint32_t commands = 0;
    std::uint32_t artifacts = 0;
    bool loginAccepted = false;
    std::string identified;

    /// Counts what a record says; packets too.
    void count(const v1::Record& record);
    void countPacket(bool sent, std::size_t bytes);
    void write(v1::SessionClosed& closed, std::uint32_t events) const;
};

}  // namespace apiary::agent
