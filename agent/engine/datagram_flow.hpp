#pragma once

#include "agent/engine/datagram_socket.hpp"
#include "agent/engine/session_host.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// What a flow needs of the socket it came by.
class FlowHost {
public:
    /// False if it could not be handed to the network, or the socket is closed.
    virtual bool reply(std::string_view bytes, const Endpoint& from, const SocketAddress& to) = 0;

    /// The flow takes no more datagrams: the next one of its source begins another.
    virtual void flowOver(const Endpoint& source, const Endpoint& target) = 0;

protected:
    ~FlowHost() = default;
};

/// Carries one conversation with one source by datagrams: begins with the first, ends when the session closes or the
/// source is silent. What it sends must be earned (ReplyCredit), and what it sends last goes out when the end is
/// durable.
class DatagramFlow final : public SessionHost {
public:
    /// `answered` is false if whatever came must only be recorded.
    DatagramFlow(Loop& loop, OpenSessions& open, EngineState& engine, std::shared_ptr<const Service> service,
                 Allowance::Share share, std::shared_ptr<FlowHost> host, const Arrival& first, bool answered);
    ~DatagramFlow() override;

    /// Asks admission for the source.
    bool admit() { return admitted(from_.endpoint(), to_); }
    void play() { launch(run()); }

    /// Takes a datagram of this flow. While too many wait already it is dropped, which is counted and noted at the end.
    void deliver(std::string_view bytes);

private:
    Task run();
    Task converse();
    Task perform(Actions actions);
    Task pause(Millis duration);
    void noteDatagram(std::string_view bytes);
    void noteDropped();
    void send(std::string_view bytes, bool last);
    void leaveHost();

    Allowance::Share share_;
    std::shared_ptr<FlowHost> host_;  // shared by the flows that came by it: a stopped service's go on to their end
    SocketAddress from_;
    Endpoint to_;
    bool answered_;
    bool noted_ = false;      // that something was withheld
    bool reachable_ = false;  // the host knows of this flow
    std::deque<std::string> inbox_;
    std::size_t inboxSize_ = 0;
    std::uint64_t dropped_ = 0;  // datagrams, and their bytes
    std::uint64_t droppedBytes_ = 0;
    std::optional<std::string> lastReply_;  // paid for and recorded, not sent yet
};

}  // namespace apiary::agent
