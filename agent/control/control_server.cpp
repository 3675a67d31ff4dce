#include "agent/control/control_server.hpp"

#include "common/concurrent/guarded.hpp"
#include "common/log/log.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace apiary::agent {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kClients = 32;
constexpr std::size_t kLongestLine = 256;
constexpr std::size_t kUnread = std::size_t{1} << 20U;
constexpr auto kPatience = std::chrono::seconds(10);

struct Client {
    int socket = -1;
    std::string request;
    std::string answer;  // not yet taken by the client
    bool answered = false;
    bool follows = false;
    bool saysNoMore = false;  // it has ended its side, and may still read
    Steady::time_point since = Steady::now();
};

std::string reason() {
    return std::generic_category().message(errno);
}

/// Nothing if the path does not fit into a socket's address.
bool fill(sockaddr_un& address, const std::string& path) {
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return false;
    }
    std::ranges::copy(path, std::begin(address.sun_path));
    return true;
}

}  // namespace

class ControlServer::Impl {
public:
    Impl(int listener, int bell, std::string path, Answer answer)
        : listener_(listener), bell_(bell), path_(std::move(path)), answer_(std::move(answer)) {}
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() {
        for (const Client& client : clients_) {
            ::close(client.socket);
        }
        ::unlink(path_.c_str());
        ::close(listener_);
        ::close(bell_);
    }

    void run() {
        while (!closed_) {
            std::vector<pollfd> waiting{{bell_, POLLIN, 0}, {listener_, POLLIN, 0}};
            for (const Client& client : clients_) {
                const int hears = client.saysNoMore ? 0 : POLLIN;
                const int speaks = client.answer.empty() ? 0 : POLLOUT;
                waiting.push_back({client.socket, static_cast<short>(hears | speaks), 0});
            }
            ::poll(waiting.data(), waiting.size(), 1000);
            std::uint64_t rung = 0;
            if ((waiting[0].revents & POLLIN) != 0 && ::read(bell_, &rung, sizeof rung) < 0) {
                continue;
            }
            for (std::size_t i = 0; i < clients_.size(); ++i) {
                if (!serve(clients_[i], waiting[i + 2].revents)) {
                    ::close(std::exchange(clients_[i].socket, -1));
                }
            }
            follow();
            std::erase_if(clients_, [](const Client& client) { return client.socket < 0; });
            if ((waiting[1].revents & POLLIN) != 0) {
                accept();
            }
        }
    }

    void close() {
        closed_ = true;
        ring();
    }

    void publish(std::string_view text) {
        if (followers_ == 0) {
            return;
        }
        const bool first = news_.with([&](std::string& news) {
            const bool empty = news.empty();
            if (news.size() < kUnread) {
                news.append(text);
            }
            return empty;
        });
        if (first) {
            ring();
        }
    }

private:
    void ring() const {
        const std::uint64_t once = 1;
        if (::write(bell_, &once, sizeof once) < 0) {
            log::debug("control: the bell is rung already");
        }
    }

