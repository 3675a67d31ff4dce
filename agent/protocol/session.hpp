#pragma once

/// The contract between an emulated protocol and the engine that hosts it.
///
/// A protocol is a pure state machine: bytes in, actions out. It owns no socket, thread, clock, file or
/// random source, so one process can replay, fuzz and unit-test it without a network. The engine feeds it
/// one event at a time and performs the actions it answers with, in order. One thing outside it may answer differently
/// from time to time: the shelf, which forgets what was not asked for longest.
///
/// Threading: the engine never makes two calls on one session at once. Sessions share only what is const, and a shelf.
/// Errors: nothing a peer sends is an error. Answer it, observe it, or close. An exception that leaves a
/// session is a bug in that session; the engine records it and drops the one connection.

#include "agent/protocol/readings.hpp"
#include "agent/protocol/shelf.hpp"
#include "common/net/endpoint.hpp"
#include "common/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace apiary::agent {

using Millis = std::chrono::milliseconds;
using WallTime = std::chrono::system_clock::time_point;

/// Numbers the byte streams of a session: the connection itself, then each data connection in turn.
using ChannelId = std::uint32_t;
inline constexpr ChannelId kControl = 0;

/// Evidence: what the analyst gets to see of a session besides the raw bytes.
struct Command {
    std::string verb;
    std::string argument;
};
struct Credential {
    std::string user;
    std::string secret;
    bool accepted = false;  // it was let in
};
struct Identified {
    std::string protocol;  // what the peer turned out to speak, whatever the port
};
struct PayloadPiece {
    std::uint32_t id;  // tells the uploads of one session apart; pieces come in order
    std::string bytes;
    bool last;
    std::string name = {};      // with the last: what the peer called it
    std::uint64_t offered = 0;  // with the last: bytes of the whole, kept or not; filled in by Conversation
};
struct Anomaly {
    std::string what;
};
using Evidence = std::variant<Command, Credential, Identified, PayloadPiece, Anomaly>;

/// What a session may ask of the engine. Performed strictly in the order queued.
struct Send {
    std::string bytes;  // one segment of a stream, or exactly one datagram
};
struct SendOn {
    ChannelId channel;
    std::string bytes;
};
struct SendShared {
    std::shared_ptr<const std::string> whole;  // shared because a reload may drop it while a slow peer still reads
    std::size_t offset;
    std::size_t length;
    ChannelId channel;
};
struct Pause {
    Millis
        duration;  // hold back the actions that follow, the next read and the alarm; silence is not counted meanwhile
};
struct Alarm {
    Millis after;  // replaces the pending alarm; zero cancels it
};
struct StartTls {
    std::string handedBack;  // already read, and meant to be the start of the handshake
};
struct OpenPassive {
    ChannelId channel;  // numbered by Conversation; replaces a channel that is still there
};
struct SecureChannel {
    ChannelId channel;  // shake hands there, with what the peer sends from now on
};
struct EndChannel {
    ChannelId channel;  // flush, then tell the peer that no more comes; what it still says and its end are told
};
struct CloseChannel {
    ChannelId channel;  // flush, then end that channel only
};
struct Remember {
    std::string bytes;  // replaces what this source finds in Environment::recalled at its next visit
};
struct Close {};  // flush, then end the connection and its channel
using Action = std::variant<Send, SendOn, SendShared, Pause, Alarm, StartTls, OpenPassive, SecureChannel, EndChannel,
                            CloseChannel, Remember, Close, Evidence>;

enum class Transport { Stream, Datagram };

struct TlsInfo {
    std::string sni;  // as the peer sent it: may be empty, may be anything
    std::string version;
    bool resumed = false;  // the peer went on with a session that it had from the same service before
};

/// How a channel ended: as it should, or the peer did not come in time; by a reset, or by what no TLS may end with.
enum class ChannelEnd { Whole, Broken };

/// A session's view of the world during one call: the time, and somewhere to put its answer.
class Turn {
public:
    static constexpr std::size_t kFullBytes = std::size_t{64} << 10U;
    static constexpr std::size_t kFullActions = 256;

    Turn(WallTime now, Transport transport) : now_(now), transport_(transport) {}

    WallTime now() const { return now_; }

    /// Queues bytes for the peer. Adjacent sends of a stream are merged, so small replies share a segment.
    void send(std::string_view bytes);

    /// Queues bytes that many sessions share, without a copy. The range must lie inside `whole`.
    void sendShared(std::shared_ptr<const std::string> whole, std::size_t offset, std::size_t length,
                    ChannelId channel = kControl);

