#pragma once

#include "agent/probes/packet.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// What a scanning tool does to its packets that nobody else does.
struct ToolMark {
    std::string_view tool;
    std::string_view rule;         // in words
    std::string_view publishedIn;  // where it is told
    bool (*fits)(const ProbePacket& packet);
};

/// The marks that show in one packet, the surest first: of two that fit the first is taken. The rules are public and
/// anybody can follow them: a name says whose marks a packet bears, not who sent it.
std::span<const ToolMark> toolMarks();

/// Tells tools by their marks. Some show only in what the packets of one source have in common, so it remembers a word
/// of each of the last few thousand sources. Not thread-safe.
class ToolTeller {
public:
    ToolTeller();

    /// The tool of this packet, 0 if none is told; nameOf() says which.
    std::uint8_t tell(const ProbePacket& packet);

    /// "" for 0. Lower case letters and digits.
    static std::string_view nameOf(std::uint8_t tool);

private:
    struct Cookie {
        std::uint32_t source = 0;  // a hash
        std::uint32_t seq = 0;
        std::uint32_t network = 0;  // of the scan, if it has addresses in that order of bytes
        std::uint32_t host = 0;
    };

    bool sharesItsCookie(const ProbePacket& packet);

    std::vector<Cookie> cookies_;
};

}  // namespace apiary::agent
