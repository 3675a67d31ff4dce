/// One whole visit to each service of the agent as it is installed, journal and spool on, against a raw epoll server
/// that says the same bytes in the same packets: a login that is refused, a page, a mail. Pauses that real servers make
/// before a refusal are switched off; the few milliseconds in which they begin a process stay, and then more visits are
/// under way at once, so that this is not what is measured. Of what is sent every byte is recorded twice, in the spool
/// and in the log: the page of 11 kB measures the disk, the missing one the agent.
/// Arguments: how many visits each (10,000 if not given), then the services to visit (all).

#include "tests/bench/dialogue.hpp"
#include "tests/bench/load.hpp"

#include <algorithm>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace apiary::bench;

constexpr std::size_t kAtOnce = 128;
constexpr std::size_t kAtOncePausing = 512;  // where a real server takes milliseconds to begin a process: not the bound
constexpr int kRounds = 3;

struct Visit {
    std::string protocol;
    std::string what;
    std::string settings;  // of the service, lines of TOML
    bool greets;
    std::vector<std::string> sends;
    std::size_t atOnce = kAtOnce;
};

const std::string kGet = "GET / HTTP/1.1\r\nHost: a.example\r\nUser-Agent: bench\r\n";
const std::string kGetMissing = "GET /wp-login.php HTTP/1.1\r\nHost: a.example\r\nUser-Agent: bench\r\n";

const std::vector<Visit> kVisits = {
    {"ftp", "login_refused", "failed_login_delay = \"0ms\"\n", true, {"USER root\r\n", "PASS toor\r\n", "QUIT\r\n"}},
    {"http", "get", "", false, {kGet + "Connection: close\r\n\r\n"}},
    {"http", "get_missing", "", false, {kGetMissing + "Connection: close\r\n\r\n"}},
    {"http", "ten_gets", "", false, std::vector<std::string>(10, kGet + "Connection: keep-alive\r\n\r\n")},
    {"telnet", "login_refused", "failed_login_delay = \"0ms\"\n", true, {"root\r\n", "toor\r\n"}, kAtOncePausing},
    {"smtp",
     "mail",
     "",
     true,
     {"EHLO client.example\r\n", "MAIL FROM:<a@client.example>\r\n", "RCPT TO:<postmaster>\r\n", "DATA\r\n",
      "From: a@client.example\r\nSubject: hello\r\n\r\n" + std::string(600, 'x') + "\r\n.\r\n", "QUIT\r\n"}},
    {"pop3",
     "login_refused",
     "failed_login_delay = \"0ms\"\npenalty = \"no\"\n",
     true,
     {"USER root\r\n", "PASS toor\r\n", "QUIT\r\n"},
     kAtOncePausing},
};

std::string configure(const fs::path& folder, const Visit& visit, std::uint16_t port) {
    const fs::path file = folder / "agent.toml";
    fs::create_directories(folder / "state");
    std::ofstream(file) << "[agent]\nname = \"bench\"\nstate = \"state\"\nself_test_minutes = 0\nthreads = "
                        << std::max(1U, std::thread::hardware_concurrency())
                        << "\n[journal]\ndirectory = \"journal\"\nfiles = 2000000\nbytes = \"8GiB\"\n"
                           "[spool]\nbytes = \"4GiB\"\n[limits]\nconnections = 20000\n"
                           "[[service]]\nname = \""
                        << visit.protocol << "\"\nprotocol = \"" << visit.protocol
                        << "\"\nlisten = [\"127.0.0.1:" << port
                        << "\"]\nwaiting = \"0ms\"\nburst = 1000000\nper_source = 100000\n[service.settings]\n"
                        << visit.settings;
    return file.string();
}

void visit(const std::string& agent, const fs::path& folder, const Visit& visit, std::size_t total) {
    const std::uint16_t port = freePort();
    const std::string config = configure(folder, visit, port);
    const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
    const Child served({agent, "run", "--config", config}, (folder / "agent.log").string());
    awaitListener(port, 20);
    const Dialogue dialogue = learn(port, visit.sends, visit.greets);
    const RawServer raw = startRawServer(dialogue, threads);
    std::vector<double> rates;
    std::vector<double> ratios;
    std::size_t failed = 0;
    for (int round = 0; round < kRounds; ++round) {
        const LoadResult ceiling = converse(dialogue, raw.port, total, visit.atOnce, 120);
        const LoadResult ours = converse(dialogue, port, total, visit.atOnce, 120);
        failed += ceiling.failed + ours.failed;
        rates.push_back(ours.rate());
        ratios.push_back(ours.rate() / ceiling.rate());
    }
    const std::string name = visit.protocol + "_" + visit.what;
    report(name, median(rates), "visits/s");
    report(name + "_ratio", median(ratios), "of_raw_epoll", 0.5);
    report(name + "_failed", static_cast<double>(failed), "visits", 0, true);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        raiseFileLimit();
        const Folder folder;
        const std::vector<std::string> chosen(argv + std::min(argc, 2), argv + argc);
        for (const Visit& each : kVisits) {
            if (chosen.empty() || std::ranges::find(chosen, each.protocol) != chosen.end()) {
                visit(APIARY_AGENT, folder.path() / (each.protocol + '_' + each.what), each,
                      argc > 1 ? std::stoul(argv[1]) : 10'000);
            }
        }
    } catch (const std::exception& error) {
        std::cerr << "service_bench: " << error.what() << '\n';
        return 1;
    }
}
