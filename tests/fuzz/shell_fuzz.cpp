/// The fuzz target for the emulated shell: the input is what a peer types, a line each; 0x04 alone is the end of input,
/// 0x03 alone an interrupt. Whatever it is, each line is answered within its bounds, and what is remembered can be
/// recalled. Built with -fsanitize=fuzzer, or with FUZZ_STANDALONE as a plain program that plays files, such as those
/// in tests/agent/shell/recorded, and seeded mutations of them:
///
///     shell_replay ROUNDS FILE ...
///     shell_replay --corpus FOLDER FILE ...       writes the sessions in the files one by one instead

#include "agent/shell/shell.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace apiary::agent;

namespace {

constexpr std::size_t kSlack = 4096;         // banner and ended jobs, which come behind the output of a line
constexpr std::size_t kMostEvidence = 1024;  // commands and files
constexpr std::size_t kMostPayload = std::size_t{9} << 20U;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

std::shared_ptr<const ShellHost> hostOf(std::size_t which) {
    static constexpr const char* kMachines[] = {"mips", "armv7l", "x86_64", "sparc"};
    static const auto hosts = [] {
        std::vector<std::shared_ptr<const ShellHost>> made;
        for (const char* machine : kMachines) {
            ShellHostSpec spec;
            spec.machine = machine;
            spec.users = {"root", "support"};
            made.push_back(ShellHost::make(spec));
        }
        return made;
    }();
    return hosts[which % hosts.size()];
}

void check(const Shell& shell, const Shell::Answer& answer) {
    require(answer.output.size() <= Shell::kMostOutput + kSlack);
    require(answer.evidence.size() <= kMostEvidence);
    require(answer.takes >= Millis{0} && answer.takes <= Shell::kMostTime);
    for (const Shell::Pause& pause : answer.pauses) {
        require(pause.at <= answer.output.size() && pause.until <= answer.takes);
    }
    require(shell.prompt().text.size() <= kSlack);
    std::size_t payload = 0;
    for (const Evidence& evidence : answer.evidence) {
        const auto* piece = std::get_if<PayloadPiece>(&evidence);
        payload += piece == nullptr ? 0 : piece->bytes.size();
    }
    require(payload <= kMostPayload);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    const auto host = hostOf(size);
    Shell shell(host, size % 3 == 0 ? "support" : "root", "");
    WallTime now{std::chrono::hours{24 * 365 * 55}};
    bool exits = false;
    for (int lines = 0; !rest.empty() && !exits && lines < 200; ++lines) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (line == "\x03") {
            shell.interrupt();
            continue;
        }
        const Shell::Answer answer = line == "\x04" ? shell.endOfInput(now) : shell.line(line, now);
        check(shell, answer);
        exits = answer.exits;
        now += answer.takes + std::chrono::seconds(1);
    }
    const std::string memory = shell.memory();
    require(memory.size() <= Shell::kMostMemory);
    require(shell.unreported().size() <= kMostEvidence);
    Shell again(host, "root", memory);
    check(again, again.line("ls -la /tmp; cat /tmp/*", now));
    const Shell any(host, "root", std::string_view(reinterpret_cast<const char*>(data), size));
    require(any.memory().size() <= Shell::kMostMemory);
    return 0;
}

#ifdef FUZZ_STANDALONE
#include "common/text/escape.hpp"

#include <fstream>
#include <iostream>
#include <random>
#include <vector>

namespace {

/// What is typed in the sessions of a recorded file.
std::vector<std::string> sessionsOf(const std::string& path) {
    std::ifstream file(path);
    std::vector<std::string> sessions;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("## ")) {
            sessions.emplace_back();
        } else if (line.starts_with("C: ") && !sessions.empty()) {
            sessions.back() += apiary::unescape(std::string_view(line).substr(3)).value_or("") + '\n';
        }
    }
    return sessions;
}

void play(const std::string& text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

std::string mutated(std::string text, std::mt19937& random) {
    for (auto changes = 1 + random() % 6; changes > 0 && text.size() > 1; --changes) {
        const std::size_t at = random() % text.size();
        const std::size_t length = std::min<std::size_t>(1 + random() % 30, text.size() - at);
        if (random() % 3 == 0) {
            text[at] = "\"'`$(){};&|<>\\*\n"[random() % 16];
        } else if (random() % 2 == 0) {
            text.erase(at, length);
        } else {
            text.insert(at, text.substr(random() % text.size(), length));
        }
    }
    return text;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const bool corpus = !arguments.empty() && arguments.front() == "--corpus";
    std::vector<std::string> sessions;
    for (std::size_t i = corpus ? 2 : 1; i < arguments.size(); ++i) {
        const std::vector<std::string> more = sessionsOf(arguments[i]);
        sessions.insert(sessions.end(), more.begin(), more.end());
    }
    if (sessions.empty()) {
        std::cerr << "no sessions: name files of tests/agent/shell/recorded\n";
        return 1;
    }
    if (corpus) {
        for (std::size_t i = 0; i < sessions.size(); ++i) {
            std::ofstream(arguments[1] + "/session" + std::to_string(i)) << sessions[i];
        }
        return 0;
    }
    std::mt19937 random(1);
    for (const std::string& session : sessions) {
        play(session);
    }
    for (int rounds = std::atoi(arguments.front().c_str()); rounds > 0; --rounds) {
        play(mutated(sessions[random() % sessions.size()], random));
    }
}
#endif
