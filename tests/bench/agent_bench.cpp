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
#include <map>
#include <string>
#include <thread>

namespace {

namespace fs = std::filesystem;
using namespace apiary::bench;

constexpr std::size_t kOlderLogs = 200'000;  // unless told otherwise
constexpr std::size_t kAtOnce = 128;
constexpr int kRounds = 3;
constexpr const char* kOlderName = "20261101T000000.000Z_192.0.2.1_";
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
            std::ofstream(folder / (std::string(kOlderName) + std::to_string(i) + ".txt")) << "*****\n";
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

/// How often each of what was recorded is there, by the session's id.
using Found = std::map<std::string, std::size_t>;

Found closingsIn(const fs::path& state) {
    Found closings;
    readSpool(state, [&](const apiary::agent::SpoolRow& row) {
        if (row.kind == apiary::agent::RecordKind::Closing) {
            ++closings[row.session.text()];
        }
    });
    return closings;
}

/// But for those of earlier runs.
Found logsIn(const fs::path& journal) {
    Found logs;
    for (const auto& entry : fs::recursive_directory_iterator(journal)) {
        const std::string name = entry.path().stem().string();
        if (entry.path().extension() == ".txt" && !name.starts_with(kOlderName)) {
            ++logs[name.substr(name.rfind('_') + 1)];
        }
    }
    return logs;
}

/// Each by itself, as one that is there twice would make up for one that is missing.
void reportLost(const std::string& what, std::size_t expected, const Found& found) {
    std::size_t all = 0;
    for (const auto& [id, times] : found) {
        all += times;
    }
    const std::size_t missing = expected - std::min(expected, found.size());
    report("connect_" + what + "_lost", static_cast<double>(missing), what, 0, true);
    report("connect_" + what + "_surplus", static_cast<double>(all - (expected - missing)), what, 0, true);
}

void connections(const std::string& agent, const fs::path& folder, std::size_t total, std::size_t olderLogs) {
    leaveOlderLogs(folder / "journal", olderLogs);
    const std::uint16_t port = freePort();
    const std::string config = configure(folder, port);
    std::vector<double> raw;
    std::vector<double> ratios;
    double work = 0;  // seconds of processor
    std::size_t completed = 0;
    std::size_t failed = 0;
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
            failed += ceiling.failed + ours.failed;
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
    report("connect_failed", static_cast<double>(failed), "connections", 0, true);
    reportLost("sessions", completed, closingsIn(folder / "state"));
    reportLost("logs", completed, logsIn(folder / "journal"));
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
