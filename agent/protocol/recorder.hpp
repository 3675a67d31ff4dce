#pragma once

#include "agent/protocol/session.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// Why a session ended; the last line of its log. Interrupted is what a session is called whose end nobody saw.
enum class Outcome { Finished, PeerClosed, Reset, TimedOut, Limit, TlsFailed, AgentStopped, Interrupted };

/// Whether the last of the bytes given went out too, or a deadline or the peer cut the write short.
enum class Delivery { Whole, Cut };

/// Which of the bytes sent are part of bytes that sessions share, a page for instance.
struct SharedPart {
    std::shared_ptr<const std::string> whole;
    std::size_t offset = 0;  // in `whole`
    std::size_t length = 0;
    std::size_t at = 0;  // in what was sent
};

/// Told of a session as it happens, in order; the local log and the spool hang here.
///
/// Called on the connection's thread; must not block. Views end with the call. Bytes are plaintext and belong to
/// one channel, kControl unless the session opened another. Nothing is called after ended(); destroying a recorder
/// that was not told of an end records the session as interrupted.
class Recorder {
public:
    Recorder() = default;
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;
    virtual ~Recorder() = default;

    virtual void received(ChannelId channel, std::string_view bytes) = 0;

    /// `bytes` were handed to the network, no more than these.
    virtual void sent(ChannelId channel, std::string_view bytes, Delivery delivery) = 0;

    /// The same, where `part` tells whose bytes some of them are: a recorder may keep those once for all.
    virtual void sentShared(ChannelId channel, std::string_view bytes, [[maybe_unused]] const SharedPart& part,
                            Delivery delivery) {
        sent(channel, bytes, delivery);
    }

    /// A handshake was tried. `first` is what the peer had sent when it began; `info` is null if it failed.
    virtual void handshake(ChannelId channel, std::string_view first, const TlsInfo* info) = 0;

    /// A data connection of the session's own peer was accepted; it was closed, by either side.
    virtual void channelOpened(ChannelId channel, const Endpoint& peer, const Endpoint& local) = 0;
    virtual void channelClosed(ChannelId channel) = 0;

    virtual void observed(const Evidence& evidence) = 0;

    /// True while more is waiting to be written than should be: read nothing until it is false again.
    virtual bool full() const = 0;

    /// Called once, last, whatever happened, and before the peer sees the end of the stream. `durable` is called once,
    /// on any thread, when the closing record is committed to disk: only then may the peer see that end.
    virtual void ended(Outcome outcome, std::function<void()> durable) = 0;
};

/// What the engine knows of a session when it begins.
struct SessionStart {
    Endpoint source;
    Endpoint target;  // as the peer addressed it
    Transport transport = Transport::Stream;
    std::string service;   // its name in the configuration
    std::string protocol;  // the module's name
    std::string persona;
    std::string syn;  // IP and TCP header of the SYN as received; empty if the kernel did not keep it
    std::optional<Endpoint> proxy = {};  // the trusted proxy that stood between
    WallTime at;
    bool selfTest = false;  // the agent's own visit
};

/// Contact that admission refused before it became a session.
struct Refusal {
    Endpoint source;
    Endpoint target;
    Transport transport = Transport::Stream;
    std::string service;
    std::string reason;  // waiting time, connections of this source, connections in all, ...
    WallTime at;
    std::uint64_t count = 1;  // contacts that this stands for: of one source, service and reason, within a second
};

/// Where recorders come from. Thread-safe, never blocks.
class RecorderSource {
public:
    virtual ~RecorderSource() = default;
    virtual std::unique_ptr<Recorder> open(const SessionStart& start) = 0;
    virtual void refused(const Refusal& refusal) = 0;

    /// True while there is no room for the records of one more session, or they cannot be written: refuse it.
    virtual bool full() const { return false; }
};

}  // namespace apiary::agent
