#pragma once

#include "agent/protocol/session.hpp"

namespace apiary::agent {

/// How much one connection may take. Silence and duration are watched by the host, the rest by Conversation.
struct Limits {
    Millis idle = std::chrono::minutes(2);
    Millis total = std::chrono::minutes(15);
    std::size_t received = std::size_t{2} << 20U;  // on all channels: an upload and the talk around it
    std::size_t sent = std::size_t{4} << 20U;
    std::size_t evidence = 1000;  // a payload counts once, however many its pieces
    std::size_t payload = std::size_t{1} << 20U;
};

/// One session from greeting to end, kept to the rules by which every host must play it.
///
/// Still free of I/O, so that the engine, the tests and the fuzzer share these rules instead of copying them:
/// nothing is interpreted between StartTls and the handshake, nothing happens after Close, at most one channel
/// exists besides the connection, and no limit is exceeded. Each call returns what the host must perform before
/// it looks at awaits() and makes the next; calls that do not fit the state have no effect.
class Conversation {
public:
    using Actions = std::vector<Action>;

    /// What must be told next: what the peer does; how the handshake went; a port; that the turn was performed.
    enum class Awaits { Peer, Handshake, Passive, Resume, Nothing };

    static constexpr std::size_t kRemembered = 4096;

    /// Shares `prepared` with the service's other sessions; a reload may replace it there.
    Conversation(const Module& module, std::shared_ptr<const Prepared> prepared, const Environment& environment,
                 const Limits& limits = {});

    Awaits awaits() const;
    bool over() const { return awaits() == Awaits::Nothing; }

    /// True if a limit ended it, not the session.
    bool cutShort() const { return cutShort_; }

    Actions open(WallTime now);
    Actions bytes(std::string_view bytes, WallTime now);
    Actions resume(WallTime now);
    Actions alarm(WallTime now);
    Actions idle(WallTime now);  // the last words, and what cut() takes down
    Actions peerClosed(WallTime now);

    /// The connection ends in mid-session: the peer reset it, the host stops, or the time is over. What is left is
    /// evidence and what is to be remembered.
    Actions cut(WallTime now);

    /// What precedes the handshake on the wire. Take it before tls() or tlsFailed(), and give it to the handshake.
    struct EarlyBytes {
        std::string handedBack;  // read by the session, which found that they belong to the handshake
        std::string smuggled;    // sent before our consent: an eager ClientHello, or commands in plaintext
    };
    EarlyBytes takeEarlyBytes();
    Actions tls(const TlsInfo& info, WallTime now);
    Actions tlsFailed(std::string_view error, WallTime now);

    /// TLS was due from the start, and the peer began with `bytesRead` in place of a handshake. Over if the session has
    /// words for that; else there is evidence at most, and the handshake may fail by itself.
    Actions notTls(std::string_view bytesRead, WallTime now);

    /// The port asked for, or nothing: then the channel is gone. Afterwards the channel by the number in OpenPassive.
    Actions passive(std::optional<Endpoint> where, WallTime now);
    Actions channelOpen(ChannelId channel, WallTime now);

    /// True while the host should read the channel. Bytes and an end that it gives at other times are kept until the
    /// session has use for them. A host that cannot write there any more tells channelClosed() before resume().
    bool readsChannel() const {
        return !over_ && (channel_ == Channel::Open || channel_ == Channel::Ending) && session_->readsChannel();
    }
    Actions channelBytes(ChannelId channel, std::string_view bytes, WallTime now);
    Actions channelClosed(ChannelId channel, ChannelEnd end, WallTime now);

    /// How the handshake went that SecureChannel asked for. When it failed the channel is gone.
    Actions channelTls(ChannelId channel, const TlsInfo& info, WallTime now);
    Actions channelTlsFailed(ChannelId channel, WallTime now);

private:
    enum class Channel { None, Asked, Listening, Open, Securing, Ending };

    template <typename Call>
    Actions turn(WallTime now, Call&& call);
    Actions admit(std::vector<Action> asked);
    bool admit(Send& send);
    bool admit(SendOn& send);
    bool admit(SendShared& send);
    bool admit(StartTls& tls);
    bool admit(OpenPassive& open);
    bool admit(SecureChannel& secure);
    bool admit(EndChannel& end);
    bool admit(CloseChannel& close);
    static bool admit(Remember& remember);
    bool admit(Evidence& evidence);
    bool admitPiece(PayloadPiece& piece);
    bool admit(Close&);
    static bool admit(Pause&) { return true; }
    static bool admit(Alarm&) { return true; }
    std::size_t sendable(ChannelId channel, std::size_t size);
    bool receive(std::size_t size);
    Actions cutAtLimit(WallTime now);
    void giveHeld(Turn& turn);
    void forgetHeld();

    Transport transport_;
    Limits limits_;
    Limits used_{.received = 0, .sent = 0, .evidence = 0, .payload = 0};
    bool awaitsTls_ = false;
    bool resumes_ = false;
    bool over_ = false;
    bool cutShort_ = false;
    std::optional<std::uint32_t> payloadId_;  // of the upload under way
    bool payloadKept_ = false;                // of it there was room for the first piece
    std::uint64_t offered_ = 0;               // its bytes so far, kept or not
    ChannelId channelId_ = kControl;
    Channel channel_ = Channel::None;
    std::string held_;                      // what came on the channel before the session had use for it
    std::optional<ChannelEnd> heldClosed_;  // and so did its end
    EarlyBytes early_;
    std::shared_ptr<const Prepared> prepared_;
    std::unique_ptr<Session> session_;
};

}  // namespace apiary::agent
