#include "common/log/log.hpp"
#include "common/rpc/grpc_log.hpp"
#include "tests/bench/busy_collector.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/watched_console.hpp"
#include "tests/support/certificates.hpp"

#include <QApplication>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

// What a person in front of the console waits for: from the start of the program until it shows data, and for a window
// that does not answer while 2,000 sessions a second come in. The console is a process of its own, the whole program
// but for a screen; the collector is a busy one behind mTLS.
namespace apiary::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kStarts = 5;
constexpr double kFirstPaintMs = 1'000;
constexpr double kLongestGapMs = 50;

/// Runs the console to its end; what it printed, by name.
std::map<std::string, double> runWatched(const std::string& collector, const TlsIdentity& identity,
                                         const std::string& log, const std::string& what) {
    Child console({"/proc/self/exe", what, collector, identity.ca, identity.certificate, identity.key,
                   std::to_string(Clock::now().time_since_epoch().count())},
                  log);
    console.awaitSuccess();
    std::map<std::string, double> values;
    std::ifstream lines(log);
    for (std::string word, name; lines >> word;) {
        if (double value = 0; word == "watched" && lines >> name >> value) {
            values[name] = value;
        }
    }
    return values;
}

void measure() {
    const Folder folder;
    ::setenv("XDG_CONFIG_HOME", folder.path().c_str(), 1);  // not the settings of who runs this
    ::setenv("XDG_RUNTIME_DIR", folder.path().c_str(), 1);
    ::setenv("QT_QPA_PLATFORM", "offscreen", 1);
    const test::TemporaryFolder certificates;
    test::TestAuthority authority(certificates, "bench");
    const TlsIdentity person = authority.issue("person", "URI:apiary:operator/person/operator");
    const BusyCollector collector(authority.issueServer());
    auto run = [&, number = 0](const std::string& what) mutable {
        const auto log = folder.path() / ("console." + std::to_string(++number));
        return runWatched(collector.address(), person, log.string(), what);
    };

    std::vector<double> starts;
    starts.reserve(kStarts);
    for (int i = 0; i < kStarts; ++i) {
        starts.push_back(run("start").at("first-paint"));
    }
    report("console.start-to-first-data", median(starts), "ms", kFirstPaintMs, true);

    const auto worked = run("work");
    report("console.live-sessions", collector.perSecond(), "sessions/s", BusyCollector::kSessionsPerSecond * 0.99);
    for (const auto& [name, longest] : worked) {
        if (name.starts_with("gap-")) {
            report("console." + name, longest, "ms", kLongestGapMs, true);
        }
    }
    if (worked.size() < 7 || worked.at("rows") < 1'000) {
        throw std::runtime_error("the console did not do all of its work, or its list did not grow while scrolled");
    }
}

int watched(int argc, char** argv) {
    QApplication application(argc, argv);
    const std::vector<std::string> words(argv, argv + argc);
    log::start("apiary-console", "warn");
    routeGrpcLog([](std::string_view message) { log::debug(message); });
    console::Options options;
    options.collector = words.at(2);
    options.identity = {.ca = words.at(3), .certificate = words.at(4), .key = words.at(5)};
    options.tone = console::Tone::Light;
    options.size = QSize(1600, 1000);
    return watchConsole(options, Clock::time_point(Clock::duration(std::stoll(words.at(6)))), words.at(1) == "work");
}

}  // namespace
}  // namespace apiary::bench

int main(int argc, char** argv) {
    try {
        if (argc == 7) {
            return apiary::bench::watched(argc, argv);
        }
        apiary::bench::measure();
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "console_bench: " << error.what() << '\n';
        return 1;
    }
}
