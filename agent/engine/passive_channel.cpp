#include "agent/engine/passive_channel.hpp"

#include "agent/engine/descriptor.hpp"
#include "agent/engine/socket_address.hpp"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace apiary::agent {
namespace {

constexpr std::chrono::seconds kHandshake{10};
constexpr Millis kTurnPoll{20};
constexpr std::chrono::seconds kLinger{1};
constexpr Millis kRecorderPoll{10};
constexpr int kPacketsAtOnce = 4;  // then others have their turn

/// A socket that listens on one of `ports` of `local`, or nothing.
Descriptor listenOn(const Endpoint& local, std::pair<std::uint16_t, std::uint16_t> ports, std::uint64_t random) {
    Descriptor socket(::socket(local.v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        return {};
    }
    // An IPv6 address that is only routed to us counts as ours for what arrives, but not for bind(); IPv4 needs no
    // leave.
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on);
    const std::uint32_t count = ports.second >= ports.first ? ports.second - ports.first + 1U : 1U;
    const auto begin = static_cast<std::uint32_t>(random % count);  // hard to guess, so that nobody waits there
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto port = static_cast<std::uint16_t>(ports.first + (begin + i) % count);
        const SocketAddress address(Endpoint{local.address, port});
        if (::bind(socket.get(), address.raw(), address.size) == 0) {
            if (::listen(socket.get(), 4) == 0) {
                return socket;
            }
            return {};  // another program listens here too; a socket can be bound but once
        }
    }
    return {};
}

}  // namespace

std::string_view PassiveChannel::Chunk::view() const {
    return shared.whole ? std::string_view(*shared.whole).substr(shared.offset, shared.length) : bytes;
}

PassiveChannel::PassiveChannel(Loop& loop, ChannelId id, ChannelOwner& owner, Millis stall)
    : Activity(loop), id_(id), owner_(&owner), stall_(stall) {}

std::optional<Endpoint> PassiveChannel::listen(const Endpoint& local, std::pair<std::uint16_t, std::uint16_t> ports,
                                               const Endpoint& peer, Allowance& descriptors) {
    share_ = descriptors.take();
    Descriptor socket = share_ ? listenOn(local, ports, loop().random()) : Descriptor();
    if (!socket) {
        state_ = State::Ended;
        return std::nullopt;
    }
    peer_ = peer;
    local_ = localEndpoint(socket.get());
    listening_.emplace(loop(), std::move(socket));
    launch(run());
    return local_;
}

Task PassiveChannel::run() {
    co_await awaitPeer();
    if (owner_ != nullptr) {
        owner_->channelChanged();
    }
    co_await serve();
    while (!finishing_ && connection_) {  // the owner closes it when its own end is recorded
        co_await until(Steady::time_point::max());
    }
    co_await linger();
}

Task PassiveChannel::serve() {
    while (serving()) {
        if (securing_ != nullptr) {
            Handshake shook;
            co_await shakeHands(shook);
            securing_ = nullptr;
            shook_ = std::move(shook);
            if (owner_ != nullptr) {
                owner_->channelChanged();
            }
            continue;
        }
        const bool mustWait = owner_->channelMustWait();
        if (mustWait) {
            stallAt_ = Steady::now() + stall_;  // the peer is not to blame
        }
        if (!output_.empty() && !mustWait) {
            writeSome();
        }
        if (ending_ && output_.empty()) {
            sayEnd();
        }
        if (pending() && Steady::now() >= stallAt_) {
            stalled_ = true;
            cut();
        }
        if (state_ != State::Open || !pending() || (readWanted_ && readable())) {
            readWanted_ = readWanted_ && !readable();
            owner_->channelChanged();
        }
        if (!serving()) {
            break;
        }
        auto wakeAt = Steady::time_point::max();
        if (pending()) {
            wakeAt = mustWait ? Steady::now() + kRecorderPoll : stallAt_;
            if (!mustWait) {
                connection_->wantWrite(*this);
            }
        }
        co_await until(wakeAt);
    }
}

Task PassiveChannel::awaitPeer() {
    const auto deadline = Steady::now() + stall_;
    while (state_ == State::Listening && !finishing_ && owner_ != nullptr) {
        if (listening_->readable()) {
            acceptOne();
        } else if (Steady::now() >= deadline) {
            state_ = State::Ended;
        } else {
            listening_->wantRead(*this);
            co_await until(deadline);
        }
    }
    listening_->close();
}