    /// Asks for a port to which the peer may connect once. onPassive() answers, before anything else is interpreted.
    void openPassive();
    void sendOn(ChannelId channel, std::string_view bytes);

    /// Takes back what was queued to be sent to a stream's peer, and returns it. All else stays queued.
    std::string unsend();

    /// Turns an open channel into TLS. Nothing can be sent there until onChannelTls().
    void secureChannel(ChannelId channel) { queue(SecureChannel{channel}); }

    /// Says on a channel that nothing more comes, and leaves it to the peer to close it.
    void endChannel(ChannelId channel) { queue(EndChannel{channel}); }
    void closeChannel(ChannelId channel) { queue(CloseChannel{channel}); }

    /// Asks for a handshake. `handedBack` are bytes that the session was given but that belong to it.
    void startTls(std::string_view handedBack = {});

    void pause(Millis duration);  // zero is none
    void setAlarm(Millis after) { queue(Alarm{after}); }
    void remember(std::string bytes) { queue(Remember{std::move(bytes)}); }

    /// Asks to be told by onResume() once the actions queued so far are performed.
    void askResume() { resume_ = true; }

    /// Pieces of one payload that follow each other become one, so that a body in tiny chunks is no flood of records.
    void observe(Evidence evidence);
    void close();

    /// True once the rest of the input must stay unread: the session closed, or asked for TLS or a port.
    bool halted() const { return halted_; }

    /// True once this is answer enough for one call. Leave the rest of the input; onResume() follows.
    bool full() const { return bytes_ >= kFullBytes || actions_.size() >= kFullActions; }

    /// True if onResume() is to follow.
    bool resumes() const { return resume_ || full(); }

    std::vector<Action> takeActions() && { return std::move(actions_); }

private:
    void queue(Action action);

    WallTime now_;
    Transport transport_;
    std::vector<Action> actions_;
    std::size_t bytes_ = 0;  // that the actions ask to send
    bool resume_ = false;
    bool halted_ = false;
    bool closed_ = false;  // whatever a session says after close() is dropped
};

/// One conversation with one peer. Implement onBytes(); override the rest where the protocol cares.
class Session {
public:
    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    virtual ~Session() = default;

    /// The connection is up. A protocol whose server talks first sends its greeting here.
    virtual void onOpen(Turn&) {}

    /// A non-empty piece of a stream, cut anywhere, or one whole datagram.
    virtual void onBytes(std::string_view bytes, Turn& turn) = 0;

    /// What the last turn asked for is done: go on with the input that it left.
    virtual void onResume(Turn&) {}

    /// The handshake asked for with startTls() succeeded; bytes are plaintext again.
    virtual void onTls(const TlsInfo&, Turn&) {}

    /// The handshake asked for failed; `error` is how OpenSSL words the reason, empty if it was not asked. Last words,
    /// in plaintext; the engine closes afterwards.
    virtual void onTlsFailed(std::string_view /*error*/, Turn&) {}

    /// TLS was due from the first byte, and the peer began with `bytes`, which are no handshake; they are as many as a
    /// TLS server looks at, or more. True if the session answered, in plaintext: the engine closes then. Else TLS says
    /// what it says, and only evidence counts.
    virtual bool onNotTls(std::string_view /*bytes*/, Turn&) { return false; }

    /// Where the peer may connect now, or nothing if no port is to be had.
    virtual void onPassive(std::optional<Endpoint>, Turn&) {}

    /// The peer connected there; spoke; ended the channel, or did not come in time.
    virtual void onChannelOpen(ChannelId, Turn&) {}
    virtual void onChannelBytes(ChannelId, std::string_view /*bytes*/, Turn&) {}
    virtual void onChannelClosed(ChannelId, ChannelEnd, Turn&) {}

    /// The handshake asked for with secureChannel() succeeded: bytes are plaintext again. Or it failed, by what came or
    /// by silence, and the channel is gone.
    virtual void onChannelTls(ChannelId, const TlsInfo&, Turn&) {}
    virtual void onChannelTlsFailed(ChannelId, Turn&) {}

    /// False while the session has no use for the channel's bytes and end: they wait, as in a socket nobody reads.
    virtual bool readsChannel() const { return true; }

    /// The alarm set last has rung. At most one alarm is pending.
    virtual void onAlarm(Turn&) {}

    /// The peer was silent too long: last words. onCut() follows, then the engine closes.
    virtual void onIdle(Turn&) {}

