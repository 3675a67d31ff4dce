#include "tests/bench/load.hpp"

#include "tests/bench/sockets.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace apiary::bench {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
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

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values.at(values.size() / 2);
}

Folder::Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "apiary-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        fail("cannot make " + name);
    }
    path_ = name;
}

Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

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
