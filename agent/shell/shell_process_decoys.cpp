/// What the kernel of the decoy tells of each process in /proc, as of one moment.

#include "agent/shell/shell_host.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestName = 15;
constexpr unsigned kVirtual = 1208;  // kB, as ps and top show them
constexpr unsigned kResident = 764;
constexpr unsigned kPage = 4;

bool isThread(const ShellProcess& process) {
    return process.command.starts_with('[');
}

std::string nameOfProcess(const ShellProcess& process) {
    std::string_view name = process.command;
    if (isThread(process)) {
        name.remove_prefix(1);
        name.remove_suffix(1);
        return std::string(name);  // of workers the kernel tells more
    }
    name = name.substr(0, name.find(' '));
    name.remove_prefix(name.rfind('/') + 1);
    return std::string(name.substr(0, kLongestName));
}

std::string letterOf(const ShellProcess& process, bool running) {
    return running ? "R"
           : process.command.ends_with("_wq]") || process.command.starts_with("[rcu_g") ||
                   process.command.starts_with("[rcu_p") || process.command.starts_with("[kworker")
               ? "I"
               : "S";
}

int parentOf(const ShellProcess& process) {
    return process.id <= 2 ? 0 : isThread(process) ? 2 : 1;
}

/// Ticks after the machine's start at which it began.
unsigned long long beganAt(const ShellProcess& process) {
    const auto id = static_cast<unsigned long long>(process.id);
    return isThread(process) || id == 1 ? id / 4 : 800 + id;
}

std::string statusOf(const ShellProcess& process, bool running, unsigned processors) {
    const std::string letter = letterOf(process, running);
    const std::string id = std::to_string(process.id);
    std::string text = "Name:\t" + nameOfProcess(process) + "\nUmask:\t" + (isThread(process) ? "0000" : "0022") +
                       "\nState:\t" + letter +
                       (letter == "R"   ? " (running)"
                        : letter == "I" ? " (idle)"
                                        : " (sleeping)") +
                       "\nTgid:\t" + id + "\nNgid:\t0\nPid:\t" + id + "\nPPid:\t" + std::to_string(parentOf(process)) +
                       "\nTracerPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t" +
                       (isThread(process) ? "64" : "32") + "\nGroups:\t" + (isThread(process) ? " " : "0 ") + '\n';
    if (!isThread(process)) {
        text += printed(
            "VmPeak:\t%8u kB\nVmSize:\t%8u kB\nVmLck:\t%8u kB\nVmPin:\t%8u kB\nVmHWM:\t%8u kB\nVmRSS:\t%8u kB\n",
            kVirtual, kVirtual, 0U, 0U, kResident, kResident);
        text += printed("RssAnon:\t%8u kB\nRssFile:\t%8u kB\nRssShmem:\t%8u kB\nVmData:\t%8u kB\nVmStk:\t%8u kB\n", 60U,
                        kResident - 60U, 0U, 188U, 132U);
        text += printed("VmExe:\t%8u kB\nVmLib:\t%8u kB\nVmPTE:\t%8u kB\nVmSwap:\t%8u kB\n", 328U, 500U, 32U, 0U);
    }
    const unsigned all = (1U << processors) - 1;
    text +=
        "Threads:\t1\nSigQ:\t0/960\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\nSigBlk:\t0000000000000000\n";
    text += isThread(process) ? "SigIgn:\tffffffffffffffff\n" : "SigIgn:\t0000000000000000\n";
    text +=
        "SigCgt:\t0000000000000000\nCapInh:\t0000000000000000\nCapPrm:\t000000ffffffffff\nCapEff:\t000000ffffffffff\n"
        "CapBnd:\t000000ffffffffff\nCapAmb:\t0000000000000000\nNoNewPrivs:\t0\n";
    text += printed("Cpus_allowed:\t%x\nCpus_allowed_list:\t", all);
    text += processors == 1 ? "0" : "0-" + std::to_string(processors - 1);
    return text + "\nvoluntary_ctxt_switches:\t" + std::to_string(process.id * 7 % 900 + 3) +
           "\nnonvoluntary_ctxt_switches:\t" + std::to_string(process.id % 11) + '\n';
}

std::string statOf(const ShellProcess& process, bool running) {
    const bool thread = isThread(process);
    const std::string id = std::to_string(process.id);
    const std::string group = thread ? "0 0" : id + ' ' + id;
    return id + " (" + nameOfProcess(process) + ") " + letterOf(process, running) + ' ' +
           std::to_string(parentOf(process)) + ' ' + group + " 0 -1 " + (thread ? "2129984" : "4194560") +
           (thread ? " 0 0 0 0" : " 212 0 14 0") + " 0 " + std::to_string(process.id % 5) + " 0 0 20 0 1 0 " +
           std::to_string(beganAt(process)) + ' ' +
           (thread ? "0 0" : std::to_string(kVirtual * 1024) + ' ' + std::to_string(kResident / kPage)) +
           " 4294967295 0 0 0 0 0 0 0 2147483647 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
}

/// A program that is BusyBox: its parts, its heap, its stack.
std::string mapsOf(const ShellHost& host, const ShellProcess& process) {
    if (isThread(process)) {
        return {};
    }
    const bool wide = host.machine() == "x86_64" || host.machine() == "aarch64";
    const auto id = static_cast<unsigned long long>(process.id);
    const unsigned long long moved = (host.spec().sensorSeed * 2654435761U + id * 40503U) % 0x700 << 12U;
    std::string text;
    const auto add = [&](unsigned long long from, unsigned long long size, const char* rights, unsigned long long at,
                         bool file, const char* name) {
        std::string line = printed("%08llx-%08llx %s %08llx %s ", from, from + size, rights, at,
                                   file ? "1f:02 291       " : "00:00 0         ");
        line.resize(*name != '\0' ? std::max<std::size_t>(line.size(), wide ? 73 : 49) : line.size(), ' ');
        text += line + name + '\n';
    };
    const unsigned long long begin = host.machine() == "armv7l" ? 0x10000 : 0x400000;
    add(begin, 0x52000, "r-xp", 0, true, "/bin/busybox");
    add(begin + 0x61000, 0x1000, "r--p", 0x51000, true, "/bin/busybox");
    add(begin + 0x62000, 0x1000, "rw-p", 0x52000, true, "/bin/busybox");
    add(begin + 0x63000 + moved, 0x2000, "rw-p", 0, false, "[heap]");
    add((wide ? 0x7ffc00000000ULL : 0x7f800000ULL) + moved, 0x21000, "rw-p", 0, false, "[stack]");
    add((wide ? 0x7ffc00800000ULL : 0x7fff0000ULL), 0x1000, "r-xp", 0, false, "[vdso]");
    return text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> shellProcessFiles(const ShellHost& host, const ShellProcess& process,
                                                                   bool running) {
    std::string line = isThread(process) ? "" : process.command + ' ';
    std::ranges::replace(line, ' ', '\0');
    return {{"cmdline", std::move(line)},
            {"comm", nameOfProcess(process) + '\n'},
            {"maps", mapsOf(host, process)},
            {"stat", statOf(process, running)},
            {"status", statusOf(process, running, host.processors())}};
}

}  // namespace apiary::agent
