#pragma once

/// What the benchmarks share: programs that they start, idle sessions, folders, and the line that each figure makes.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace apiary::bench {

/// Prints `bench NAME VALUE UNIT goal GOAL ok|SHORT`; the goal is a least value, or with `atMost` a greatest.
void report(std::string_view name, double value, std::string_view unit, double goal, bool atMost = false);

/// Prints `bench NAME VALUE UNIT`: a figure that has no goal of its own.
void report(std::string_view name, double value, std::string_view unit);

/// Of an odd number of values, the middle one.
double median(std::vector<double> values);

/// A folder of its own below the one for temporary files, removed at the end.
///
/// A program makes one for all its rounds: ext4 looks at every inode that was freed within the last minutes before it
/// gives one out, so that logs removed in the midst of a run slow down those of the next by an order of magnitude.
class Folder {
public:
    Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder();
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

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
