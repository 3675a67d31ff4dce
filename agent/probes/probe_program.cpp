#include "agent/probes/probe_program.hpp"

#include "agent/hosts/surroundings.hpp"
#include "agent/probes/capture.hpp"
#include "agent/probes/kernel_filter.hpp"
#include "agent/probes/privileges.hpp"
#include "agent/probes/probe_sender.hpp"
#include "agent/probes/probes_config.hpp"
#include "common/log/log.hpp"
#include "common/process/signals.hpp"

#include <chrono>
#include <csignal>
#include <iostream>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr auto kLastSending = 2s;

std::uint64_t nowUs() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(since).count());
}

/// What grew between two looks.
CaptureFigures growth(const WatchFigures& now, const WatchFigures& before) {
    CaptureFigures figures;
    figures.seen = now.seen - before.seen;
    figures.probes = now.probes - before.probes;
    figures.connections = now.connections - before.connections;
    figures.answers = now.answers - before.answers;
    figures.foreign = now.foreign - before.foreign;
    figures.hasty = now.hasty - before.hasty;
    figures.merged = now.merged - before.merged;
    figures.beyond = now.beyond - before.beyond;
    return figures;
}

/// Those of this machine at which somebody elsewhere can be met. They may change while it runs (DHCP).
std::vector<Endpoint> ownAddresses() {
    const auto local = [](const Endpoint& address) {
        return address.v4() ? address.v4()->front() == 127
                            : address.address[0] == 0 || (address.address[0] == 0xfe && address.address[1] == 0x80);
    };
    std::vector<Endpoint> addresses;
    for (const auto& address : ownHere().addresses) {
        if (!local({address, 0})) {
            addresses.push_back({address, 0});
        }
    }
    return addresses;
}

class Program {
public:
    Program(Capture capture, ProbesConfig config)
        : capture_(std::move(capture)),
          every_(config.probes.every),
          watch_(std::move(config.hosts), {.rows = config.probes.rows, .waiting = config.probes.waiting}),
          sender_(config.user) {}

    void run(int signals) {
        watch_.setOwn(ownAddresses());
        capture_.look();
        auto nextLook = Steady::now() + 1s;
        auto nextRows = Steady::now() + every_;
        while (!wait(signals, nextLook)) {
            capture_.drain(watch_);
            const auto now = Steady::now();
            if (now >= nextLook) {
                nextLook = now + 1s;
                capture_.look();
                watch_.setOwn(ownAddresses());
                watch_.settle(nowUs() - static_cast<std::uint64_t>(watch_.settings().patience.count()));
                log::tellHeld();
            }
            if (now >= nextRows) {
                nextRows = now + every_;
                give();
            }
            sender_.pump(now);
        }
        finish();
    }

private:
    /// True when it is to end.
    bool wait(int signals, Steady::time_point until) {
        std::vector<pollfd> polled{{.fd = signals, .events = POLLIN, .revents = 0}};
        for (const int fd : capture_.fds()) {
            polled.push_back({.fd = fd, .events = POLLIN, .revents = 0});
        }
        auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now());
        if (!sender_.idle() && sender_.connected()) {
            left = std::min<std::chrono::milliseconds>(left, 100ms);
        }
        ::poll(polled.data(), polled.size(), static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if ((polled.front().revents & POLLIN) == 0) {
            return false;
        }
        signalfd_siginfo signal{};
        if (::read(signals, &signal, sizeof signal) != sizeof signal) {
            return false;
        }
        if (signal.ssi_signo == SIGHUP) {
            log::info("changes of the configuration take a restart of apiary-probes");
        }
        return signal.ssi_signo != SIGHUP;
    }

    void give() {
        CaptureFigures figures = capture_.takeFigures();
        const WatchFigures now = watch_.figures();
        figures += [&] {
            CaptureFigures grown = growth(now, told_);
            grown.interfaces = figures.interfaces;
            grown.configured = figures.configured;
            return grown;
        }();
        told_ = now;
        if (figures.kernelDropped > 0) {
            log::warn("the kernel dropped " + std::to_string(figures.kernelDropped) +
                      " packets for want of room; give [probes] a larger ring");
        }
        sender_.give(watch_.collect(), figures);
    }

    void finish() {
        capture_.drain(watch_);
        watch_.settle(nowUs());
        give();
        const auto until = Steady::now() + kLastSending;
        while (!sender_.idle() && Steady::now() < until) {
            sender_.pump(Steady::now());
            if (!sender_.idle()) {
                ::poll(nullptr, 0, 20);
            }
        }
        const WatchFigures& all = told_;
        log::info("stopped: " + std::to_string(all.seen) + " packets seen, " + std::to_string(all.probes) +
                  " probes, " + std::to_string(all.connections) + " of connections, " + std::to_string(all.answers) +
                  " answers, " + std::to_string(all.foreign) + " others" +
                  (sender_.idle() ? "" : "; NOT ALL WENT TO THE AGENT"));
    }

    Capture capture_;
    const std::chrono::milliseconds every_;
    ProbeWatch watch_;
    ProbeSender sender_;
    WatchFigures told_;
};

std::string joined(const std::vector<std::string>& lines, const char* between) {
    std::string all;
    for (const std::string& line : lines) {
        all += (all.empty() ? "" : between) + line;
    }
    return all;
}

}  // namespace

Status runProbes(const std::string& configFile) {
    holdSignals();
    ProbesReading reading = readProbesConfig(configFile);
    if (!reading.errors.empty()) {
        return Error{joined(reading.errors, "\n")};
    }
    ProbesConfig& config = reading.config;
    sigset_t wanted{};
    ::sigemptyset(&wanted);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        ::sigaddset(&wanted, signal);
    }
    const Descriptor signals(::signalfd(-1, &wanted, SFD_CLOEXEC));
    auto capture = Capture::open(config.probes.interfaces, config.probes.ring, kernelFilter(config.hosts));
    if (!capture) {
        return Error{capture.error()};
    }
    if (const Status gone = giveUpPrivileges(config.user, config.group); !gone) {
        return gone;
    }
    Program program(std::move(*capture), std::move(config));
    program.run(signals.get());
    return Done{};
}

Status checkProbes(const std::string& configFile) {
    const ProbesReading reading = readProbesConfig(configFile);
    if (!reading.errors.empty()) {
        return Error{joined(reading.errors, "\n")};
    }
    const ProbesSetting& probes = reading.config.probes;
    for (const std::string& interface : probes.interfaces) {
        const auto state = interfaceState(interface);
        std::cout << "interface " << interface << ": "
                  << (!state             ? "not there; it would be waited for"
                      : !state->ethernet ? "no Ethernet; it would NOT be watched"
                      : state->up        ? "up"
                                         : "down")
                  << '\n';
    }
    std::cout << configFile << ": ok, " << reading.config.hosts.plan.ranges.size() << " ranges, "
              << (probes.listeners.empty() ? "" : "the machine's own addresses on which services listen, ")
              << kernelFilter(reading.config.hosts).size() << " instructions in the kernel, a row each "
              << probes.every.count() / 1000 << " s, source, /24, port and tool, no more than " << probes.rows
              << std::endl;
    return Done{};
}

}  // namespace apiary::agent
