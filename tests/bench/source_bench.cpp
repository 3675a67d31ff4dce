/// A million connections from one source, as fast as they go, at the agent as it is installed with the defences that it
/// has by itself: nearly all are refused. Each is served or refused and counted as that, each refusal is in a record,
/// memory stays within its cap, and afterwards as few descriptors are open as before.
/// Arguments: how many connections (1,000,000 if not given).

#include "proto/apiary/v1/session.pb.h"
#include "tests/bench/load.hpp"
#include "tests/bench/sockets.hpp"
#include "tests/bench/spool_rows.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <tuple>
#include <unistd.h>
#include <utility>

namespace {

namespace fs = std::filesystem;
using namespace apiary::bench;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kAtOnce = 64;     // below what one source may have at once: who waits too little is refused
constexpr double kPatience = 1800;      // seconds for all of them
constexpr double kSettles = 60;         // seconds until the last session is over
constexpr double kGoalSeconds = 300;    // for a million, on two cores that the clients share
constexpr double kCapMiB = 64;          // of resident memory, mapped files included; at rest it is a third of it
constexpr std::size_t kSource = 0;      // of sockets.hpp: always the same address
constexpr std::size_t kSockets = 4096;  // descriptors that the clients may get

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string configure(const fs::path& folder, std::uint16_t port) {
    const fs::path file = folder / "agent.toml";
    fs::create_directories(folder / "state");
    std::ofstream(file) << "[agent]\nname = \"bench\"\nstate = \"state\"\nself_test_minutes = 0\nmetrics = \"off\"\n"
                           "[journal]\ndirectory = \"journal\"\n[spool]\nbytes = \"4GiB\"\n"
                           "[[service]]\nname = \"ftp\"\nprotocol = \"ftp\"\nlisten = [\"127.0.0.1:"
                        << port << "\"]\n";
    return file.string();
}

/// What the clients saw.
struct Contacts {
    std::size_t served = 0;   // greeted, and the end of the stream came
    std::size_t refused = 0;  // closed without a byte
    std::size_t failed = 0;   // no connection, or no end
    double seconds = 0;
};

/// Connects from one address again and again, ends its side when it is greeted, and waits for the server's end.
class Source {
public:
    explicit Source(std::uint16_t port) : port_(port), poller_(::epoll_create1(0)) {}
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    ~Source() { ::close(poller_); }

    Contacts connect(std::size_t total) {
        const auto start = Clock::now();
        std::size_t begun = 0;
        while ((begun < total || open_ > 0) && secondsSince(start) < kPatience) {
            for (; begun < total && open_ < kAtOnce; ++begun) {
                begin();
            }
            turn();
        }
        contacts_.failed += open_ + (total - begun);
        contacts_.seconds = secondsSince(start);
        return contacts_;
    }

private:
    void begin() {
        const int peer = connectFrom(kSource, port_, false);
        if (peer < 0) {
            ++contacts_.failed;
            return;
        }
        ++open_;
        greeted_.at(static_cast<std::size_t>(peer)) = false;
        epoll_event event{.events = EPOLLIN, .data = {.fd = peer}};
        ::epoll_ctl(poller_, EPOLL_CTL_ADD, peer, &event);
    }

    void turn() {
        std::array<epoll_event, kAtOnce> events{};
        const int ready = ::epoll_wait(poller_, events.data(), static_cast<int>(events.size()), 100);
        for (int i = 0; i < ready; ++i) {
            hear(events.at(static_cast<std::size_t>(i)).data.fd);
        }
    }

    void hear(int peer) {
        bool& greeted = greeted_.at(static_cast<std::size_t>(peer));
        std::array<char, 4096> buffer{};
        const ssize_t got = ::read(peer, buffer.data(), buffer.size());
        if (got > 0) {
            if (!std::exchange(greeted, true)) {
                ::shutdown(peer, SHUT_WR);
            }
            return;
        }
        if (got < 0 && errno != ECONNRESET) {
            ++contacts_.failed;
        } else {
            ++(greeted ? contacts_.served : contacts_.refused);
        }
        ::close(peer);
        --open_;
    }

