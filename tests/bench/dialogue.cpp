#include "tests/bench/dialogue.hpp"

#include "tests/bench/sockets.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <numeric>
#include <poll.h>
#include <string_view>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace apiary::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kDescriptors = 65536;
constexpr int kQuietMs = 300;
constexpr int kPatienceMs = 10'000;

void watch(int poller, int fd, std::uint32_t events) {
    epoll_event event{.events = events, .data = {.fd = fd}};
    ::epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

bool put(int peer, std::string_view bytes) {
    return ::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

bool put(int peer, const Words& words) {
    return std::ranges::all_of(words.packets, [peer](const std::string& packet) { return put(peer, packet); });
}

/// How far a connection is: the exchange under way, and the bytes of its input so far.
struct Progress {
    std::size_t exchange = 0;
    std::size_t bytes = 0;
};

/// The raw server's side: answers for each whole request that came, however the requests are cut.
bool answer(const Dialogue& dialogue, int peer, std::size_t got, Progress& progress) {
    progress.bytes += got;
    while (progress.exchange < dialogue.exchanges.size() &&
           progress.bytes >= dialogue.exchanges[progress.exchange].send.size()) {
        const auto& exchange = dialogue.exchanges[progress.exchange++];
        progress.bytes -= exchange.send.size();
        if (!put(peer, exchange.answer)) {
            return false;
        }
    }
    return true;
}

void serveRaw(int listener, const Dialogue& dialogue) {
    const int poller = ::epoll_create1(0);
    watch(poller, listener, EPOLLIN);
    std::vector<Progress> progress(kDescriptors);
    std::array<epoll_event, 256> events{};
    std::array<char, 65536> buffer{};
    for (;;) {
        const int ready = ::epoll_wait(poller, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < ready; ++i) {
            const int fd = events.at(static_cast<std::size_t>(i)).data.fd;
            if (fd != listener) {
                const ssize_t got = ::read(fd, buffer.data(), buffer.size());
                if (got <= 0 ||
                    !answer(dialogue, fd, static_cast<std::size_t>(got), progress.at(static_cast<std::size_t>(fd)))) {
                    ::close(fd);
                }
                continue;
            }
            for (int peer = 0; (peer = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
                if (!put(peer, dialogue.greeting)) {
                    ::close(peer);
                    continue;
                }
                progress.at(static_cast<std::size_t>(peer)) = {};
                watch(poller, peer, EPOLLIN);
            }
        }
    }
}

/// The clients of one run, all on one thread.
class Clients {
public:
    Clients(const Dialogue& dialogue, std::uint16_t port, const Targets& targets)
        : dialogue_(dialogue), port_(port), targets_(targets), poller_(::epoll_create1(0)), progress_(kDescriptors) {}
    Clients(const Clients&) = delete;
    Clients& operator=(const Clients&) = delete;
    ~Clients() { ::close(poller_); }

    std::size_t open() const { return open_; }
    const LoadResult& result() const { return result_; }

    void begin(std::size_t number) {
        const int peer = connectFrom(number, port_, false, targets_);
        if (peer < 0) {
            ++result_.failed;
            return;
        }
        ++open_;
        progress_.at(static_cast<std::size_t>(peer)) = {};
        watch(poller_, peer, dialogue_.greeting.size() == 0 ? EPOLLOUT : EPOLLIN);
    }

    void turn() {
        const int ready = ::epoll_wait(poller_, events_.data(), static_cast<int>(events_.size()), 100);
        for (int i = 0; i < ready; ++i) {
            const epoll_event& event = events_.at(static_cast<std::size_t>(i));
            if ((event.events & EPOLLOUT) != 0) {
                epoll_event readable{.events = EPOLLIN, .data = event.data};
                ::epoll_ctl(poller_, EPOLL_CTL_MOD, event.data.fd, &readable);
                speak(event.data.fd, 0);
            } else {
                hear(event.data.fd);
            }
        }
    }

private:
    /// Sends the next request, or ends its side behind the last answer. progress.exchange counts the greeting too.
    void speak(int peer, std::size_t exchange) {
        if (exchange == dialogue_.exchanges.size()) {
            ::shutdown(peer, SHUT_WR);
        } else if (!put(peer, dialogue_.exchanges[exchange].send)) {
            end(peer, false);
            return;
        }
        progress_.at(static_cast<std::size_t>(peer)) = {exchange + 1, 0};
    }

    void hear(int peer) {
        Progress& progress = progress_.at(static_cast<std::size_t>(peer));
        const ssize_t got = ::read(peer, buffer_.data(), buffer_.size());
        if (got <= 0) {
            end(peer, got == 0 && progress.exchange > dialogue_.exchanges.size());
            return;
        }
        progress.bytes += static_cast<std::size_t>(got);
        const Words& due =
            progress.exchange == 0
                ? dialogue_.greeting
                : dialogue_.exchanges[std::min(progress.exchange, dialogue_.exchanges.size()) - 1].answer;
        if (progress.exchange <= dialogue_.exchanges.size() && progress.bytes >= due.size()) {
            speak(peer, progress.exchange);
        }
    }

    void end(int peer, bool completed) {
        ::close(peer);
        --open_;
        ++(completed ? result_.completed : result_.failed);
    }

    const Dialogue& dialogue_;
    std::uint16_t port_;
    Targets targets_;
    int poller_;
    std::vector<Progress> progress_;
    std::size_t open_ = 0;
    LoadResult result_;
    std::array<epoll_event, 256> events_{};
    std::array<char, 65536> buffer_{};
};

Words readUntilQuiet(int peer) {
    Words words;
    std::array<char, 65536> buffer{};
    pollfd readable{peer, POLLIN, 0};
    while (::poll(&readable, 1, words.packets.empty() ? kPatienceMs : kQuietMs) == 1) {
        const ssize_t got = ::read(peer, buffer.data(), buffer.size());
        if (got <= 0) {
            break;
        }
        words.packets.emplace_back(buffer.data(), static_cast<std::size_t>(got));
    }
    if (words.packets.empty()) {
        fail("no answer to learn");
    }
    return words;
}

}  // namespace

std::size_t Words::size() const {
    return std::accumulate(packets.begin(), packets.end(), std::size_t{0},
                           [](std::size_t sum, const std::string& packet) { return sum + packet.size(); });
}

Dialogue learn(std::uint16_t port, const std::vector<std::string>& sends, bool greets) {
    const int peer = connectFrom(1, port, true);
    if (peer < 0) {
        fail("nothing to learn from on port " + std::to_string(port));
    }
    Dialogue dialogue;
    dialogue.greeting = greets ? readUntilQuiet(peer) : Words{};
    for (const std::string& send : sends) {
        if (!put(peer, send)) {
            fail("a request was not taken");
        }
        dialogue.exchanges.push_back({send, readUntilQuiet(peer)});
    }
    ::close(peer);
    return dialogue;
}

RawServer startRawServer(const Dialogue& dialogue, std::size_t threads) {
    const int first = listenOn(0);
    const std::uint16_t port = portOf(first);
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        std::vector<std::thread> others;
        for (std::size_t i = 1; i < threads; ++i) {
            others.emplace_back([port, &dialogue] { serveRaw(listenOn(port), dialogue); });
        }
        serveRaw(first, dialogue);
    }
    ::close(first);
    return {Child(pid), port};
}

LoadResult converse(const Dialogue& dialogue, std::uint16_t port, std::size_t total, std::size_t atOnce,
                    double patience, const Targets& targets) {
    Clients clients(dialogue, port, targets);
    std::size_t begun = 0;
    const auto start = Clock::now();
    const auto passed = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
    while ((begun < total || clients.open() > 0) && passed() < patience) {
        while (begun < total && clients.open() < atOnce) {
            clients.begin(begun++);
        }
        clients.turn();
    }
    LoadResult result = clients.result();
    result.seconds = passed();
    result.failed += clients.open();
    return result;
}

}  // namespace apiary::bench
