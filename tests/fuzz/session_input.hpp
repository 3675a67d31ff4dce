#pragma once

/// The bytes that session_fuzz.cpp understands, as a format of their own.
///
///     flags, with kRecalls a byte and 16 times that many of what the source left at an earlier visit, then messages:
///     a byte, and 0x00-0x7f: that many bytes on the connection; 0x80-0xef: that less 0x80, on the channel; more: an
///     event
///
/// Any input is valid: what is missing at the end is not sent.

#include "tests/agent/protocols/transcript.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace apiary::agent::test {

inline constexpr std::uint8_t kOnChannel = 0x80;
inline constexpr std::uint8_t kFirstEvent = 0xf0;

enum class FuzzEvent : std::uint8_t {
    Hold = kFirstEvent,  // the channel takes nothing until the message after the next
    NoPorts,             // none is given from now on
    TlsFailed,           // what came since it was asked for was no handshake
    Tls,
    ChannelOpen,
    ChannelClosed,
    Alarm,
    Idle,
    PeerClosed,
    Cut,     // the connection was reset
    NotTls,  // the message that follows came in place of a handshake that was due from the start
    ChannelBroken,
    ChannelAgain,  // a handshake on the channel: with the connection's session, with a new one, and one that failed
    ChannelAnew,
    ChannelUntls,
    // Others do nothing.
};

enum FuzzFlag : std::uint8_t { kOffersTls = 1, kRecalls = 2, kOverV6 = 4 };

/// A transcript's steps in that format. Settings are the target's own.
std::string fuzzInput(const std::vector<Step>& steps);

}  // namespace apiary::agent::test
