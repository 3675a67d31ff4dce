#include "agent/engine/answering_sockets.hpp"

#include "agent/engine/datagram_socket.hpp"

namespace apiary::agent {

void AnsweringSockets::add(std::uint16_t port, bool v4, Descriptor socket) {
    sockets_.insert_or_assign({port, v4}, std::move(socket));
}

bool AnsweringSockets::send(std::string_view bytes, const Endpoint& from, const SocketAddress& to) const {
    const auto socket = sockets_.find({from.port, from.v4().has_value()});
    return socket != sockets_.end() && DatagramSocket(socket->second.get(), from).send(bytes, from, to);
}

}  // namespace apiary::agent