    /// The session ends in its midst, by a reset, a limit, or because the agent stops: last evidence, of an upload
    /// under way for instance. What it sends is dropped. May follow onPeerClosed() and onIdle().
    virtual void onCut(Turn&) {}

    /// The peer finished sending. Nothing more will arrive; answers may still be read.
    virtual void onPeerClosed(Turn&) {}

    /// Gives up the bytes that came behind the one which made the turn halt: sent before our answer was known.
    virtual std::string takeUnread() { return {}; }
};

/// What an operator writes for a setting: the value itself, or the path, from agent.toml on, of what the agent is to
/// read: a folder with all its files, or a TOML file of tables.
enum class SettingKind { Text, Folder, Tables };

/// A value an operator may set per service, documented where it is declared.
struct Setting {
    std::string_view name;
    std::string_view fallback;  // empty unless a Text
    std::string_view help;
    SettingKind kind = SettingKind::Text;
};

/// Values by name, one for each setting that the module declares.
using Settings = std::map<std::string, std::string, std::less<>>;

/// What a protocol makes of its settings, once per service: parsed values, texts, decoys. Shared by all its sessions.
struct Prepared {
    virtual ~Prepared() = default;
};

/// Makes a module's Prepared, once per service. A module whose settings are all texts has no use for readings.
class Preparation {
public:
    using Outcome = Result<std::shared_ptr<const Prepared>>;
    using FromTexts = Outcome (*)(const Settings&, std::uint64_t sensorSeed);
    using FromFiles = Outcome (*)(const Settings&, const Readings&, std::uint64_t sensorSeed);

    constexpr Preparation(FromTexts from) : fromTexts_(from) {}  // NOLINT(google-explicit-constructor)
    constexpr Preparation(FromFiles from) : fromFiles_(from) {}  // NOLINT(google-explicit-constructor)

    Outcome operator()(const Settings& settings, const Readings& readings, std::uint64_t sensorSeed) const {
        return fromFiles_ != nullptr ? fromFiles_(settings, readings, sensorSeed) : fromTexts_(settings, sensorSeed);
    }

private:
    FromTexts fromTexts_ = nullptr;
    FromFiles fromFiles_ = nullptr;
};

/// Everything a session may know of its peer when it is born. Equal environments make equal sessions.
struct Environment {
    Endpoint peer;
    Endpoint local;
    bool tls = false;                   // the listener already wrapped the stream
    bool offersTls = false;             // the service has a certificate: startTls() may succeed
    std::uint64_t seed = 0;             // the only source of variation but the shelf
    std::string recalled;               // what this source left at this service by Remember at an earlier visit
    std::shared_ptr<Shelf> shelf = {};  // for what is too large for that; null where there is none
};

/// How the server that a module stands for does TLS, as far as a peer can see it.
struct TlsProfile {
    std::string_view ciphers = "ALL:!aNULL:!eNULL:@SECLEVEL=0";  // of TLS 1.2 and before, as OpenSSL writes such a list
    std::string_view groups = {};                                // for the exchange of keys, likewise; empty: its own
    bool old = true;                                             // TLS 1.0 and 1.1 too
    bool alerts = true;                                          // says why a handshake failed
    bool endIsError = false;                                     // the peer's end in its midst is such a reason
};

/// What the registry knows of a protocol. Define exactly one, constinit, at the end of the protocol's file.
struct Module {
    std::string_view name;  // lower case; names log files, database rows and the console's legend
    Transport transport;
    bool speaksFirst;                      // the server greets before the peer says anything
    std::span<const std::uint16_t> ports;  // suggestions; the configuration decides
    std::span<const Setting> settings;
    Preparation prepare;
    std::unique_ptr<Session> (*open)(const Prepared&, const Environment&);  // the prepared part outlives the session
    TlsProfile tls = {};
};

/// For Module::open, of a session whose constructor takes its service and its environment.
template <typename S, typename P>
std::unique_ptr<Session> openSession(const Prepared& prepared, const Environment& environment) {
    return std::make_unique<S>(static_cast<const P&>(prepared), environment);
}

/// Lays overrides over the module's fallbacks and prepares. `sensorSeed` is the same at every start of a sensor and
/// differs between sensors: what must vary from host to host but stay the same on each is derived from it.
/// An Error names the setting that is unknown or bad, and what it may be.
Result<std::shared_ptr<const Prepared>> prepare(const Module& module, const Settings& overrides = {},
                                                std::uint64_t sensorSeed = 0, const Readings& readings = {});

}  // namespace apiary::agent
