#pragma once

#include "agent/engine/activity.hpp"
#include "agent/engine/allowance.hpp"
#include "agent/engine/wire.hpp"
#include "agent/protocol/recorder.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {

/// Who has a channel: told when to look at it, and what went out on it.
class ChannelOwner {
public:
    virtual void channelChanged() = 0;
    virtual void channelSent(ChannelId channel, std::string_view bytes, Delivery delivery) = 0;

    /// True while nothing more should be written, because the records of it are waiting.
    virtual bool channelMustWait() const = 0;

protected:
    ~ChannelOwner() = default;
};

/// A data connection that the session's own peer opens to a port of ours.
///
/// Listens until that peer has come, or for as long as a stall may last; connections from anybody else are closed at
/// once. Then writes what it is given at the peer's speed, while its owner does other things and reads when it likes:
/// what is not read stays in the socket. Shared bytes are never copied whole. One thread, that of its owner, whom it
/// does not outlive but for the second in which it discards what the peer still sends after our FIN.
class PassiveChannel final : public Activity {
public:
    enum class State { Listening, Open, Ended };

    /// Calls `owner` until detach(). `stall` is how long a peer may not come, or leave us unable to write.
    PassiveChannel(Loop& loop, ChannelId id, ChannelOwner& owner, Millis stall);

    /// Listens on the address of `local`, on one of `ports` (both ends included; 0, 0: any), for the address of `peer`.
    /// Nothing if no port or no descriptor is to be had.
    std::optional<Endpoint> listen(const Endpoint& local, std::pair<std::uint16_t, std::uint16_t> ports,
                                   const Endpoint& peer, Allowance& descriptors);

    ChannelId id() const { return id_; }
    State state() const { return state_; }

    /// Why it Ended: the peer would not take our bytes for too long.
    bool stalled() const { return stalled_; }

    /// True once the peer has come; who that is, and to which address.
    bool came() const { return connection_.has_value(); }
    const Endpoint& peer() const { return peer_; }
    const Endpoint& local() const { return local_; }

    /// True while something waits to be written; `owned` are the bytes that are held for this channel alone.
    bool pending() const { return state_ == State::Open && (!output_.empty() || ending_); }
    std::size_t owned() const { return state_ == State::Open ? owned_ : 0; }

    void send(std::string bytes);
    void send(SendShared shared);

    /// Shakes hands with a peer that has come, as a server; without a context that fails. `turns` bounds how many do so
    /// at a time. The peer may take as long as a stall until it begins. Then the owner is told, and takes once how it
    /// went; until then nothing is sent.
    void secure(TlsContext context, Allowance& turns);
    struct Handshake {
        std::string first;            // what the peer had sent when it began
        std::optional<TlsInfo> info;  // nothing: it failed
    };
    std::optional<Handshake> takeHandshake() { return std::exchange(shook_, std::nullopt); }

    /// Says that nothing more comes, when all is written: close_notify of TLS, else FIN. The peer may go on.
    void endOutput();

    /// Asks that the owner is told when there is something to read, and reads it.
    void wantRead();
    bool readable() const { return connection_ && (ended_ || connection_->readable() || wire_->buffered()); }
    Io read(char* into, std::size_t size, std::size_t& count);

    /// True if the peer's TLS ended without its close_notify.
    bool cutOff() const { return wire_ && wire_->cutOff(); }

    /// Calls the owner no more and writes no more. The peer sees nothing of it.
    void detach();

    /// Ends the channel: FIN, then discards what comes, for a second at most. What is still unwritten is dropped.
    void finish();

private:
    struct Chunk {
        std::string bytes;  // its own, or
        SendShared shared;  // a part of what others share
        std::string_view view() const;
    };

    Task run();
    Task serve();
    Task awaitPeer();
    Task shakeHands(Handshake& shook);
    bool serving() const { return !finishing_ && owner_ != nullptr && state_ == State::Open; }
    void acceptOne();
    void ask(Io io);
    void sayEnd();
    void writeSome();
    void packetDone(std::string_view chunk, Delivery delivery);
    void cut();
    Task linger();

    ChannelId id_;
    ChannelOwner* owner_;
    Millis stall_;
    State state_ = State::Listening;
    bool stalled_ = false;
    bool finishing_ = false;
    bool readWanted_ = false;
    bool ended_ = false;             // no more can be read: the peer's end, or what is none
    bool ending_ = false;            // its end is to be said
    bool said_ = false;              // and was
    Allowance* securing_ = nullptr;  // the handshakes to wait for, while one is due
    TlsContext context_;
    std::optional<Handshake> shook_;
    Endpoint peer_;
    Endpoint local_;
    std::optional<Allowance::Share> share_;
    std::optional<Watch> listening_;
    std::optional<Watch> connection_;
    std::optional<Wire> wire_;
    std::vector<Chunk> output_;   // in order; the first is under way
    std::size_t chunkSent_ = 0;   // of the first, recorded
    std::size_t packetSent_ = 0;  // of the packet after those, not recorded yet
    std::size_t owned_ = 0;
    Steady::time_point stallAt_ = Steady::time_point::max();
};

}  // namespace apiary::agent
