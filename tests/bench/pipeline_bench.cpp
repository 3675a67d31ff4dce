/// From a spool full of recorded sessions to committed rows, by the real agent and collector over mTLS, against the
/// spool read alone and the store writing alone, in the same run. Nothing may be missing, and neither side may grow.
/// Argument: how many sessions, 100,000 if not given.

#include "agent/spool/spool.hpp"
#include "proto/apiary/v1/ingest.pb.h"
#include "tests/bench/dialogue.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/recorded_load.hpp"
#include "tests/support/postgres_fixture.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <poll.h>
#include <stdexcept>
#include <thread>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using namespace apiary;
using namespace apiary::bench;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kAtOnce = 128;
const Dialogue kGreeting{{{"220 (vsFTPd 3.0.3)\r\n"}}, {}};

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

void run(const std::vector<std::string>& argv, const fs::path& log) {
    std::string command;
    for (const std::string& word : argv) {
        command += "'" + word + "' ";
    }
    if (std::system((command + ">>'" + log.string() + "' 2>&1").c_str()) != 0) {
        throw std::runtime_error(command + "failed, see " + log.string());
    }
}

/// Everything of one run: folders, settings, certificates.
struct Site {
    Site() {
        std::string name = (fs::temp_directory_path() / "apiary-pipeline-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        fs::create_directories(folder / "state");
        fs::create_directories(folder / "journal");
        std::ofstream(folder / "collector.toml")
            << "[collector]\nid = 1\nname = \"bench\"\nlisten = [\"127.0.0.1:" << collectorPort
            << "\"]\n[database]\nowner = \"" << database.owner() << "\"\nwriter = \"" << database.writer()
            << "\"\n[pki]\ndirectory = \"pki\"\n";
        std::ofstream(folder / "agent.toml")
            << "[agent]\nname = \"bench\"\nstate = \"state\"\nthreads = "
            << std::max(1U, std::thread::hardware_concurrency())
            << "\n[collector]\naddress = \"127.0.0.1:" << collectorPort
            << "\"\nca = \"sensor/ca.crt\"\ncertificate = \"sensor/bench.crt\"\nkey = \"sensor/bench.key\"\n"
               "[journal]\ndirectory = \"journal\"\nfiles = 2000000\nbytes = \"8GiB\"\n[spool]\nbytes = \"4GiB\"\n"
               "[[service]]\nname = \"ftp\"\nprotocol = \"ftp\"\nlisten = [\"127.0.0.1:"
            << port << "\"]\nwaiting = \"0ms\"\nburst = 1000000\nper_source = 100000\n";
        run({APIARY_COLLECTOR, "init", "--config", collectorConfig(), "--superuser", database.superuser()}, log());
        run({APIARY_COLLECTOR, "issue", "sensor", "bench", "--out", (folder / "sensor").string(), "--config",
             collectorConfig()},
            log());
    }
    Site(const Site&) = delete;
    Site& operator=(const Site&) = delete;
    ~Site() {
        std::error_code ignored;
        fs::remove_all(folder, ignored);
    }

    std::string collectorConfig() const { return (folder / "collector.toml").string(); }
    std::string agentConfig() const { return (folder / "agent.toml").string(); }
    fs::path log() const { return folder / "programs.log"; }
    fs::path spool() const {
        for (const auto& entry : fs::recursive_directory_iterator(folder / "state")) {
            if (entry.path().extension() == ".db") {
                return entry.path();
            }
        }
        throw std::runtime_error("no spool in " + folder.string());
    }

    test::TestDatabase database;
    fs::path folder;
    std::uint16_t port = freePort();
    std::uint16_t collectorPort = freePort();
};

/// Reads all of a spool as the uplink does, into batches.
std::vector<std::unique_ptr<v1::Batch>> readSpool(const fs::path& file) {
    agent::SpoolSettings settings;
    settings.path = file.string();
    settings.bytes = std::uint64_t{4} << 30U;
    settings.gapBody = [](const agent::SpoolSettings::Lost&) { return std::string(); };
    auto spool = agent::Spool::open(std::move(settings));
    if (!spool) {
        throw std::runtime_error(spool.error());
    }
    std::vector<std::unique_ptr<v1::Batch>> batches;
    for (const auto& lane : (*spool)->lanes()) {
        for (std::uint64_t after = 0;;) {
            auto rows = (*spool)->read(lane.lane, after, 1000, std::size_t{1} << 20U);
            if (rows.empty()) {
                break;
            }
            auto batch = std::make_unique<v1::Batch>();
            batch->set_lane(lane.lane);
            batch->set_first_seq(after + 1);
            for (agent::SpoolRow& row : rows) {
                auto& entry = *batch->add_entries();
                entry.set_seq(row.seq);
                entry.set_seq_end(row.seqEnd);
                entry.set_record(std::move(row.body));
            }
            batch->set_last_seq(after = rows.back().seqEnd);
            batches.push_back(std::move(batch));
        }
    }
    return batches;
}

void measure(std::size_t sessions) {
    Site site;
    {
        Child served({APIARY_AGENT, "run", "--config", site.agentConfig()}, site.log().string());
        awaitListener(site.port, 20);
        const LoadResult load = converse(kGreeting, site.port, sessions - 1, kAtOnce, 300);
        if (load.failed > 0) {
            throw std::runtime_error(std::to_string(load.failed) + " connections failed");
        }
    }
    const fs::path copy = site.folder / "copy";
    fs::create_directories(copy);
    for (const auto& entry : fs::directory_iterator(site.spool().parent_path())) {
        if (entry.path().filename().string().starts_with(site.spool().filename().string()) &&
            entry.path().extension() != ".lock") {
            fs::copy(entry.path(), copy / entry.path().filename());
        }
    }
    auto start = Clock::now();
    const auto batches = readSpool(copy / site.spool().filename());
    const double spoolAlone = secondsSince(start);
    const double storeAlone = writeAlone(batches);

    std::size_t greatestAgent = 0;
    std::size_t greatestCollector = 0;
    std::size_t committed = 0;
    start = Clock::now();
    {
        Child collector({APIARY_COLLECTOR, "run", "--config", site.collectorConfig()}, site.log().string());
        awaitListener(site.collectorPort, 30);
        start = Clock::now();
        Child served({APIARY_AGENT, "run", "--config", site.agentConfig()}, site.log().string());
        while (committed < sessions && secondsSince(start) < 300) {
            ::poll(nullptr, 0, 100);
            greatestAgent = std::max(greatestAgent, served.residentBytes());
            greatestCollector = std::max(greatestCollector, collector.residentBytes());
            committed = std::stoul(site.database.ask("SELECT count(*) FROM apiary.session"));
        }
    }
    const double through = secondsSince(start);
    const double slower = std::max(spoolAlone, storeAlone);
    const auto of = static_cast<double>(sessions);
    report("pipeline_spool_alone", of / spoolAlone, "sessions/s");
    report("pipeline_store_alone", of / storeAlone, "sessions/s");
    report("pipeline_end_to_end", of / through, "sessions/s");
    report("pipeline_end_to_end_ratio", slower / through, "of_the_slower_alone", 0.5);
    report("pipeline_sessions_lost", of - static_cast<double>(committed), "sessions", 0, true);
    report("pipeline_sessions_doubled",
           std::stod(site.database.ask("SELECT count(*) - count(DISTINCT session_id) FROM apiary.session")), "sessions",
           0, true);
    report("pipeline_agent_resident", static_cast<double>(greatestAgent) / (1 << 20), "MiB", 128, true);
    report("pipeline_collector_resident", static_cast<double>(greatestCollector) / (1 << 20), "MiB", 256, true);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        measure(argc > 1 ? std::stoul(argv[1]) : 100'000);
    } catch (const std::exception& error) {
        std::cerr << "pipeline_bench: " << error.what() << '\n';
        return 1;
    }
}
