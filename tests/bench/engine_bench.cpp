/// The engine alone, FTP and nothing recorded, against a raw epoll server in the same run: connections that are greeted
/// and closed, and the memory of idle logged-in ones. Argument: how many connections, 60,000 if not given.

#include "agent/engine/engine.hpp"
#include "agent/protocols/registry.hpp"
#include "tests/bench/dialogue.hpp"
#include "tests/bench/load.hpp"

#include <algorithm>
#include <csignal>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace apiary::agent;
using namespace apiary::bench;

constexpr std::size_t kAtOnce = 128;
constexpr int kRounds = 5;
const Dialogue kGreeting{{{"220 (vsFTPd 3.0.3)\r\n"}}, {}};

class Deaf final : public Recorder {
public:
    void received(ChannelId, std::string_view) override {}
    void sent(ChannelId, std::string_view, Delivery) override {}
    void handshake(ChannelId, std::string_view, const TlsInfo*) override {}
    void channelOpened(ChannelId, const apiary::Endpoint&, const apiary::Endpoint&) override {}
    void channelClosed(ChannelId) override {}
    void observed(const Evidence&) override {}
    bool full() const override { return false; }
    void ended(Outcome, std::function<void()> durable) override { durable(); }
};

class DeafSource final : public RecorderSource {
public:
    std::unique_ptr<Recorder> open(const SessionStart&) override { return std::make_unique<Deaf>(); }
    void refused(const Refusal&) override {}
};

[[noreturn]] void serve(std::uint16_t port, std::size_t threads) {
    DeafSource nobody;
    EngineSettings settings;
    settings.threads = threads;
    settings.connections = 20'000;
    settings.reserve = 64;
    Engine engine(settings, nobody);
    ServiceSpec service;
    service.name = "ftp";
    service.module = findModule("ftp");
    auto prepared = prepare(*service.module, {{"accounts", "listed"}, {"users", "bench:bench"}});
    if (!prepared) {
        std::cerr << "engine_bench: " << prepared.error() << '\n';
        std::_Exit(1);
    }
    service.prepared = *prepared;
    service.listens = {apiary::Endpoint::of({127, 0, 0, 1}, port)};
    service.limits.idle = std::chrono::minutes(10);
    service.admission = {Millis(0), 1, 100'000};
    if (const auto started = engine.start(service); !started) {
        std::cerr << "engine_bench: " << started.error() << '\n';
        std::_Exit(1);
    }
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < threads; ++i) {
        others.emplace_back([&engine, i] { engine.run(i); });
    }
    engine.run(0);
    std::_Exit(0);
}

/// An engine in a process of its own.
Child startEngine(std::uint16_t port, std::size_t threads) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(port, threads);
    }
    return Child(pid);
}

void connections(std::size_t total, std::size_t threads) {
    const std::uint16_t port = freePort();
    const Child ours = startEngine(port, threads);
    awaitListener(port, 20);
    const RawServer raw = startRawServer(kGreeting, threads);
    std::vector<double> rates;
    std::vector<double> ratios;
    std::vector<double> work;
    for (int round = 0; round < kRounds; ++round) {
        const double rawBefore = raw.child.cpuSeconds();
        const LoadResult ceiling = converse(kGreeting, raw.port, total, kAtOnce, 120);
        const double oursBefore = ours.cpuSeconds();
        const LoadResult reached = converse(kGreeting, port, total, kAtOnce, 120);
        if (ceiling.failed + reached.failed > 0) {
            throw std::runtime_error("connections failed: " + std::to_string(reached.failed) + " at the engine");
        }
        rates.push_back(reached.rate());
        ratios.push_back(reached.rate() / ceiling.rate());
        work.push_back((ours.cpuSeconds() - oursBefore) / (oursBefore > 0 ? raw.child.cpuSeconds() - rawBefore : 1));
    }
    report("engine_connect", median(rates), "connections/s");
    report("engine_connect_ratio", median(ratios), "of_raw_epoll", 0.6);
    report("engine_connect_cpu", median(work), "of_raw_epoll", 2.0, true);
}

void idleMemory() {
    raiseFileLimit();
    const std::uint16_t port = freePort();
    const Child served = startEngine(port, 1);
    awaitListener(port, 20);
    reportIdle("engine_idle", served, port);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        connections(argc > 1 ? std::stoul(argv[1]) : 60'000, std::max(1U, std::thread::hardware_concurrency()));
        idleMemory();
    } catch (const std::exception& error) {
        std::cerr << "engine_bench: " << error.what() << '\n';
        return 1;
    }
}
