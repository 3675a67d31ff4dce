/// An agent whose spool is full of records of the last days, none of them acknowledged, meets its collector: how fast
/// they drain, against the store writing such records alone in the same run, and how soon the sessions that it records
/// meanwhile are committed. The real agent and collector, over mTLS. Arguments: how many records, 500,000 if not given;
/// of how many days, 3; sessions a second meanwhile, 20.

#include "agent/spool/spool.hpp"
#include "proto/apiary/v1/session.pb.h"
#include "tests/bench/collector_site.hpp"
#include "tests/bench/recorded_load.hpp"
#include "tests/bench/sockets.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace apiary;
using namespace apiary::bench;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kAlone = 100'000;               // records of the store's own rate
constexpr std::uint64_t kDefaultBound = 1ULL << 30U;  // of the agent's spool
constexpr double kPromised = 5e6;                     // records that it is to hold

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

double nowSeconds() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

agent::RecordKind kindOf(const v1::Record& record) {
    switch (record.what_case()) {
        case v1::Record::kOpened:
            return agent::RecordKind::Opening;
        case v1::Record::kClosed:
            return agent::RecordKind::Closing;
        case v1::Record::kPacket:
            return agent::RecordKind::Payload;
        default:
            return agent::RecordKind::Observation;
    }
}

/// Sessions that begin evenly over the last days, if there are so many records, the last of them some minutes ago.
BusyNight nightOf(std::uint64_t seed, std::size_t records, int days) {
    const auto length = std::chrono::hours(24 * days);
    const auto between = std::chrono::duration_cast<std::chrono::milliseconds>(length) /
                         static_cast<std::int64_t>(std::max<std::size_t>(1, records / 12));
    const auto start = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()) - length - 10min;
    return {seed, start, std::max(1ms, between)};
}

/// Fills the spool as the agent leaves it when its logs are written and its collector is away. Returns how many
/// records.
std::size_t fill(const fs::path& file, std::size_t records, int days) {
    agent::SpoolSettings settings;
    settings.path = file.string();
    settings.bytes = std::uint64_t{8} << 30U;
    settings.gapBody = [](const agent::SpoolSettings::Lost&) { return std::string(); };
    auto spool = agent::Spool::open(std::move(settings));
    if (!spool) {
        throw std::runtime_error(spool.error());
    }
    BusyNight night = nightOf(1, records, days);
    std::size_t done = 0;
    while (done < records) {
        std::vector<agent::NewRecord> batch;
        while (batch.size() < 10'000) {
            const test::RecordedSession session = night.next();
            for (const v1::Record& record : session.records()) {
                batch.push_back({.lane = 0,
                                 .session = session.id(),
                                 .kind = kindOf(record),
                                 .at = std::chrono::system_clock::time_point(std::chrono::microseconds(record.at_us())),
                                 .body = record.SerializeAsString()});
            }
        }
        (*spool)->append(batch, [](std::chrono::milliseconds) { return false; });
        done += batch.size();
    }
    (*spool)->journalled(0, done);
    (*spool)->release();
    return done;
}

/// Talks to the agent's FTP service, so many sessions a second.
class Visitors {
public:
    Visitors(std::uint16_t port, double aSecond)
        : thread_([port, aSecond](const std::stop_token& stop) {
              for (std::size_t number = 0; !stop.stop_requested(); ++number) {
                  visit(number, port);
                  ::poll(nullptr, 0, static_cast<int>(1000 / aSecond));
              }
          }) {}

private:
    static void visit(std::size_t number, std::uint16_t port) {
        const int peer = connectFrom(number, port, true);
        if (peer < 0) {
            return;
        }
        char buffer[512];
        for (const std::string line : {"USER root\r\n", "QUIT\r\n"}) {
            if (::read(peer, buffer, sizeof buffer) <= 0 || ::write(peer, line.data(), line.size()) < 0) {
                break;
            }
        }
        while (::read(peer, buffer, sizeof buffer) > 0) {
        }
        ::close(peer);
    }

    std::jthread thread_;
};

/// When sessions that began after a moment were first seen in the database.
class Arrivals {
public:
    explicit Arrivals(const test::TestDatabase& database) : database_(database), since_(nowSeconds()) {}

    void look() {
        std::istringstream rows(database_.ask(
            "SELECT string_agg(session_id || ' ' || extract(epoch FROM ended_at), ' ') FROM apiary.session "
            "WHERE started_at >= to_timestamp(" +
            std::to_string(since_) + ")"));
        const double now = nowSeconds();
        std::string id;
        for (double ended = 0; rows >> id >> ended;) {
            seconds_.try_emplace(id, now - ended);
        }
    }

    std::size_t count() const { return seconds_.size(); }

    double percentile(double part) const {
        std::vector<double> sorted;
        for (const auto& [id, seconds] : seconds_) {
            sorted.push_back(seconds);
        }
        std::ranges::sort(sorted);
        return sorted.empty() ? 1e9 : sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
    }

private:
    const test::TestDatabase& database_;
    const double since_;
    std::map<std::string, double> seconds_;
};

