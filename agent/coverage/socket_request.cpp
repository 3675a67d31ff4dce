#include "agent/coverage/socket_request.hpp"

#include "common/text/escape.hpp"

#include <charconv>
#include <system_error>

namespace apiary::agent {
namespace {

constexpr int kPatience = 5;       // seconds
constexpr int kShortPatience = 1;  // where the question comes again
constexpr std::string_view kRefused = "refused ";

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

Result<std::uint64_t> askRefused(std::string_view from) {
    const auto socket = connectTo(from, kShortPatience);
    if (!socket || peerUser(socket->get()) != 0U) {
        return Error{"nobody guards what the agent sends"};
    }
    if (!sendMessage(socket->get(), "refused")) {
        return Error{"apiary-coverage does not listen"};
    }
    const auto answer = receiveMessage(socket->get());
    std::uint64_t count = 0;
    if (!answer || !answer->text.starts_with(kRefused)) {
        return Error{answer ? escapeCut(answer->text, 500) : "apiary-coverage does not answer"};
    }
    const char* const end = answer->text.data() + answer->text.size();
    const auto parsed = std::from_chars(answer->text.data() + kRefused.size(), end, count);
    if (parsed.ec != std::errc() || parsed.ptr != end) {
        return Error{"apiary-coverage tells no number; let both programs be of one version"};
    }
    return count;
}

}  // namespace apiary::agent
