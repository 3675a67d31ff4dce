#pragma once

#include "agent/engine/answering_sockets.hpp"
#include "agent/engine/datagram_flow.hpp"
#include "agent/engine/listener.hpp"

#include <map>
#include <memory>
#include <utility>

namespace apiary::agent {

/// Receives the datagrams of one socket and gives each to the flow of its source and target, which it begins if there
/// is none. The kernel gives all datagrams of one source and target to one thread's socket.
class DatagramListener final : public Listener, public FlowHost {
public:
    /// Without `answering`, replies leave by the socket itself; with it, what comes was sent to hosts.
    DatagramListener(Loop& loop, OpenSessions& open, EngineState& engine, std::shared_ptr<const CurrentService> current,
                     Descriptor socket, const Endpoint& bound, std::shared_ptr<const AnsweringSockets> answering);

    void begin() { launch(run()); }
    void close() override;

private:
    using FlowKey = std::pair<Endpoint, Endpoint>;  // source and target

    Task run();
    void receiveSome();
    void welcome(const Arrival& arrival);
    bool mayAnswer(const Service& serving, const Arrival& arrival) const;

    bool reply(std::string_view bytes, const Endpoint& from, const SocketAddress& to) override;
    void flowOver(const Endpoint& source, const Endpoint& target) override;

    OpenSessions& open_;
    EngineState& engine_;
    Watch watch_;
    DatagramSocket socket_;
    Endpoint bound_;
    std::shared_ptr<const AnsweringSockets> answering_;  // shared with the listeners of the other threads
    std::map<FlowKey, DatagramFlow*> flows_;             // each takes itself out
    bool closed_ = false;
};

}  // namespace apiary::agent
