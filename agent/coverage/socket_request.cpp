#include "agent/coverage/socket_request.hpp"

#include "common/text/escape.hpp"

namespace apiary::agent {
namespace {

constexpr int kPatience = 5;  // seconds

/// Waits five seconds at the longest.
Result<std::vector<Descriptor>> request(const std::string& verb, const std::string& service, const Endpoint& at,
                                        std::size_t count, std::string_view from) {
    const std::string what = "service " + service + " has hosts, but ";
    const auto socket = connectTo(from, kPatience);
    if (!socket) {
        return Error{what + "nobody steers their connections here; start apiary-coverage apply"};
    }
    if (const auto user = peerUser(socket->get()); user != 0U) {
        return Error{what +
                     "a program that is not root's answers for apiary-coverage; end it, and start apiary-coverage"};
    }
    const std::string asked =
        verb + ' ' + service + ' ' + std::to_string(at.port) + ' ' + (at.v4() ? "4 " : "6 ") + std::to_string(count);
    if (!sendMessage(socket->get(), asked)) {
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

}  // namespace

Result<std::vector<Descriptor>> requestSockets(const std::string& service, const Endpoint& loopback, std::size_t count,
                                               std::string_view from) {
    return request("sockets", service, loopback, count, from);
}

Result<std::vector<Descriptor>> requestAnswering(const std::string& service, const Endpoint& at,
                                                 std::string_view from) {
    return request("answering", service, at, 1, from);
}

}  // namespace apiary::agent
