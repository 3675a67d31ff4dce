/// The fuzz target for agent.toml: the input is the file. Whatever it is, it is read to its end, every error names the
/// file, and a file without errors is one that the agent can serve. Built with -fsanitize=fuzzer, or with
/// FUZZ_STANDALONE as a plain program that plays files and seeded mutations of a good one:
///
///     config_replay ROUNDS [FILE ...]
///     config_replay --corpus FOLDER       writes good files to begin with instead

#include "agent/config.hpp"
#include "agent/protocols/registry.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace apiary::agent;

namespace {

constexpr const char* kName = "agent.toml";

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

/// The file as it would be with its paths in a folder where nothing is: a fuzzer shall not read this machine's files.
bool namesFiles(std::string_view text) {
    const auto has = [&](std::string_view word) { return text.find(word) != std::string_view::npos; };
    const auto read = [&](const Setting& setting) { return setting.kind != SettingKind::Text && has(setting.name); };
    return has("tls_") || has("\\u") || std::ranges::any_of(modules(), [&](const Module* module) {
               return std::ranges::any_of(module->settings, read);
           });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (namesFiles(text)) {
        return 0;
    }
    const ConfigReading reading = parseConfig(text, kName, 7);
    for (const std::string& error : reading.errors) {
        require(error.starts_with(kName) && error.find('\n') == std::string::npos);
    }
    if (!reading.errors.empty()) {
        return 0;
    }
    const AgentConfig& config = reading.config;
    require(!config.name.empty() && !config.state.empty() && !config.journalDirectory.empty());
    require(config.threads >= 1 && config.connections >= 1 && config.spoolBytes >= 1);
    for (const ServiceConfig& service : config.services) {
        require(!service.spec.name.empty() && service.spec.module != nullptr && service.spec.prepared != nullptr);
        require(!service.spec.listens.empty() && service.spec.limits.idle.count() > 0);
        require(std::ranges::count(config.services, service.spec.name,
                                   [](const ServiceConfig& other) { return other.spec.name; }) == 1);
    }
    return 0;
}

#ifdef FUZZ_STANDALONE
#include "tests/fuzz/mutation.hpp"

#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>

namespace {

constexpr std::string_view kGood = R"([agent]
name = "one"
state = "run"
threads = 2
seed = 42

[collector]
address = "127.0.0.1:7443"
ca = "ca.crt"
certificate = "one.crt"
key = "one.key"

[journal]
directory = "logs"
bytes = "2GiB"
files = 500000

[spool]
bytes = "1GiB"

[limits]
connections = 10_000
idle = "120s"
total = "15m"
received = "1MiB"
waiting = "100ms"

[[service]]
name = "ftp"
protocol = "ftp"
listen = ["127.0.0.1:2021", "[::1]:2021"]
enabled = true
burst = 20
per_source = 100
passive_ports = [50000, 50099]
proxies = ["127.0.0.1"]
logs = "first"
logs_first = 10

[[service]]
name = "second"
protocol = "ftp"
listen = "127.0.0.1:2121"
[service.settings]
)";

void play(const std::string& text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 3 && std::string_view(argv[1]) == "--corpus") {
        std::ofstream(std::string(argv[2]) + "/good.toml") << kGood;
        return 0;
    }
    if (!parseConfig(kGood, kName).errors.empty()) {
        std::cerr << "the good file is not good: " << parseConfig(kGood, kName).errors.front() << '\n';
        return 1;
    }
    for (int i = 2; i < argc; ++i) {
        std::ifstream in(argv[i], std::ios::binary);
        play(std::string(std::istreambuf_iterator<char>(in), {}));
    }
    std::mt19937 random(1);
    for (int rounds = argc > 1 ? std::atoi(argv[1]) : 1000; rounds > 0; --rounds) {
        play(apiary::test::mutated(std::string(kGood), random));
    }
}
#endif