    std::uint16_t port_;
    int poller_;
    std::array<bool, kSockets> greeted_{};
    std::size_t open_ = 0;
    Contacts contacts_;
};

/// What the agent says of its service.
struct Figures {
    std::uint64_t open = 0;
    std::uint64_t sessions = 0;
    std::uint64_t refused = 0;
};

Figures figuresOf(const std::string& agent, const std::string& config) {
    const std::string command = '\'' + agent + "' services --config '" + config + '\'';
    const std::unique_ptr<FILE, int (*)(FILE*)> output(::popen(command.c_str(), "r"), ::pclose);
    std::array<char, 1024> line{};
    while (output && std::fgets(line.data(), line.size(), output.get()) != nullptr) {
        std::istringstream fields(line.data());
        std::string name;
        std::string skipped;
        Figures figures;
        if (fields >> name >> skipped >> skipped >> skipped >> skipped >> figures.open >> figures.sessions >>
                figures.refused &&
            name == "ftp") {
            return figures;
        }
    }
    throw std::runtime_error("the agent does not tell of its services");
}

double peakMiB(const Child& server) {
    std::ifstream status("/proc/" + std::to_string(server.pid()) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) {
            return std::stod(line.substr(6)) / 1024;
        }
    }
    throw std::runtime_error("the agent has ended");
}

/// But for folders of the journal, one an hour, which stay open.
std::size_t descriptors(const Child& server) {
    const fs::directory_iterator all("/proc/" + std::to_string(server.pid()) + "/fd");
    std::error_code gone;
    return static_cast<std::size_t>(std::ranges::count_if(
        begin(all), end(all), [&](const fs::directory_entry& entry) { return !entry.is_directory(gone); }));
}

bool settles(const std::function<bool()>& condition) {
    for (const auto start = Clock::now(); secondsSince(start) < kSettles; ::poll(nullptr, 0, 200)) {
        if (condition()) {
            return true;
        }
    }
    return condition();
}

/// Contacts that the records of refusals stand for.
std::uint64_t refusalsIn(const fs::path& state) {
    std::uint64_t refused = 0;
    readSpool(state, [&](const apiary::agent::SpoolRow& row) {
        apiary::v1::Record record;
        if (row.kind == apiary::agent::RecordKind::Probe && record.ParseFromString(row.body) &&
            record.probe().kind() == "refused") {
            refused += record.probe().packets();
        }
    });
    return refused;
}

void flood(const std::string& agent, const fs::path& folder, std::size_t total) {
    const std::uint16_t port = freePort();
    const std::string config = configure(folder, port);
    Contacts contacts;
    Figures grown;
    {
        const Child served({agent, "run", "--config", config}, (folder / "agent.log").string());
        awaitListener(port, 20);
        const auto calm = [&] { return figuresOf(agent, config).open == 0; };
        if (!settles(calm)) {
            throw std::runtime_error("the session of who asked for the listener does not end");
        }
        const Figures before = figuresOf(agent, config);
        const std::size_t open = descriptors(served);
        contacts = Source(port).connect(total);
        std::ignore = settles([&] { return calm() && descriptors(served) <= open; });
        const Figures after = figuresOf(agent, config);
        grown = {.open = after.open,
                 .sessions = after.sessions - before.sessions,
                 .refused = after.refused - before.refused};
        report("source_descriptors_left", static_cast<double>(descriptors(served)) - static_cast<double>(open),
               "descriptors", 0, true);
        report("source_peak", peakMiB(served), "MiB", kCapMiB, true);
    }
    const auto difference = [](std::uint64_t one, std::uint64_t other) {
        return static_cast<double>(std::max(one, other) - std::min(one, other));
    };
    const auto all = static_cast<double>(total);
    report("source_connections", static_cast<double>(contacts.served + contacts.refused), "connections", all);
    report("source_seconds", contacts.seconds, "s", kGoalSeconds * std::max(1.0, all / 1e6), true);
    report("source_served", static_cast<double>(contacts.served), "connections");
    report("source_refused", static_cast<double>(contacts.refused), "connections");
    report("source_miscounted_sessions", difference(grown.sessions, contacts.served), "connections", 0, true);
    report("source_miscounted_refusals", difference(grown.refused, contacts.refused), "connections", 0, true);
    report("source_unrecorded_refusals", difference(refusalsIn(folder / "state"), grown.refused), "connections", 0,
           true);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const Folder folder;
        flood(APIARY_AGENT, folder.path(), argc > 1 ? std::stoul(argv[1]) : 1'000'000);
    } catch (const std::exception& error) {
        std::cerr << "source_bench: " << error.what() << '\n';
        return 1;
    }
}
