#include "tests/bench/load.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace apiary::bench {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

sockaddr_in loopback(std::uint32_t host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(0x7f000000U | host);
    address.sin_port = htons(port);
    return address;
}

int listenOn(std::uint16_t port) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    const sockaddr_in address = loopback(1, port);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener, 4096) != 0) {
        fail("the raw server cannot listen");
    }
    return listener;
}

std::uint16_t portOf(int socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
}

void serveRaw(int listener, std::string_view banner) {
    const int poller = ::epoll_create1(0);
    epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
    ::epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    std::array<epoll_event, 256> events{};
    std::array<char, 4096> buffer{};
    for (;;) {
        const int ready = ::epoll_wait(poller, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < ready; ++i) {
            const int fd = events.at(static_cast<std::size_t>(i)).data.fd;
            if (fd != listener) {
                if (::read(fd, buffer.data(), buffer.size()) <= 0) {
                    ::close(fd);
                }
                continue;
            }
            for (int peer = 0; (peer = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
                if (::write(peer, banner.data(), banner.size()) < 0) {
                    ::close(peer);
                    continue;
                }
                epoll_event readable{.events = EPOLLIN, .data = {.fd = peer}};
                ::epoll_ctl(poller, EPOLL_CTL_ADD, peer, &readable);
            }
        }
    }
}

/// From a source that changes with every number, so that no pair of addresses runs out of ports.
int connectFrom(std::size_t number, std::uint16_t port, bool blocking) {
    const int peer = ::socket(AF_INET, SOCK_STREAM | (blocking ? 0 : SOCK_NONBLOCK), 0);
    if (peer < 0) {
        fail("no socket for the client; raise ulimit -n");
    }
    const int on = 1;
    ::setsockopt(peer, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    ::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const sockaddr_in from = loopback(0x10000U + static_cast<std::uint32_t>(number % 50021), 0);
    ::bind(peer, reinterpret_cast<const sockaddr*>(&from), sizeof from);
    const sockaddr_in to = loopback(1, port);
    if (::connect(peer, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS) {
        ::close(peer);
        return -1;
    }
    return peer;
}

/// The sockets of `count` sessions that have logged in, still open.
std::vector<int> logInIdle(std::uint16_t port, std::size_t count) {
    static constexpr std::array<std::string_view, 2> kLines{"USER bench\r\n", "PASS bench\r\n"};
    std::vector<int> peers;
    std::array<char, 4096> buffer{};
    const auto awaitLine = [&](int peer) {
        pollfd readable{peer, POLLIN, 0};
        if (::poll(&readable, 1, 10'000) != 1 || ::read(peer, buffer.data(), buffer.size()) <= 0) {
            fail("connection " + std::to_string(peers.size()) + " got no answer");
        }
    };
    for (std::size_t i = 0; i < count; ++i) {
        const int peer = connectFrom(i, port, true);
        if (peer < 0) {
            fail("connection " + std::to_string(i) + " was refused");
        }
        peers.push_back(peer);
        awaitLine(peer);
        for (const std::string_view line : kLines) {
            if (::write(peer, line.data(), line.size()) < 0) {
                fail("a line was not taken");
            }
            awaitLine(peer);
        }
    }
    return peers;
}

}  // namespace

void report(std::string_view name, double value, std::string_view unit, double goal, bool atMost) {
    const bool met = atMost ? value <= goal : value >= goal;
    std::printf("bench %s %.3f %s goal %s%.3f %s\n", std::string(name).c_str(), value, std::string(unit).c_str(),
                atMost ? "<=" : ">=", goal, met ? "ok" : "SHORT");
    std::fflush(stdout);
}

void report(std::string_view name, double value, std::string_view unit) {
    std::printf("bench %s %.3f %s\n", std::string(name).c_str(), value, std::string(unit).c_str());
    std::fflush(stdout);
}

Child::Child(const std::vector<std::string>& argv, const std::string& log) : pid_(-1) {
    if (::access(argv.front().c_str(), X_OK) != 0) {
        fail("cannot run " + argv.front());
    }
    std::vector<char*> words;
    for (const std::string& word : argv) {
        words.push_back(const_cast<char*>(word.c_str()));
    }
    words.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
        ::dup2(out, 1);
        ::dup2(out, 2);
        ::execv(words.front(), words.data());
        ::_exit(127);
    }
}

void Child::stop() {
    if (pid_ <= 0) {
        return;
    }
    ::kill(pid_, SIGTERM);
    const auto start = Clock::now();
    while (::waitpid(pid_, nullptr, WNOHANG) == 0) {
        if (secondsSince(start) > 30) {
            ::kill(pid_, SIGKILL);
        }
        ::poll(nullptr, 0, 10);
    }
    pid_ = -1;
}

void Child::awaitSuccess() {
    int status = 0;
    const bool ended = ::waitpid(pid_, &status, 0) == pid_;
    pid_ = -1;
    if (!ended || status != 0) {
        fail("a program of the bench failed");
    }
}

std::size_t Child::residentBytes() const {
    std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("RssAnon:")) {
            return std::stoul(line.substr(8)) * 1024;
        }
    }
    return 0;
}