    void accept() {
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket >= 0 && clients_.size() < kClients) {
            clients_.push_back({.socket = socket, .request = {}, .answer = {}});
        } else if (socket >= 0) {
            ::close(socket);
        }
    }

    /// False when the client is to go.
    bool serve(Client& client, short events) {
        if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) {
            std::array<char, kLongestLine> buffer{};
            const ssize_t got = ::recv(client.socket, buffer.data(), buffer.size(), 0);
            client.saysNoMore = got == 0;
            if ((got == 0 && (events & POLLHUP) != 0) || (got < 0 && errno != EAGAIN)) {
                followers_ -= client.follows ? 1 : 0;
                return false;
            }
            if (got > 0 && !client.answered) {
                client.request.append(buffer.data(), static_cast<std::size_t>(got));
            }
        }
        const auto end = client.request.find('\n');
        const bool whole = end != std::string::npos || client.saysNoMore;
        if (!client.answered && (whole || client.request.size() > kLongestLine)) {
            answer(client, client.request.substr(0, std::min(end, kLongestLine)));
        }
        if (!client.follows && Steady::now() - client.since > kPatience) {
            return false;
        }
        return flush(client);
    }

    void answer(Client& client, const std::string& line) {
        const auto space = std::min(line.find(' '), line.size());
        const std::string_view verb = std::string_view(line).substr(0, space);
        const std::string_view argument = std::string_view(line).substr(std::min(space + 1, line.size()));
        client.answered = true;
        if (verb == "tail") {
            client.follows = true;
            ++followers_;
            client.answer = "ok\n";
            return;
        }
        const Result<std::string> text = answer_(verb, argument);  // a self-test takes its time
        client.since = Steady::now();
        client.answer = text ? "ok\n" + *text : "error\n" + text.error() + '\n';
    }

    bool flush(Client& client) {
        if (!client.answer.empty()) {
            const ssize_t sent = ::send(client.socket, client.answer.data(), client.answer.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno != EAGAIN) {
                followers_ -= client.follows ? 1 : 0;
                return false;
            }
            client.answer.erase(0, sent > 0 ? static_cast<std::size_t>(sent) : 0);
        }
        return !client.answered || client.follows || !client.answer.empty();
    }

    /// Hands the news to all who follow. Who has not read the news before gets a word instead, and what it had; then it
    /// is let go, read or not.
    void follow() {
        const std::string news = news_.with([](std::string& text) { return std::exchange(text, {}); });
        if (news.empty()) {
            return;
        }
        for (Client& client : clients_) {
            if (client.socket < 0 || !client.follows) {
                continue;
            }
            if (client.answer.size() + news.size() > kUnread) {
                client.answer += "(cut off: reading too slowly)\n";
                client.follows = false;
                client.since = Steady::now();
                --followers_;
            } else {
                client.answer += news;
            }
            if (!flush(client)) {
                ::close(std::exchange(client.socket, -1));
            }
        }
    }

    const int listener_;
    const int bell_;
    const std::string path_;
    const Answer answer_;
    std::atomic<bool> closed_ = false;
    std::atomic<int> followers_ = 0;
    Guarded<std::string> news_;
    std::vector<Client> clients_;  // of run()
};

Result<std::unique_ptr<ControlServer>> ControlServer::open(const std::string& path, Answer answer) {
    sockaddr_un address{};
    if (!fill(address, path)) {
        return Error{"the control socket's path " + path + " is too long; give [agent] state a shorter one"};
    }
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ::unlink(path.c_str());  // who holds the state folder's lock owns the name
    const mode_t before = ::umask(0177);
    const bool bound = ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                       ::listen(listener, 16) == 0;
    ::umask(before);
    const int bell = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!bound || bell < 0) {
        const std::string why = reason();
        ::close(listener);
        return Error{"cannot make the control socket " + path + ": " + why + "; see that its folder is writable"};
    }
    return std::unique_ptr<ControlServer>(
        new ControlServer(std::make_unique<Impl>(listener, bell, path, std::move(answer))));
}

ControlServer::ControlServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ControlServer::~ControlServer() = default;

void ControlServer::run() {
    impl_->run();
}

void ControlServer::close() {
    impl_->close();
}

void ControlServer::publish(std::string_view text) {
    impl_->publish(text);
}

Status askAgent(const std::string& path, const std::string& request,
                const std::function<void(std::string_view)>& show) {
    sockaddr_un address{};
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!fill(address, path) || ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const std::string why = reason();
        ::close(socket);
        return Error{"no agent answers at " + path + " (" + why + "); start it with: apiary-agent run --config FILE"};
    }
    const std::string line = request + '\n';
    std::string head;
    bool refused = false;
    bool headed = false;
    std::array<char, 16384> buffer{};
    ssize_t got = ::send(socket, line.data(), line.size(), MSG_NOSIGNAL);
    while (got > 0 && (got = ::recv(socket, buffer.data(), buffer.size(), 0)) > 0) {
        std::string_view piece(buffer.data(), static_cast<std::size_t>(got));
        if (!headed) {
            head.append(piece);
            const auto end = head.find('\n');
            if (end == std::string::npos) {
                continue;
            }
            headed = true;
            refused = head.substr(0, end) != "ok";
            head.erase(0, end + 1);
            piece = head;
        } else if (refused) {
            head.append(piece);
        }
        if (!refused && !piece.empty()) {
            show(piece);
        }
    }
    ::close(socket);
    if (!headed) {
        return Error{"the agent ended the connection without an answer"};
    }
    if (refused) {
        return Error{head.substr(0, head.find_last_not_of('\n') + 1)};
    }
    return Done{};
}

}  // namespace apiary::agent
