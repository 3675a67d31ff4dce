/// The engine on a /16 of hosts, steered as apiary-coverage does it, against the same engine on one address, in a
/// network namespace of its own, which needs root. FTP, nothing recorded; as each connection goes to another host, the
/// service is made anew for nearly each of them. Then the same of datagrams, each of which is answered. Argument: how
/// many connections a round, 40,000 if not given.

#include "agent/coverage/network.hpp"
#include "agent/coverage/program.hpp"
#include "agent/coverage/socket_giver.hpp"
#include "agent/coverage/socket_request.hpp"
#include "agent/engine/engine.hpp"
#include "agent/host_faces.hpp"
#include "agent/protocols/registry.hpp"
#include "agent/setting_files.hpp"
#include "tests/bench/dialogue.hpp"
#include "tests/bench/load.hpp"

#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace apiary::agent;
using namespace apiary::bench;

constexpr std::size_t kAtOnce = 128;
constexpr int kRounds = 5;
constexpr int kPersonas = 5;
constexpr Targets kHosts{.first = 0x0a090000, .count = 65'536};  // 10.9.0.0/16
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

void check(const apiary::Status& done) {
    if (!done) {
        throw std::runtime_error(done.error());
    }
}

/// Five personas that share a /16 in stripes.
HostPlan plan() {
    HostPlan plan;
    plan.services = {{"hosts", {{21, 21}}, 61'000, 1}, {"agents", {{161, 161}}, 61'001, 2, PortKind::Udp}};
    for (int i = 0; i < kPersonas; ++i) {
        plan.personas.push_back({"persona" + std::to_string(i), {0, 1}, OtherPorts::Closed, {}, true, "srv####", 1});
    }
    for (int i = 0; i < 256; ++i) {
        const std::string net = "10.9." + std::to_string(i) + ".0/24";
        plan.ranges.push_back({*parseRange(net), static_cast<std::size_t>(i % kPersonas), 1});
    }
    return plan;
}

ServiceSpec played(const char* protocol, const std::string& name) {
    ServiceSpec service;
    service.name = name;
    service.module = findModule(protocol);
    auto prepared = prepare(*service.module);
    if (!prepared) {
        throw std::runtime_error(prepared.error());
    }
    service.prepared = *prepared;
    service.limits.idle = std::chrono::minutes(10);
    service.admission = {Millis(0), 1, 100'000};
    service.credit = {3, 1'000'000'000, 1'000'000'000};
    return service;
}

[[noreturn]] void serve(std::uint16_t port, std::size_t threads) {
    try {
        DeafSource nobody;
        Engine engine(
            {.threads = threads,
             .connections = 20'000,
             .reserve = 64,
             .steered =
                 [](const std::string& service, const apiary::Endpoint& at, std::size_t count, SteeredUse use) {
                     return use == SteeredUse::Answering ? requestAnswering(service, at)
                                                         : requestSockets(service, at, count);
                 }},
            nobody);
        const auto hosts = std::make_shared<const HostPlan>(plan());
        for (const HostService& each : hosts->services) {
            const char* const protocol = each.kind == PortKind::Tcp ? "ftp" : "snmp";
            ServiceSpec many = played(protocol, each.name);
            many.hosts = std::make_shared<ServiceFaces>(hosts, each.name, *many.module, ModuleSettings(), 7);
            many.steered = {apiary::Endpoint::of({127, 0, 0, 1}, each.loopback)};
            many.answering = each.answeringPorts();
            check(engine.start(many));
        }
        for (const char* protocol : {"snmp", "ftp"}) {  // who waits for the last knows that all are there
            ServiceSpec one = played(protocol, std::string("one-") + protocol);
            one.listens = {apiary::Endpoint::of({127, 0, 0, 1}, port)};
            check(engine.start(one));
        }
        std::vector<std::thread> others;
        for (std::size_t i = 1; i < threads; ++i) {
            others.emplace_back([&engine, i] { engine.run(i); });
        }
        engine.run(0);
    } catch (const std::exception& error) {
        std::cerr << "subnets_bench: " << error.what() << '\n';
        std::_Exit(1);
    }
    std::_Exit(0);
}

/// As many questions as `total`, one under way at each of 64 sockets; those go through `hosts` addresses behind
/// `first`. Answers a second.
double asked(std::size_t total, std::uint32_t first, std::uint32_t hosts, std::uint16_t port) {
    constexpr std::size_t kPeers = 64;
    constexpr std::string_view kGetName{
        "0&\x02\x01\x01\x04\x06public\xa0\x19\x02\x01\x01\x02\x01\x00\x02\x01\x00"
        "0\x0e"
        "0\x0c\x06\x08+\x06\x01\x02\x01\x01\x05\x00\x05\x00",
        40};
    std::vector<apiary::Descriptor> peers;
    std::vector<pollfd> polled;
    std::size_t sent = 0;
    const auto ask = [&](int peer) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(first + static_cast<std::uint32_t>(sent) % hosts);
        ++sent;
        if (::sendto(peer, kGetName.data(), kGetName.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) <
            0) {
            throw std::runtime_error("a datagram cannot be sent");
        }
    };
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < kPeers; ++i) {
        peers.emplace_back(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        sockaddr_in from{};  // else it would be the host's own, who is never answered
        from.sin_family = AF_INET;
        from.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::bind(peers.back().get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) {
            throw std::runtime_error("no socket");
        }
        polled.push_back({.fd = peers.back().get(), .events = POLLIN, .revents = 0});
        ask(peers.back().get());
    }
    for (std::size_t answers = 0; answers < total;) {
        if (::poll(polled.data(), polled.size(), 5'000) <= 0) {
            throw std::runtime_error("no answer to datagrams after " + std::to_string(answers));
        }
        for (const pollfd& each : polled) {
            char reply[512];
            if (each.revents != 0 && ::recv(each.fd, reply, sizeof reply, MSG_DONTWAIT) > 0) {
                ++answers;
                ask(each.fd);
            }
        }
    }
    return static_cast<double>(total) / std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void datagrams(std::size_t total, std::uint16_t port) {
    constexpr std::uint32_t kFlowsEach = 8;  // hosts for each socket; all rounds stay below the bound on flows
    std::vector<double> steered;
    std::vector<double> ratios;
    for (int round = 0; round < kRounds; ++round) {
        const double one = asked(total, 0x7f000001, 1, port);
        steered.push_back(asked(total, kHosts.first, kFlowsEach, 161));
        ratios.push_back(steered.back() / one);
    }
    report("subnets_datagrams", median(steered), "datagrams/s");
    report("subnets_datagrams_ratio", median(ratios), "of_one_address", 0.85);
}

void rates(std::size_t total, std::size_t threads) {
    const auto begin = std::chrono::steady_clock::now();
    const HostPlan hosts = plan();
    auto giver = SocketGiver::open(CoverageNetwork::refused);
    check(giver ? apiary::Status(apiary::Done{}) : apiary::Status(apiary::Error{giver.error()}));
    check(giver->follow(hosts, 65'534));
    check(CoverageNetwork::apply(hosts, {.user = 65'534, .collector = {}, .resolvers = {}}));
    report("subnets_apply", std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), "s", 2.0,
           true);

    const std::uint16_t port = freePort();
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(port, threads);
    }
    const Child engine(pid);
    for (int asked = 0; asked < 3; ++asked) {  // for connections, for datagrams, to answer them
        giver->answerOne();
    }
    awaitListener(port, 20);
    std::vector<double> steered;
    std::vector<double> ratios;
    for (int round = 0; round < kRounds; ++round) {
        const LoadResult one = converse(kGreeting, port, total, kAtOnce, 120);
        const LoadResult all = converse(kGreeting, 21, total, kAtOnce, 120, kHosts);
        if (one.failed + all.failed > 0) {
            throw std::runtime_error("connections failed: " + std::to_string(one.failed) + " at one address, " +
                                     std::to_string(all.failed) + " at the hosts");
        }
        steered.push_back(all.rate());
        ratios.push_back(all.rate() / one.rate());
    }
    report("subnets_connect", median(steered), "connections/s");
    report("subnets_connect_ratio", median(ratios), "of_one_address", 0.85);
    datagrams(total, port);
}

/// What it takes to make a service for a host that nobody has visited lately: the first connection to it waits for
/// that.
void making() {
    auto site = readFolder(APIARY_DECOYS "/http/company");
    if (!site) {
        throw std::runtime_error(site.error());
    }
    ModuleSettings web{{{"site", "company"}}, {}};
    web.readings.folders.emplace("site", *std::move(site));
    constexpr int kMade = 500;
    for (const auto& [protocol, settings] : {std::pair("ftp", ModuleSettings()), std::pair("telnet", ModuleSettings()),
                                             std::pair("pop3", ModuleSettings()), std::pair("http", web)}) {
        const ServiceFaces faces(std::make_shared<const HostPlan>(plan()), "hosts", *findModule(protocol), settings, 7);
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < kMade; ++i) {
            const auto net = static_cast<std::uint8_t>(i % 256);
            faces.face(apiary::Endpoint::of({10, 9, net, static_cast<std::uint8_t>(i / 256)}, 21));
        }
        const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
        report(std::string("subnets_make_") + protocol, took.count() / kMade, "us");
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (::unshare(CLONE_NEWNET) != 0) {
        std::cout << "subnets_bench: skipped, a network namespace needs root\n";
        return 0;
    }
    try {
        const auto up = apiary::agent::runProgram({"ip", "link", "set", "dev", "lo", "up"});
        check(up ? apiary::Status(apiary::Done{}) : apiary::Status(apiary::Error{up.error()}));
        making();
        rates(argc > 1 ? std::stoul(argv[1]) : 40'000, std::max(1U, std::thread::hardware_concurrency()));
    } catch (const std::exception& error) {
        std::cerr << "subnets_bench: " << error.what() << '\n';
        return 1;
    }
}
