#include "agent/coverage/socket_request.hpp"

#include "common/text/escape.hpp"

namespace apiary::agent {
namespace {

constexpr int kPatience = 5;  // seconds

}  // namespace

Result<std::vector<Descriptor>> requestSockets(const std::string& service, const Endpoint& loopback, std::size_t count,
                                               std::string_view from) {
    const std::string what = "service " + service + " has hosts, but ";
    const auto socket = connectTo(from, kPatience);
    if (!socket) {
        return Error{what + "nobody steers their connections here; start apiary-coverage apply"};
    }
    if (const auto user = peerUser(socket->get()); user != 0U) {
        return Error{what +
                     "a program that is not root's answers for apiary-coverage; end it, and start apiary-coverage"};
    }
    const std::string request = "sockets " + service + ' ' + std::to_string(loopback.port) + ' ' +
                                (loopback.v4() ? "4 " : "6 ") + std::to_string(count);
    if (!sendMessage(socket->get(), request)) {
        return Error{what + "apiary-coverage does not listen; look at its log"};
    }
    auto answer = receiveMessage(socket->get());
    if (!answer) {
        return Error{what + "apiary-coverage does not answer; look at its log"};
    }
    if (answer->text != "ok") {
        return Error{what + escapeCut(answer->text, 500)};
    }
    return std::move(answer->sockets);
}

}  // namespace apiary::agent