void measure(std::size_t wanted, int days, double visits) {
    CollectorSite site({"late"});
    const std::uint16_t port = freePort();
    const TlsIdentity identity = site.identityOf("late");
    const fs::path state = site.folder() / "state";
    fs::create_directories(state);
    fs::create_directories(site.folder() / "journal");
    const std::string config = (site.folder() / "agent.toml").string();
    std::ofstream(config) << "[agent]\nname = \"late\"\nstate = \"state\"\n[collector]\naddress = \"" << site.address()
                          << "\"\nca = \"" << identity.ca << "\"\ncertificate = \"" << identity.certificate
                          << "\"\nkey = \"" << identity.key
                          << "\"\n[journal]\ndirectory = \"journal\"\n[spool]\nbytes = \"8GiB\"\n[[service]]\nname = "
                             "\"ftp\"\nprotocol = \"ftp\"\nlisten = [\"127.0.0.1:"
                          << port << "\"]\nwaiting = \"0ms\"\nburst = 1000000\nper_source = 100000\n";

    auto start = Clock::now();
    const std::size_t records = fill(state / "spool.db", wanted, days);
    report("backlog_append", static_cast<double>(records) / secondsSince(start), "records/s");
    const auto bytes = static_cast<double>(fs::file_size(state / "spool.db"));
    report("backlog_bytes", bytes / static_cast<double>(records), "bytes/record");
    report("backlog_fits_default_bound",
           0.9 * static_cast<double>(kDefaultBound) / (bytes / static_cast<double>(records)) / kPromised,
           "of_5M_records", 1);

    const double alone = static_cast<double>(kAlone) / writeAlone(batchesOf(nightOf(2, wanted, days).records(kAlone)));
    report("backlog_store_alone", alone, "records/s");

    site.start();
    const std::string log = (site.folder() / "agent.log").string();
    start = Clock::now();
    std::size_t memory = 0;
    double drained = 0;
    double atConnect = 0;
    {
        Child served({APIARY_AGENT, "run", "--config", config}, log);
        awaitListener(port, 120);
        report("backlog_agent_start", secondsSince(start), "s");
        Arrivals arrivals(site.database());
        const std::string committed = "SELECT coalesce((SELECT last_seq FROM apiary.ingest_stream WHERE lane = 0), 0)";
        while (std::stoull(site.database().ask(committed)) == 0 && secondsSince(start) < 120) {
            ::poll(nullptr, 0, 20);
        }
        const double before = std::stod(site.database().ask(committed));
        const auto connected = Clock::now();
        atConnect = secondsSince(start);
        {
            const Visitors visitors(port, visits);
            double last = before;
            while (last < static_cast<double>(records) && secondsSince(connected) < 3600) {
                ::poll(nullptr, 0, 50);
                arrivals.look();
                memory = std::max(memory, served.residentBytes());
                last = std::stod(site.database().ask(committed));
            }
            drained = (last - before) / secondsSince(connected);
        }
        for (const auto end = Clock::now(); secondsSince(end) < 3;) {
            ::poll(nullptr, 0, 50);
            arrivals.look();
        }
        report("backlog_first_commit", atConnect, "s");
        report("backlog_drain", drained, "records/s");
        report("backlog_drain_ratio", drained / alone, "of_the_store_alone", 0.5);
        report("backlog_live_sessions", static_cast<double>(arrivals.count()), "sessions");
        report("backlog_live_median", arrivals.percentile(0.5), "s");
        report("backlog_live_p99", arrivals.percentile(0.99), "s", 2, true);
        report("backlog_agent_resident", static_cast<double>(memory) / (1 << 20), "MiB", 256, true);
    }
    report("backlog_late_in_their_days",
           std::stod(site.database().ask("SELECT count(*) FILTER (WHERE tableoid::regclass::text = "
                                         "'apiary_part.session_' || to_char(started_at AT TIME ZONE 'UTC', 'YYYYMMDD'))"
                                         "::float8 / count(*) FROM apiary.session")),
           "of_sessions", 1);
    report("backlog_days", std::stod(site.database().ask("SELECT count(DISTINCT tableoid) FROM apiary.session")),
           "partitions", days);
    report("backlog_quarantine", std::stod(site.database().ask("SELECT count(*) FROM apiary.quarantine")), "records", 0,
           true);
    report("backlog_gaps", std::stod(site.database().ask("SELECT count(*) FROM apiary.gap")), "gaps", 0, true);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        measure(argc > 1 ? std::stoul(argv[1]) : 500'000, argc > 2 ? std::stoi(argv[2]) : 3,
                argc > 3 ? std::stod(argv[3]) : 20);
    } catch (const std::exception& error) {
        std::cerr << "backlog_bench: " << error.what() << '\n';
        return 1;
    }
}
