#include "collector/notify/hook_command.hpp"

#include "common/text/escape.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace apiary::collector {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kKeptOutput = 4096;
constexpr std::size_t kShownOutput = 300;
constexpr int kLookMs = 200;  // how soon a stop is seen

/// Closes a descriptor.
class Descriptor {
public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() { close(); }

    int get() const { return fd_; }
    void close() {
        if (fd_ >= 0) {
            ::close(std::exchange(fd_, -1));
        }
    }

private:
    int fd_;
};

/// A file in memory that holds the text, to be read from its beginning: it waits for no reader, and one that does not
/// read it hurts nobody.
Descriptor fileOf(std::string_view text) {
    Descriptor file(::memfd_create("notice", MFD_CLOEXEC));
    while (file.get() >= 0 && !text.empty()) {
        const auto written = ::write(file.get(), text.data(), text.size());
        if (written < 0) {
            return Descriptor();
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return ::lseek(file.get(), 0, SEEK_SET) == 0 ? std::move(file) : Descriptor();
}

std::string words(const std::string& what, int number) {
    return what + ": " + std::strerror(number);
}

/// What posix_spawn is told.
class Plan {
public:
    Plan(int in, int out) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_adddup2(&actions_, in, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, out, STDERR_FILENO);
        posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
        posix_spawn_file_actions_addchdir_np(&actions_, "/");
        posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setpgroup(&attributes_, 0);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;
    ~Plan() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }

    /// 0, or the number of an error.
    int spawn(const std::vector<std::string>& command, pid_t& pid) const {
        std::vector<std::string> words = command;
        std::vector<char*> arguments;
        for (auto& word : words) {
            arguments.push_back(word.data());
        }
        arguments.push_back(nullptr);
        std::array<std::string, 2> settings{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                            "LANG=C.UTF-8"};
        std::array<char*, 3> environment{settings[0].data(), settings[1].data(), nullptr};
        return posix_spawn(&pid, arguments[0], &actions_, &attributes_, arguments.data(), environment.data());
    }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

/// A program that runs. It is gone, with its whole group, when this is.
class Child {
public:
    Child(pid_t pid, Descriptor prints) : pid_(pid), prints_(std::move(prints)) {
        ended_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (!reaped_) {
            reap();
        }
    }

    /// Its status once it has ended; nothing if it had to be cut off.
    std::optional<int> await(Clock::time_point until, const std::atomic<bool>& stopping) {
        while (ended_.get() >= 0) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
            if (left <= 0 || stopping) {
                return std::nullopt;
            }
            std::array<pollfd, 2> waited{pollfd{.fd = ended_.get(), .events = POLLIN, .revents = 0},
                                         pollfd{.fd = prints_.get(), .events = POLLIN, .revents = 0}};
            ::poll(waited.data(), waited.size(), static_cast<int>(std::min<long>(left, kLookMs)));
            if (waited[1].revents != 0) {
                read();
            }
            if (waited[0].revents != 0) {
                read();
                return reap();
            }
        }
        return std::nullopt;
    }
    const std::string& output() const { return output_; }

private:
    void read() {
        std::array<char, 4096> buffer{};
        const auto got = prints_.get() < 0 ? 0 : ::read(prints_.get(), buffer.data(), buffer.size());
        if (got > 0) {
            output_.append(buffer.data(), std::min(static_cast<std::size_t>(got), kKeptOutput - output_.size()));
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            prints_.close();  // poll() passes over a negative descriptor
        }
    }
    /// The group first, while its number cannot be anybody else's.
    int reap() {
        ::kill(-pid_, SIGKILL);
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        reaped_ = true;
        return status;
    }

    const pid_t pid_;
    Descriptor prints_;
    Descriptor ended_;
    std::string output_;
    bool reaped_ = false;
};

}  // namespace

HookCommand::HookCommand(std::vector<std::string> command, std::chrono::milliseconds deadline)
    : command_(std::move(command)), deadline_(deadline) {}

Delivery HookCommand::carry(const std::string& json, const std::atomic<bool>& stopping) {
    const auto later = [](std::string problem) { return Delivery{Delivery::End::Later, std::move(problem)}; };
    const Descriptor in = fileOf(json);
    std::array<int, 2> pipe{-1, -1};
    if (in.get() < 0 || ::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
        return later(words("no descriptors for " + command_.front(), errno));
    }
    Descriptor prints(pipe[0]);
    Descriptor out(pipe[1]);
    ::fcntl(out.get(), F_SETFL, 0);  // its own end may wait
    pid_t pid = 0;
    if (const int failure = Plan(in.get(), out.get()).spawn(command_, pid); failure != 0) {
        return later(words(command_.front() + " cannot be run", failure));
    }
    out.close();
    Child child(pid, std::move(prints));
    const auto status = child.await(Clock::now() + deadline_, stopping);
    if (!status) {
        return later(command_.front() + (stopping ? " was ended with the collector"
                                                  : " took longer than " + std::to_string(deadline_.count()) + " ms"));
    }
    if (WIFEXITED(*status) && WEXITSTATUS(*status) == 0) {
        return {};
    }
    const std::string said = escapeCut(child.output(), kShownOutput);
    return later(command_.front() +
                 (WIFEXITED(*status) ? " ended with " + std::to_string(WEXITSTATUS(*status))
                                     : " was ended by signal " + std::to_string(WTERMSIG(*status))) +
                 (said.empty() ? "" : ": " + said));
}

}  // namespace apiary::collector
