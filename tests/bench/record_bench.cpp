/// What it costs to record: commits of the spool, and whole short sessions through recorder, spool and journal.
/// Argument: how many sessions, 100,000 if not given.

#include "agent/record/recording.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

namespace {

using namespace apiary::agent;
using Clock = std::chrono::steady_clock;

double seconds(Clock::duration duration) {
    return std::chrono::duration<double>(duration).count();
}

double cpuSeconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void print(const std::string& name, double value, const char* unit) {
    std::printf("bench %s %.6g %s\n", name.c_str(), value, unit);
    std::fflush(stdout);
}

class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "apiary-bench-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

std::unique_ptr<Spool> openSpool(const Folder& folder) {
    SpoolSettings settings;
    settings.path = folder.path() + "/spool.db";
    settings.bytes = std::uint64_t{4} << 30U;
    auto spool = Spool::open(withRecordBodies(std::move(settings)));
    if (!spool) {
        throw std::runtime_error(spool.error());
    }
    return *std::move(spool);
}

void commits(std::size_t batch, std::size_t records) {
    const Folder folder;
    const auto spool = openSpool(folder);
    const std::vector<NewRecord> rows(batch, NewRecord{.lane = 0,
                                                       .session = {},
                                                       .kind = RecordKind::Probe,
                                                       .at = std::chrono::system_clock::now(),
                                                       .body = std::string(120, 'x')});
    const auto begin = Clock::now();
    const double cpu = cpuSeconds();
    for (std::size_t done = 0; done < records; done += batch) {
        spool->append(rows, [](std::chrono::milliseconds) { return true; });
    }
    const std::string name = "spool.commits_of_" + std::to_string(batch);
    print(name, static_cast<double>(records) / seconds(Clock::now() - begin), "records/s");
    print(name + ".cpu", (cpuSeconds() - cpu) / static_cast<double>(records) * 1e6, "us/record");
}

/// `at once` sessions are under way: each ends only when another is durable, as clients that come and go.
void sessions(std::size_t total, std::size_t atOnce) {
    const Folder folder;
    const auto spool = openSpool(folder);
    JournalSettings journalSettings;
    journalSettings.directory = folder.path() + "/journal";
    journalSettings.agentStart = std::chrono::system_clock::now();
    auto journal = JournalWriter::open(journalSettings);
    if (!journal) {
        throw std::runtime_error(journal.error());
    }
    Recording recording({}, *spool, **journal);
    std::thread writing([&] { recording.run(); });
    std::thread logging([&] { (*journal)->run(); });
    std::thread keeping([&] { recording.upkeep(); });
    const auto begin = Clock::now();
    const double cpu = cpuSeconds();
    std::atomic<std::size_t> durable{0};
    for (std::size_t i = 0; i < total; ++i) {
        while (i - durable.load() >= atOnce) {
            durable.wait(durable.load());
        }
        SessionStart start;
        start.source = apiary::Endpoint::of({192, 0, 2, 1}, static_cast<std::uint16_t>(i));
        start.target = apiary::Endpoint::of({198, 51, 100, 7}, 21);
        start.service = start.protocol = "ftp";
        start.syn = std::string(60, 's');
        start.at = std::chrono::system_clock::now();
        const auto recorder = recording.open(start);
        recorder->sent(kControl, "220 (vsFTPd 3.0.3)\r\n", Delivery::Whole);
        recorder->ended(Outcome::PeerClosed, [&] {
            ++durable;
            durable.notify_one();
        });
    }
    recording.close();
    writing.join();
    const double elapsed = seconds(Clock::now() - begin);
    keeping.join();
    (*journal)->close();
    logging.join();
    print("record.sessions", static_cast<double>(total) / elapsed, "sessions/s");
    print("record.sessions.cpu", (cpuSeconds() - cpu) / static_cast<double>(total) * 1e6, "us/session");
    print("record.sessions.with_logs", static_cast<double>(total) / seconds(Clock::now() - begin), "sessions/s");
}

std::size_t residentBytes() {
    std::ifstream file("/proc/self/statm");
    std::size_t size = 0;
    std::size_t resident = 0;
    file >> size >> resident;
    return resident * 4096;
}

/// Sessions that are open and say nothing.
void idle(std::size_t total) {
    const Folder folder;
    const auto spool = openSpool(folder);
    JournalSettings journalSettings;
    journalSettings.directory = folder.path() + "/journal";
    auto journal = JournalWriter::open(journalSettings);
    if (!journal) {
        throw std::runtime_error(journal.error());
    }
    Recording recording({}, *spool, **journal);
    std::thread writing([&] { recording.run(); });
    std::thread logging([&] { (*journal)->run(); });
    std::vector<std::unique_ptr<Recorder>> open;
    open.reserve(total);
    std::size_t before = 0;
    for (std::size_t i = 0; i < total; ++i) {
        SessionStart start;
        start.source = apiary::Endpoint::of({192, 0, 2, 1}, static_cast<std::uint16_t>(i));
        start.service = start.protocol = "ftp";
        start.syn = std::string(60, 's');
        start.at = std::chrono::system_clock::now();
        open.push_back(recording.open(start));
        open.back()->sent(kControl, "220 (vsFTPd 3.0.3)\r\n", Delivery::Whole);
        while (recording.view().records + 1000 < 2 * i) {
            std::this_thread::yield();
        }
        before = i == total / 2 ? residentBytes() : before;  // behind what is taken once
    }
    print("record.idle_session", static_cast<double>(residentBytes() - before) / static_cast<double>(total / 2),
          "bytes");
    open.clear();
    recording.close();
    writing.join();
    (*journal)->close();
    logging.join();
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t total = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
    try {
        commits(100, 200'000);
        commits(1000, 500'000);
        idle(60'000);
        sessions(total, 256);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "record_bench: %s\n", error.what());
        return 1;
    }
    return 0;
}
