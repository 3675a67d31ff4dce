#pragma once

#include "common/net/endpoint.hpp"
#include "common/uuid.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace apiary::agent {

/// How a session ended, numbered as on the wire. The footer says it in words.
enum class Ending : std::uint8_t {
    Finished = 1,
    PeerClosed,
    Reset,
    TimedOut,
    Limit,
    TlsFailed,
    AgentStopped,
    Interrupted,
};

/// The phrase of the footer, as the database keeps it too: "TIMED OUT talking to".
std::string_view endingWords(Ending ending);

/// The text log of one session, byte by byte: whoever renders the same session gets the same text, and its digest.
/// Pure; each function appends whole lines, every one ending in LF, printable ASCII only.
void appendHeader(std::string& text, std::chrono::system_clock::time_point startedAt);
void appendPacket(std::string& text, std::chrono::system_clock::time_point at, const Endpoint& from, const Endpoint& to,
                  std::string_view bytes);

/// `packets` of the session were dropped under a bound: stands where they stood.
void appendDropped(std::string& text, std::uint64_t packets, std::string_view reason);

void appendFooter(std::string& text, std::string_view protocol, Ending ending, const Endpoint& source,
                  std::uint16_t localPort, std::chrono::system_clock::time_point stoppedAt);

/// Name of the folder in which a run of the agent keeps its logs. Sorts by time.
std::string runFolder(std::chrono::system_clock::time_point agentStart);

/// Where the log of a session lies below that folder: `2017-04-18/10/FTP/<start>_<source>_<port>_<id>.txt`. Made of our
/// own characters only, whatever the protocol is called.
std::string sessionPath(std::string_view protocol, const Endpoint& source, const Uuid& session);

}  // namespace apiary::agent
