/// The agent as it is installed, journal and spool on, against a raw epoll server in the same run: connections that are
/// greeted and closed, with every session counted afterwards, and the memory of idle logged-in ones.
/// Arguments: how many connections (30,000 if not given), and among how many logs of earlier runs (200,000).

#include "tests/bench/dialogue.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/spool_rows.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

namespace {

namespace fs = std::filesystem;
using namespace apiary::bench;

constexpr std::size_t kOlderLogs = 200'000;  // unless told otherwise
constexpr std::size_t kAtOnce = 128;
constexpr int kRounds = 3;
const Dialogue kGreeting{{{"220 (vsFTPd 3.0.3)\r\n"}}, {}};

/// Logs as earlier runs leave them, in folders of an hour each, and on the disk: that they are written back is not
/// this run's work, which would meet it in its midst.
void leaveOlderLogs(const fs::path& journal, std::size_t count) {
    for (std::size_t hour = 0; hour * 10'000 < count; ++hour) {
        std::array<char, 64> name{};
        std::snprintf(name.data(), name.size(), "20261101T000000Z/2026-11-01/%02zu/FTP", hour % 24);
        const fs::path folder = journal / name.data();
        fs::create_directories(folder);
        for (std::size_t i = hour * 10'000; i < std::min(count, (hour + 1) * 10'000); ++i) {
            std::ofstream(folder / ("20261101T000000.000Z_192.0.2.1_" + std::to_string(i) + ".txt")) << "*****\n";
        }
    }
    ::sync();
}

std::string configure(const fs::path& folder, std::uint16_t port) {
    const fs::path file = folder / "agent.toml";
    fs::create_directories(folder / "state");
    fs::create_directories(folder / "journal");
    std::ofstream(file)
        << "[agent]\nname = \"bench\"\nstate = \"state\"\nself_test_minutes = 0\nthreads = "
        << std::max(1U, std::thread::hardware_concurrency())
        << "\n[journal]\ndirectory = \"journal\"\nfiles = 2000000\nbytes = \"8GiB\"\n"
           "[spool]\nbytes = \"4GiB\"\n"
           "[limits]\nconnections = 20000\n"
           "[[service]]\nname = \"ftp\"\nprotocol = \"ftp\"\nlisten = [\"127.0.0.1:"
        << port
        << "\"]\nwaiting = \"0ms\"\nburst = 1000000\nper_source = 100000\nidle = \"10m\"\ntotal = \"1h\"\n"
           "[service.settings]\naccounts = \"listed\"\nusers = \"bench:bench\"\n";
    return file.string();
}

std::size_t closingsIn(const fs::path& state) {
    std::size_t closings = 0;
    readSpool(state, [&](const apiary::agent::SpoolRow& row) {
        closings += row.kind == apiary::agent::RecordKind::Closing ? 1 : 0;
    });
    return closings;
}

std::size_t logsIn(const fs::path& journal) {
    std::size_t logs = 0;
    for (const auto& entry : fs::recursive_directory_iterator(journal)) {
        logs += entry.path().extension() == ".txt" ? 1 : 0;
    }
    return logs;
}

void connections(const std::string& agent, const fs::path& folder, std::size_t total, std::size_t olderLogs) {
    leaveOlderLogs(folder / "journal", olderLogs);
    const std::uint16_t port = freePort();
    const std::string config = configure(folder, port);
    std::vector<double> raw;
    std::vector<double> ratios;
    double work = 0;  // seconds of processor
    std::size_t completed = 0;
    const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
    {
        Child served({agent, "run", "--config", config}, (folder / "agent.log").string());
        awaitListener(port, 20);
        completed = 1;  // the one that asked
        const RawServer rawServer = startRawServer(kGreeting, threads);
        for (int round = 0; round < kRounds; ++round) {
            const LoadResult ceiling = converse(kGreeting, rawServer.port, total, kAtOnce, 120);
            const double before = served.cpuSeconds();
            const LoadResult ours = converse(kGreeting, port, total, kAtOnce, 120);
            if (ceiling.failed + ours.failed > 0) {
                std::cerr << "agent_bench: " << ceiling.failed << " connections failed at the raw server, "
                          << ours.failed << " at the agent\n";
            }
            work += served.cpuSeconds() - before;
            completed += ours.completed;
            raw.push_back(ceiling.rate());
            ratios.push_back(ours.rate() / ceiling.rate());
        }
    }
    report("connect_raw_epoll", median(raw), "connections/s");
    report("connect_recorded", median(ratios) * median(raw), "connections/s");
    report("connect_recorded_cpu", 1e6 * work / static_cast<double>(completed), "us/connection");
    report("connect_recorded_ratio", median(ratios), "of_raw_epoll", 0.5);
    const std::size_t closings = closingsIn(folder / "state");
    const std::size_t logs = logsIn(folder / "journal") - olderLogs;
    report("connect_sessions_lost", static_cast<double>(completed) - static_cast<double>(closings), "sessions", 0,
           true);
    report("connect_logs_lost", static_cast<double>(completed) - static_cast<double>(logs), "logs", 0, true);
}

void idleMemory(const std::string& agent, const fs::path& folder) {
    raiseFileLimit();
    const std::uint16_t port = freePort();
    const std::string config = configure(folder, port);
    const Child served({agent, "run", "--config", config}, (folder / "agent.log").string());
    awaitListener(port, 20);
    reportIdle("idle", served, port);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string agent = APIARY_AGENT;
    try {
        const Folder folder;
        connections(agent, folder.path() / "connections", argc > 1 ? std::stoul(argv[1]) : 30'000,
                    argc > 2 ? std::stoul(argv[2]) : kOlderLogs);
        idleMemory(agent, folder.path() / "idle");
    } catch (const std::exception& error) {
        std::cerr << "agent_bench: " << error.what() << '\n';
        return 1;
    }
}
