#include "agent/coverage/program.hpp"

#include "common/net/descriptor.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace apiary::agent {
namespace {

constexpr int kPatience = 30'000;  // milliseconds

/// Files in memory stand for the pipes: nothing blocks, whatever is written and read first.
Descriptor memoryFile() {
    return Descriptor(::memfd_create("apiary-coverage", MFD_CLOEXEC));
}

bool fill(int file, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file, bytes.data(), bytes.size());
        if (written <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return ::lseek(file, 0, SEEK_SET) == 0;
}

std::string content(int file) {
    std::string bytes;
    std::array<char, 4096> part{};
    ::lseek(file, 0, SEEK_SET);
    for (ssize_t got = 0; (got = ::read(file, part.data(), part.size())) > 0;) {
        bytes.append(part.data(), static_cast<std::size_t>(got));
    }
    return bytes;
}

std::string pathOf(const std::string& program) {
    for (const char* folder : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"}) {
        if (::access((folder + program).c_str(), X_OK) == 0) {
            return folder + program;
        }
    }
    return {};
}

/// False if it had not ended in time: it is killed then.
bool awaitEnd(pid_t child) {
    const Descriptor end(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    pollfd polled{.fd = end.get(), .events = POLLIN, .revents = 0};
    int ready = 0;
    do {
        ready = ::poll(&polled, 1, kPatience);
    } while (ready < 0 && errno == EINTR);
    if (ready > 0) {
        return true;
    }
    ::kill(child, SIGKILL);
    return false;
}

}  // namespace

std::string firstLine(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

Result<Ran> runProgram(const std::vector<std::string>& words, std::string_view input) {
    const std::string path = pathOf(words.front());
    if (path.empty()) {
        return Error{words.front() + " is not installed; apt-get install " +
                     (words.front() == "nft" ? "nftables" : "iproute2")};
    }
    const std::array<Descriptor, 3> files{memoryFile(), memoryFile(), memoryFile()};
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
    sigset_t none{};
    ::sigemptyset(&none);
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setsigmask(&attributes, &none);  // ours are held
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    bool good = fill(files[0].get(), input);
    for (int i = 0; i < 3; ++i) {
        good = files[static_cast<std::size_t>(i)] &&
               ::posix_spawn_file_actions_adddup2(&actions, files[static_cast<std::size_t>(i)].get(), i) == 0 && good;
    }
    std::vector<char*> arguments;
    for (const std::string& word : words) {
        arguments.push_back(const_cast<char*>(word.c_str()));  // NOLINT: what posix_spawn takes and does not change
    }
    arguments.push_back(nullptr);
    std::string locale = "LC_ALL=C";
    std::array<char*, 2> environment{locale.data(), nullptr};
    pid_t child = -1;
    const int reason =
        good ? ::posix_spawn(&child, path.c_str(), &actions, &attributes, arguments.data(), environment.data()) : EIO;
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    if (reason != 0) {
        return Error{path + " cannot be run: " + std::generic_category().message(reason)};
    }
    const bool ended = awaitEnd(child);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!ended) {
        return Error{path + " did not end within 30 s"};
    }
    return Ran{WIFEXITED(status) ? WEXITSTATUS(status) : 128, content(files[1].get()), content(files[2].get())};
}

Status runNft(const std::string& rules, Nft way, std::string_view refusal) {
    std::vector<std::string> words{"nft", "-f", "-"};
    if (way == Nft::Consider) {
        words.insert(words.begin() + 1, "-c");
    }
    const auto ran = runProgram(words, rules);
    if (!ran) {
        return Error{ran.error()};
    }
    return ran->status == 0 ? Status(Done{}) : Status(Error{std::string(refusal) + firstLine(ran->complaint)});
}

}  // namespace apiary::agent