double Child::cpuSeconds() const {
    std::ifstream stat("/proc/" + std::to_string(pid_) + "/stat");
    std::string line;
    std::getline(stat, line);
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::string skipped;
    for (int i = 3; i < 14; ++i) {
        fields >> skipped;
    }
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

RawServer startRawServer(std::string_view banner, std::size_t threads) {
    const int first = listenOn(0);
    const std::uint16_t port = portOf(first);
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        std::vector<std::thread> others;
        for (std::size_t i = 1; i < threads; ++i) {
            others.emplace_back([port, banner] { serveRaw(listenOn(port), banner); });
        }
        serveRaw(first, banner);
    }
    ::close(first);
    return {Child(pid), port};
}

LoadResult connectBannerClose(std::uint16_t port, std::size_t total, std::size_t atOnce, double patience) {
    enum class Stage : std::uint8_t { Greeting, Ending };
    LoadResult result;
    const int poller = ::epoll_create1(0);
    std::vector<Stage> stages(65536, Stage::Greeting);
    std::array<epoll_event, 256> events{};
    std::array<char, 4096> buffer{};
    std::size_t begun = 0;
    std::size_t open = 0;
    const auto start = Clock::now();
    const auto end = [&](int peer, bool completed) {
        ::close(peer);
        --open;
        ++(completed ? result.completed : result.failed);
    };
    while ((begun < total || open > 0) && secondsSince(start) < patience) {
        while (begun < total && open < atOnce) {
            const int peer = connectFrom(begun++, port, false);
            if (peer < 0) {
                ++result.failed;
                continue;
            }
            ++open;
            stages.at(static_cast<std::size_t>(peer)) = Stage::Greeting;
            epoll_event readable{.events = EPOLLIN, .data = {.fd = peer}};
            ::epoll_ctl(poller, EPOLL_CTL_ADD, peer, &readable);
        }
        const int ready = ::epoll_wait(poller, events.data(), static_cast<int>(events.size()), 100);
        for (int i = 0; i < ready; ++i) {
            const int peer = events.at(static_cast<std::size_t>(i)).data.fd;
            Stage& stage = stages.at(static_cast<std::size_t>(peer));
            const ssize_t got = ::read(peer, buffer.data(), buffer.size());
            if (got <= 0) {
                end(peer, got == 0 && stage == Stage::Ending);
            } else if (stage == Stage::Greeting) {
                stage = Stage::Ending;
                ::shutdown(peer, SHUT_WR);
            }
        }
    }
    result.seconds = secondsSince(start);
    result.failed += open;
    ::close(poller);
    return result;
}

void raiseFileLimit() {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
}

void reportIdle(const std::string& name, const Child& server, std::uint16_t port) {
    constexpr std::size_t kIdle = 10'000;
    constexpr std::size_t kWarm = 500;
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    const std::size_t count = std::min<std::size_t>(kIdle, files.rlim_cur > 2 * kWarm ? files.rlim_cur - kWarm : kWarm);
    for (const int warm : logInIdle(port, kWarm)) {
        ::close(warm);
    }
    const std::size_t before = server.residentBytes();
    const std::vector<int> peers = logInIdle(port, count);
    const double each = static_cast<double>(server.residentBytes() - before) / static_cast<double>(count);
    report(name + "_logged_in", static_cast<double>(peers.size()), "sessions");
    report(name + "_resident", each, "bytes/session", 4096, true);
    for (const int peer : peers) {
        ::close(peer);
    }
}

void awaitListener(std::uint16_t port, double patience) {
    const auto start = Clock::now();
    while (secondsSince(start) < patience) {
        const int peer = connectFrom(0, port, true);
        if (peer >= 0) {
            ::close(peer);
            return;
        }
        ::poll(nullptr, 0, 20);
    }
    throw std::runtime_error("nothing listens on 127.0.0.1:" + std::to_string(port));
}

std::uint16_t freePort() {
    const int listener = listenOn(0);
    const std::uint16_t port = portOf(listener);
    ::close(listener);
    return port;
}

}  // namespace apiary::bench
