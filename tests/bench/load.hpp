#pragma once

/// What the benchmarks share: a raw epoll server as the ceiling, a bounded client, and the line that each figure makes.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace apiary::bench {

/// Prints `bench NAME VALUE UNIT goal GOAL ok|SHORT`; the goal is a least value, or with `atMost` a greatest.
void report(std::string_view name, double value, std::string_view unit, double goal, bool atMost = false);

/// Prints `bench NAME VALUE UNIT`: a figure that has no goal of its own.
void report(std::string_view name, double value, std::string_view unit);

/// A child process, ended by SIGTERM (after 30 s SIGKILL) and waited for when this goes.
class Child {
public:
    /// Runs a program with its output in `log`. Throws std::runtime_error if there is none at argv[0].
    Child(const std::vector<std::string>& argv, const std::string& log);

    /// Takes a child that was forked by the caller.
    explicit Child(pid_t pid) : pid_(pid) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() { stop(); }

    pid_t pid() const { return pid_; }
    void stop();

    /// Waits for its end by itself; throws std::runtime_error unless its status is 0.
    void awaitSuccess();

    /// Resident memory without mapped files, in bytes.
    std::size_t residentBytes() const;

    /// User and system time so far, in seconds.
    double cpuSeconds() const;

private:
    pid_t pid_;
};

/// Forks a server on 127.0.0.1 that does no more than accept, greet, await the peer's end and close: what the machine
/// can do at best. `threads` of them share the port, which is returned.
struct RawServer {
    Child child;
    std::uint16_t port;
};
RawServer startRawServer(std::string_view banner, std::size_t threads);

struct LoadResult {
    std::size_t completed = 0;  // greeted, and saw the server's end
    std::size_t failed = 0;
    double seconds = 0;
    double rate() const { return static_cast<double>(completed) / seconds; }
};

/// Connects `total` times to 127.0.0.1:`port`, at most `atOnce` together, from addresses all over 127.0.0.0/8: reads
/// the greeting, ends its side, and waits for the server to end. Gives up after `patience` seconds.
LoadResult connectBannerClose(std::uint16_t port, std::size_t total, std::size_t atOnce, double patience);

/// Raises the limit of open files as far as it goes, for this process and those that it starts.
void raiseFileLimit();

/// Logs 10,000 sessions in (`bench`, `bench`) at the FTP service on 127.0.0.1:`port`, from addresses all over
/// 127.0.0.0/8, and reports as NAME_logged_in and NAME_resident how many they are and what one costs the server that
/// has them all idle. Throws std::runtime_error if one is not answered within 10 s.
void reportIdle(const std::string& name, const Child& server, std::uint16_t port);

/// Waits until something listens on 127.0.0.1:`port`. Throws std::runtime_error after `patience` seconds.
void awaitListener(std::uint16_t port, double patience);

/// A free port of 127.0.0.1 at the moment of the call.
std::uint16_t freePort();

}  // namespace apiary::bench
