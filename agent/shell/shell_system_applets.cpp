/// Applets that show the machine, and BusyBox itself.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

std::string nameOfHost(ShellCall& call) {
    const std::string& given = call.environment().hostName;
    return given.empty() ? call.work().host().spec().hostName : given;
}

int uname(ShellCall& call) {
    if (!call.parse("snrvmaoip")) {
        return 1;
    }
    if (call.words.size() > 1) {
        return call.usage();
    }
    const ShellHost& host = call.work().host();
    const std::string machine(host.machine());
    const std::pair<char, std::string> parts[] = {
        {'s', "Linux"}, {'n', nameOfHost(call)}, {'r', host.spec().kernel}, {'v', std::string(host.kernelVersion())},
        {'m', machine}, {'p', "unknown"},        {'i', "unknown"},          {'o', "GNU/Linux"}};
    const bool all = call.has('a');
    const bool none =
        call.words.size() == 1 && std::ranges::none_of(parts, [&](const auto& part) { return call.has(part.first); });
    std::string line;
    for (const auto& [letter, text] : parts) {
        if ((all && text != "unknown") || call.has(letter) || (none && !all && letter == 's')) {
            line += (line.empty() ? "" : " ") + text;
        }
    }
    call.out(line + '\n');
    return 0;
}

int freeMemory(ShellCall& call) {
    for (const std::string& word : call.operands()) {
        if (word.starts_with('-') && word.find_first_not_of("bkmgh", 1) != std::string::npos) {
            return call.usage();
        }
    }
    if (!call.parse("bkmgh")) {
        return 1;
    }
    const ShellHost& host = call.work().host();
    const std::uint64_t unfree = host.freeMemory(call.work().now());
    const std::uint64_t cached = host.memory() / 30 + host.memory() / 6 + host.memory() / 60;
    const auto number = [&](std::uint64_t kilobytes) {
        return static_cast<unsigned long long>(call.has('m')   ? kilobytes >> 10U
                                               : call.has('b') ? kilobytes << 10U
                                                               : kilobytes);
    };
    call.out("              total        used        free      shared  buff/cache   available\n");
    call.out(printed("Mem:       %8llu    %8llu    %8llu    %8llu    %8llu    %8llu\n", number(host.memory()),
                     number(host.memory() - unfree - cached), number(unfree), number(92), number(cached),
                     number(unfree + host.memory() / 6)));
    call.out("Swap:             0           0           0\n");
    return 0;
}

int uptime(ShellCall& call) {
    if (!call.parse("")) {
        return 1;
    }
    const ShellHost& host = call.work().host();
    const std::int64_t up = host.uptime(call.work().now());
    const std::string clock = dateOf(call.work().seconds()).substr(7, 8);
    const int days = static_cast<int>(up / 86400);
    std::string line = " " + clock + " up ";
    line += days > 0 ? printed("%d day%s, ", days, days == 1 ? "" : "s") : "";
    const int hours = static_cast<int>(up / 3600 % 24);
    const int minutes = static_cast<int>(up / 60 % 60);
    line += hours > 0 ? printed("%2d:%02d", hours, minutes) : printed("%d min", minutes);
    call.out(line + ",  0 users,  load average: " + host.loadAverage(call.work().now()) + '\n');
    return 0;
}

int hostName(ShellCall& call) {
    if (!call.parse("sidfF:")) {
        return 1;
    }
    std::string given = call.words.size() > 1 ? call.words[1] : "";
    if (call.has('F')) {
        int status = 0;
        given = call.readAll({call.value('F')}, status);
        if (status != 0) {
            return status;
        }
        given = given.substr(0, given.find('\n'));
    }
    if (!given.empty()) {
        if (call.files().user() != 0) {
            return call.fail("sethostname: Operation not permitted");
        }
        call.environment().hostName = given.substr(0, 64);
        return 0;
    }
    const std::string name = nameOfHost(call);
    call.out((call.has('i')   ? std::string(call.work().host().address())
              : call.has('d') ? std::string{}
              : call.has('s') ? name.substr(0, name.find('.'))
                              : name) +
             '\n');
    return 0;
}

int processors(ShellCall& call) {
    std::erase_if(call.words, [](const std::string& word) { return word == "--all" || word.starts_with("--ignore="); });
    if (!call.parse("")) {
        return 1;
    }
    call.out(std::to_string(call.work().host().processors()) + '\n');
    return 0;
}

/// Another one than the first.
int init(ShellCall& call) {
    return call.fail("must be run as PID 1");
}

int messages(ShellCall& call) {
    if (!call.parse("cn:s:r")) {
        return 1;
    }
    const ShellHost& host = call.work().host();
    call.out("[    0.000000] Linux version " + host.spec().kernel + " (builder@buildhost) " +
             std::string(host.kernelVersion()) + "\n[    0.000000] Memory: " + std::to_string(host.memory()) +
             "K available\n");
    return 0;
}

int stopMachine(ShellCall& call) {
    if (!call.parse(call.name() == "halt" ? "d:nfw" : "d:nf")) {
        return 1;
    }
    if (call.files().user() != 0) {
        return call.fail("Operation not permitted");
    }
    call.shell().leave(ShellInterpreter::Flow::Exit);
    call.environment().stopped = true;
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"ash", runShellApplet},
    {"busybox", runBusybox},
    {"date", runDate},
    {"dmesg", messages},
    {"free", freeMemory, "/usr/bin"},
    {"halt", stopMachine, "/sbin"},
    {"hostname", hostName},
    {"init", init, "/sbin"},
    {"nproc", processors, "/usr/bin"},
    {"poweroff", stopMachine, "/sbin"},
    {"reboot", stopMachine, "/sbin"},
    {"sh", runShellApplet},
    {"uname", uname},
    {"uptime", uptime, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellSystemApplets() {
    return kApplets;
}

}  // namespace apiary::agent
