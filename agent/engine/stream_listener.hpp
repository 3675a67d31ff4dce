#pragma once

#include "agent/engine/listener.hpp"
#include "agent/engine/session_host.hpp"

#include <memory>

namespace apiary::agent {

/// Accepts the connections of one listening socket and gives each to a StreamHost.
///
/// A connection that is refused is accepted and closed without a byte, as a server closes that is at its limit (inetd,
/// sshd's MaxStartups): the peer sees a FIN. A reset would be what no common server does. So is, where connections are
/// `steered`, one to an address at which the service has no host: the rules that brought it are of another
/// configuration.
class StreamListener final : public Listener {
public:
    StreamListener(Loop& loop, OpenSessions& open, EngineState& engine, std::shared_ptr<const CurrentService> current,
                   Descriptor socket, bool steered);

    void begin() { launch(run()); }
    void close() override;

private:
    enum class Accepting { Drained, More, NoDescriptors };

    Task run();
    Accepting acceptSome();
    void welcome(Descriptor socket, const Endpoint& peer);

    OpenSessions& open_;
    EngineState& engine_;
    Watch socket_;
    const bool steered_;
    bool closed_ = false;
};

}  // namespace apiary::agent
