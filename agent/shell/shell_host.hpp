#pragma once

#include "agent/protocol/session.hpp"
#include "agent/shell/shell_files.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {

/// What an operator may say of the machine; the rest follows from the seed.
struct ShellHostSpec {
    std::string hostName = "router";
    std::string kernel = "5.10.146";  // release, as uname -r
    std::string machine = "mips";     // mips, mipsel, armv7l, aarch64, i686 or x86_64; anything else is shown as it is
    std::uint64_t sensorSeed = 0;
    std::vector<std::string> users = {"root"};  // who may log in; any but root get user ids from 1000 on
    std::string build = {};                     // what stands behind "BusyBox v1.35.0 "; empty: seeded
};

struct ShellProcess {
    int id;
    std::string user;
    std::string command;  // as ps shows it
};

/// The machine that a shell runs on: files, processes, names. Made once per service, immutable, shared by its sessions.
///
/// A small router, seen from inside: one network to the outside, a read-only firmware with a writable overlay, a tmpfs.
class ShellHost {
public:
    static std::shared_ptr<const ShellHost> make(const ShellHostSpec& spec);

    const ShellHostSpec& spec() const { return spec_; }
    const std::shared_ptr<const ShellFiles::Nodes>& nodes() const { return nodes_; }
    const std::vector<ShellProcess>& processes() const { return processes_; }

    std::string_view kernelVersion() const { return kernelVersion_; }  // as uname -v
    std::string_view machine() const;                                  // as uname -m
    unsigned processors() const { return processors_; }
    std::uint64_t memory() const { return memory_; }  // kB
    std::string_view hardwareAddress() const { return hardwareAddress_; }
    std::string_view address() const { return address_; }

    /// "BusyBox v1.35.0 (…)".
    std::string busybox() const { return "BusyBox v1.35.0 " + spec_.build; }

    /// 0 for root; an unknown name is like a user that was added last.
    std::uint32_t userId(std::string_view user) const;
    /// The name of a user id; the number if there is none.
    std::string userName(std::uint32_t id) const;

    /// Seconds since the machine was started. It is started anew every few weeks to months.
    std::int64_t uptime(WallTime now) const;
    /// What a reading of a live node gives at that moment; of random and zeros at most `most` bytes.
    std::string live(ShellNode::Live kind, WallTime now, std::size_t most) const;
    std::string loadAverage(WallTime now) const;   // "0.05, 0.03, 0.01"
    std::uint64_t freeMemory(WallTime now) const;  // kB

    /// The id that the next process would get at that moment.
    int nextProcess(WallTime now) const;

private:
    explicit ShellHost(const ShellHostSpec& spec);

    void furnish();
    void furnishProcesses();

    ShellHostSpec spec_;
    std::string kernelVersion_;
    unsigned processors_ = 1;
    std::uint64_t memory_ = 0;
    std::string hardwareAddress_;
    std::string address_;
    std::int64_t built_ = 0;   // when the firmware was made, seconds since 1970
    std::int64_t period_ = 0;  // seconds between two starts
    std::int64_t phase_ = 0;
    std::shared_ptr<const ShellFiles::Nodes> nodes_;
    std::vector<ShellProcess> processes_;
};

/// The files of the machine.
ShellFiles::Nodes shellDecoys(const ShellHost& host, std::int64_t built);

/// Files of /proc that do not change, by path.
std::vector<std::pair<std::string, std::string>> shellKernelFiles(const ShellHost& host);

/// What stands in the folder of a process in /proc, by name.
std::vector<std::pair<std::string, std::string>> shellProcessFiles(const ShellHost& host, const ShellProcess& process,
                                                                   bool running = false);

/// The first bytes of an ELF program for `machine`, as readelf would want them; nothing for an unknown machine.
std::string elfHeader(std::string_view machine, std::size_t fileSize);

/// True if `bytes` begin as a program for `machine`.
bool runsOn(std::string_view machine, std::string_view bytes);

}  // namespace apiary::agent
