#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace apiary::agent {

/// What an operator may say of the machine; the rest follows from the seed.
struct ShellHostSpec {
    std::string hostName = "router";
    std::string kernel = "5.10.146";  // release, as uname -r
    std::string machine = "mips";     // as uname -m: mips, armv7l, aarch64, i686 or x86_64
    std::uint64_t sensorSeed = 0;
    std::vector<std::string> users = {"root"};  // who may log in; any but root get user ids from 1000 on
    std::string build;                          // what stands behind "BusyBox v1.35.0 "; empty: seeded
};

/// The machine that a shell runs on: files, processes, names. Made once per service, immutable, shared by its sessions.
class ShellHost {
public:
    static std::shared_ptr<const ShellHost> make(const ShellHostSpec& spec);

    const ShellHostSpec& spec() const { return spec_; }

private:
    explicit ShellHost(const ShellHostSpec& spec) : spec_(spec) {}

    ShellHostSpec spec_;
};

}  // namespace apiary::agent
