#include "agent/engine/stream_listener.hpp"

#include "agent/engine/socket_address.hpp"
#include "agent/engine/stream_host.hpp"
#include "common/log/log.hpp"
#include "common/net/address.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <sys/socket.h>
#include <utility>

namespace apiary::agent {

static constexpr int kAcceptedAtOnce = 16;  // then those who are connected have their turn
static constexpr Millis kNoDescriptorsPause{100};

StreamListener::StreamListener(Loop& loop, OpenSessions& open, EngineState& engine,
                               std::shared_ptr<const CurrentService> current, Descriptor socket, bool steered)
    : Listener(loop, std::move(current)),
      open_(open),
      engine_(engine),
      socket_(loop, std::move(socket), steered),
      steered_(steered) {}

void StreamListener::close() {
    closed_ = true;
    socket_.close();
    wake();
}

Task StreamListener::run() {
    while (!closed_) {
        socket_.wantRead(*this);
        co_await until(Steady::time_point::max());
        if (closed_ || !socket_.readable() || acceptSome() != Accepting::NoDescriptors) {
            continue;
        }
        const auto resume = Steady::now() + kNoDescriptorsPause;
        while (!closed_ && Steady::now() < resume) {
            co_await until(resume);
        }
    }
    rest();
}

StreamListener::Accepting StreamListener::acceptSome() {
    socket_.tookRead();
    for (int i = 0; i < kAcceptedAtOnce && !closed_; ++i) {
        SocketAddress peer;
        Descriptor socket(::accept4(socket_.fd(), peer.raw(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!socket) {
            switch (errno) {
                case EAGAIN:
                    socket_.tookRead(true);
                    return Accepting::Drained;
                case EMFILE:
                case ENFILE:
                case ENOBUFS:
                case ENOMEM:
                    return Accepting::NoDescriptors;
                default:
                    continue;  // that one was gone before it was accepted
            }
        }
        try {
            welcome(std::move(socket), peer.endpoint());
        } catch (const std::exception& failure) {  // the boundary of one connection
            log::error("service " + service()->spec.name + ": dropped a connection from " + logText(peer.endpoint()) +
                       ": " + failure.what());
        }
    }
    return Accepting::More;
}

void StreamListener::welcome(Descriptor socket, const Endpoint& peer) {
    const auto serving = service();
    const Endpoint target = localEndpoint(socket.get());
    if (steered_ && !(serving->spec.hosts && serving->spec.hosts->covers(target))) {
        refuse(*serving, peer, target, "no host of this service");
        return;
    }
    if (engine_.memory.over()) {
        ++engine_.refused.memory;
        refuse(*serving, peer, target, "memory");
        return;
    }
    if (engine_.recorders.full()) {
        ++engine_.refused.recorders;
        refuse(*serving, peer, target, "room for records");
        return;
    }
    auto session = engine_.sessions.take();
    if (!session) {
        ++engine_.refused.connections;
        refuse(*serving, peer, target, "connections in all");
        return;
    }
    auto descriptor = engine_.descriptors.take();
    if (!descriptor) {
        ++engine_.refused.descriptors;
        refuse(*serving, peer, target, "descriptors");
        return;
    }
    const auto& proxies = serving->spec.proxies;
    const bool fromProxy =
        !engine_.visits.expects(peer) && std::ranges::find(proxies, peer.address, &Endpoint::address) != proxies.end();
    const auto host = std::make_shared<StreamHost>(
        loop(), open_, engine_, serving,
        Connection{std::move(socket), peer, target, std::move(*session), std::move(*descriptor)});
    if (fromProxy || host->admitPeer()) {
        host->play(fromProxy);
    }
}

}  // namespace apiary::agent