void PassiveChannel::acceptOne() {
    SocketAddress from;
    listening_->tookRead();
    Descriptor socket(::accept4(listening_->fd(), from.raw(), &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket || from.endpoint().address != peer_.address) {
        return;  // somebody else, or gone already
    }
    peer_ = from.endpoint();
    local_ = localEndpoint(socket.get());
    connection_.emplace(loop(), std::move(socket));
    wire_.emplace(connection_->fd());
    state_ = State::Open;
}

void PassiveChannel::secure(TlsContext context, Allowance& turns) {
    context_ = std::move(context);
    securing_ = &turns;
    wake();
}

/// A peer may be silent before it begins as at any other time; once it has begun it must be quick, as it takes a turn.
Task PassiveChannel::shakeHands(Handshake& shook) {
    auto deadline = Steady::now() + stall_;
    std::optional<Allowance::Share> turn;
    while (context_ && serving() && Steady::now() < deadline) {
        auto io = Io::Done;
        if (shook.first.empty()) {
            std::size_t count = 0;
            io = read(loop().buffer().data(), kPacket, count);
            shook.first.assign(loop().buffer().data(), count);
            deadline = io == Io::Done ? std::min(deadline, Steady::now() + kHandshake) : deadline;
        } else if (!turn) {
            turn = securing_->take();
            if (turn) {
                wire_->beginTls(*context_, shook.first);
                wire_->withoutTickets();  // a peer that has said all and closes would answer them by a reset
            } else {
                co_await until(std::min(deadline, Steady::now() + kTurnPoll));
            }
        } else {
            io = wire_->handshake();
            if (io == Io::Done) {
                shook.info = wire_->tlsInfo();
                co_return;
            }
        }
        if (io == Io::End || io == Io::Reset || io == Io::Broken) {
            co_return;
        }
        if (io != Io::Done) {
            ask(io);
            co_await until(deadline);
        }
    }
}

void PassiveChannel::ask(Io io) {
    if (io == Io::WantRead) {
        connection_->tookRead(wire_->drained());
        connection_->wantRead(*this);
    } else {
        connection_->wantWrite(*this);
    }
}

void PassiveChannel::endOutput() {
    if (state_ == State::Open) {
        stallAt_ = pending() ? stallAt_ : Steady::now() + stall_;
        ending_ = true;
        wake();
    }
}

void PassiveChannel::sayEnd() {
    if (wire_->closeNotify() == Io::WantWrite) {
        return;
    }
    if (wire_->plain()) {
        ::shutdown(connection_->fd(), SHUT_WR);
    }
    ending_ = false;
    said_ = true;
}

void PassiveChannel::send(std::string bytes) {
    if (state_ != State::Open || bytes.empty()) {
        return;
    }
    owned_ += bytes.size();
    if (output_.empty()) {
        stallAt_ = Steady::now() + stall_;
    }
    output_.push_back({std::move(bytes), {}});
    wake();
}

void PassiveChannel::send(SendShared shared) {
    if (state_ != State::Open || shared.length == 0) {
        return;
    }
    if (output_.empty()) {
        stallAt_ = Steady::now() + stall_;
    }
    output_.push_back({{}, std::move(shared)});
    wake();
}

void PassiveChannel::writeSome() {
    for (int packets = 0; packets < kPacketsAtOnce && !output_.empty() && state_ == State::Open;) {
        const std::string_view chunk = output_.front().view();
        const std::string_view packet = chunk.substr(chunkSent_, kPacket);
        std::size_t count = 0;
        const Io io = wire_->write(packet.substr(packetSent_), count);
        if (io == Io::WantWrite) {
            return;
        }
        if (io != Io::Done) {
            cut();
            return;
        }
        stallAt_ = Steady::now() + stall_;
        packetSent_ += count;
        if (packetSent_ == packet.size()) {
            packetDone(chunk, Delivery::Whole);
            ++packets;
            if (chunkSent_ == chunk.size()) {
                owned_ -= output_.front().bytes.size();
                output_.erase(output_.begin());
                chunkSent_ = 0;
            }
        }
    }
}

void PassiveChannel::packetDone(std::string_view chunk, Delivery delivery) {
    if (packetSent_ > 0 && owner_ != nullptr) {
        owner_->channelSent(id_, chunk.substr(chunkSent_, packetSent_), delivery);
    }
    chunkSent_ += std::exchange(packetSent_, 0);
}

/// Nothing more can be written: notes of the packet under way what went.
void PassiveChannel::cut() {
    if (!output_.empty()) {
        packetDone(output_.front().view(), Delivery::Cut);
    }
    output_.clear();
    owned_ = 0;
    state_ = State::Ended;
}

void PassiveChannel::wantRead() {
    readWanted_ = true;
    if (connection_ && !readable()) {
        connection_->wantRead(*this);
    }
}

Io PassiveChannel::read(char* into, std::size_t size, std::size_t& count) {
    const Io io = wire_->read(into, size, count);
    connection_->tookRead(wire_->drained());
    ended_ = ended_ || io == Io::End || io == Io::Reset || io == Io::Broken;
    return io;
}

void PassiveChannel::detach() {
    if (owner_ != nullptr && !output_.empty()) {
        packetDone(output_.front().view(), Delivery::Cut);
    }
    owner_ = nullptr;
    wake();
}

void PassiveChannel::finish() {
    detach();
    finishing_ = true;
    state_ = State::Ended;
    wake();
}

Task PassiveChannel::linger() {
    const auto deadline = Steady::now() + kLinger;
    if (connection_) {
        while (!said_ && wire_->closeNotify() == Io::WantWrite && Steady::now() < deadline) {
            connection_->wantWrite(*this);
            co_await until(deadline);
        }
        ::shutdown(connection_->fd(), SHUT_WR);
        for (;;) {
            const ssize_t got = ::recv(connection_->fd(), loop().buffer().data(), kPacket, MSG_DONTWAIT);
            if (got == 0 || (got < 0 && errno != EAGAIN) || Steady::now() >= deadline) {
                break;
            }
            connection_->tookRead(got < static_cast<ssize_t>(kPacket));
            connection_->wantRead(*this);
            co_await until(deadline);
        }
        connection_->close();
    }
    share_.reset();
    rest();
}

}  // namespace apiary::agent
