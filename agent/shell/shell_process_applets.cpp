/// Applets that show and end processes.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_builtins.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_signals.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestThread = 17;  // its name, in brackets
constexpr std::size_t kWidest = 2048;       // line of ps where it goes to no terminal

/// What runs on the machine at this moment, the program that asks last.
std::vector<ShellProcess> running(ShellCall& call) {
    const ShellEnvironment& environment = call.environment();
    std::vector<ShellProcess> all = call.work().host().processes();
    for (ShellProcess& process : all) {
        if (process.command.starts_with('[') && process.command.size() > kLongestThread) {
            process.command.replace(kLongestThread - 1, std::string::npos, "]");
        }
    }
    const std::string user = call.work().host().userName(call.files().user());
    all.push_back({environment.process, user, environment.name});
    for (const ShellJobs::Job& job : call.work().jobs.list()) {
        all.push_back({job.process, user, job.text});
    }
    // The shell runs its own programs without starting a file, which shows.
    const std::string self = call.calledAs.empty() ? '{' + call.name() + "} " + environment.name : call.calledAs;
    all.push_back({call.work().newProcess(), user, self});
    return all;
}

std::string programOf(const ShellProcess& process) {
    return std::string(nameOf(process.command.substr(0, process.command.find(' '))));
}

struct Column {
    std::string_view name;
    std::string_view title;
    int width;
    std::string (*value)(const ShellProcess& process);
};

std::string one(const ShellProcess& process) {
    return process.id == 1 ? "1" : std::to_string(process.id);
}

constexpr Column kColumns[] = {
    {"user", "USER", 8, [](const ShellProcess& process) { return process.user; }},
    {"group", "GROUP", 8, [](const ShellProcess& process) { return process.user; }},
    {"comm", "COMMAND", 16, [](const ShellProcess& process) { return programOf(process); }},
    {"args", "COMMAND", 256, [](const ShellProcess& process) { return process.command; }},
    {"pid", "PID", 5, [](const ShellProcess& process) { return std::to_string(process.id); }},
    {"ppid", "PPID", 5, [](const ShellProcess& process) { return std::string(process.id <= 2 ? "0" : "1"); }},
    {"pgid", "PGID", 5, one},
    {"nice", "NI", 5, [](const ShellProcess& /*process*/) { return std::string("0"); }},
    {"rgroup", "RGROUP", 8, [](const ShellProcess& process) { return process.user; }},
    {"ruser", "RUSER", 8, [](const ShellProcess& process) { return process.user; }},
    {"tty", "TT", 6, [](const ShellProcess& process) { return std::string(process.id > 1000 ? "136,0" : "?"); }},
    {"vsz", "VSZ", 4,
     [](const ShellProcess& process) { return std::string(process.command[0] == '[' ? "0" : "1208"); }},
    {"sid", "SID", 5, one},
    {"stat", "STAT", 4, [](const ShellProcess& /*process*/) { return std::string("S"); }},
    {"rss", "RSS", 4, [](const ShellProcess& process) { return std::string(process.command[0] == '[' ? "0" : "764"); }},
};

/// The columns of -o; nothing after it said which one there is not.
std::optional<std::vector<const Column*>> columnsOf(ShellCall& call, std::string_view list) {
    std::vector<const Column*> columns;
    while (!list.empty()) {
        const std::string_view item = list.substr(0, list.find(','));
        list.remove_prefix(std::min(item.size() + 1, list.size()));
        const std::string_view name = item.substr(0, item.find('='));
        const auto* found = std::ranges::find(kColumns, name, &Column::name);
        if (found == std::end(kColumns)) {
            std::string known;
            for (const Column& column : kColumns) {
                known.append(known.empty() ? "" : ",").append(column.name);
            }
            call.fail("bad -o argument '" + std::string(name) + "', supported arguments: " + known);
            return {};
        }
        columns.push_back(found);
        if (columns.size() > 20) {
            break;
        }
    }
    return columns;
}

int processes(ShellCall& call) {
    if (!call.parse("Zno:aAdeflT")) {
        return 1;
    }
    const auto columns = columnsOf(call, call.valueOr('o', "pid,user,args"));
    if (!columns) {
        return 1;
    }
    const ShellStreamPtr& output = call.shell().streams()[1];
    const bool terminal = output && output->kind == ShellStream::Kind::Terminal;
    const std::size_t widest = terminal ? std::min(call.columns() - 1, kWidest) : kWidest;
    const auto show = [&](const auto& textOf) {
        std::string line;
        for (std::size_t i = 0; i < columns->size(); ++i) {
            const Column& column = *(*columns)[i];
            const auto width = static_cast<std::size_t>(column.width);
            std::string text(textOf(column));
            const bool number = text.find_first_not_of("0123456789") == std::string::npos && column.width <= 5;
            text = text.substr(0, width);
            if (number) {
                text.insert(0, width - text.size(), ' ');
            } else if (i + 1 < columns->size() && column.width < 256) {
                text.resize(width, ' ');
            }
            line += (i > 0 ? " " : "") + text;
            if (column.width == 256) {
                break;  // it takes the rest of the line
            }
        }
        call.out(line.substr(0, widest) + '\n');
    };
    show([](const Column& column) { return std::string(column.title); });
    for (const ShellProcess& process : running(call)) {
        show([&](const Column& column) { return column.value(process); });
    }
    return 0;
}

int top(ShellCall& call) {
    if (!call.parse("bHn:d:")) {
        return 1;
    }
    for (const char letter : {'n', 'd'}) {
        if (call.has(letter) && !parseNumber<unsigned>(call.value(letter))) {
            return call.fail("invalid number '" + call.value(letter) + "'");
        }
    }
    const ShellHost& host = call.work().host();
    const auto unfree = static_cast<unsigned long long>(host.freeMemory(call.work().now()));
    const auto all = static_cast<unsigned long long>(host.memory());
    std::string load = host.loadAverage(call.work().now());
    std::erase(load, ',');
    call.out(printed("Mem: %lluK used, %lluK free, 92K shrd, %lluK buff, %lluK cached\n", all - unfree, unfree,
                     all / 30, all / 6));
    call.out("CPU:   0% usr   0% sys   0% nic 100% idle   0% io   0% irq   0% sirq\n");
    const std::vector<ShellProcess> list = running(call);
    call.out("Load average: " + load + printed(" 1/%d %d\n", static_cast<int>(list.size()), list.back().id));
    call.out("  PID  PPID USER     STAT   VSZ %VSZ %CPU COMMAND\n");
    for (auto process = list.rbegin(); process != list.rend(); ++process) {
        const bool kernel = process->command[0] == '[';
        call.out(printed("%5d %5d %-8.8s %s %5d   %d%%   0%% ", process->id, process->id <= 2 ? 0 : 1,
                         process->user.c_str(), process == list.rbegin() ? "R   " : "S   ", kernel ? 0 : 1208,
                         kernel ? 0 : 1) +
                 process->command.substr(0, 30) + '\n');
    }
    return 0;
}

int killAll(ShellCall& call) {
    std::size_t at = 1;
    bool quiet = false;
    int signal = kSignalTerminate;
    for (; at < call.words.size() && call.words[at].size() > 1 && call.words[at].front() == '-'; ++at) {
        std::string name = call.words[at].substr(1);
        if (name == "q") {
            quiet = true;
            continue;
        }
        if (name == "l") {
            ShellCall list(call.shell(), {"kill", "-l"});
            return killBuiltin(list);
        }
        if (name == "s" && at + 1 < call.words.size()) {
            name = call.words[++at];
        }
        const auto known = shellSignal(name);
        if (!known) {
            return call.fail("bad signal name '" + name + "'");
        }
        signal = *known;
    }
    if (at == call.words.size()) {
        return call.fail("you need to specify whom to kill");
    }
    int failed = 0;
    ShellWork& work = call.work();
    for (; at < call.words.size(); ++at) {
        const std::string& word = call.words[at];
        bool found = std::ranges::any_of(work.host().processes(),
                                         [&](const ShellProcess& process) { return programOf(process) == word; });
        for (ShellJobs::Job& job : work.jobs.list()) {
            if (nameOf(job.text.substr(0, job.text.find(' '))) == word && (!job.ends || *job.ends > work.moment())) {
                work.jobs.signal(job, signal, work.moment());
                found = true;
            }
        }
        if (!found) {
            ++failed;
            if (!quiet) {
                call.fail(word + ": no process killed");
            }
        }
    }
    return failed;
}

int processId(ShellCall& call) {
    if (!call.parse("")) {
        return 1;
    }
    std::string line;
    for (const ShellProcess& process : running(call)) {
        for (const std::string& word : call.operands()) {
            if (programOf(process) == word) {
                line = std::to_string(process.id) + (line.empty() ? "" : " ") + line;
            }
        }
    }
    call.out(line.empty() ? "" : line + '\n');
    return line.empty() ? 1 : 0;
}

/// Nothing changes, but those that are there can be named.
int renice(ShellCall& call) {
    if (call.words.size() < 2) {
        return call.usage();
    }
    const bool relative = call.words[1] == "-n";
    const std::size_t first = relative ? 2 : 1;
    if (first >= call.words.size()) {
        return call.usage();
    }
    if (!parseInteger(call.words[first])) {
        return call.fail("invalid number '" + call.words[first] + "'");
    }
    int status = 0;
    for (std::size_t i = first + 1; i < call.words.size(); ++i) {
        const std::string& word = call.words[i];
        if (word == "-p" || word == "-g" || word == "-u") {
            continue;
        }
        const auto id = parseNumber<int>(word);
        const bool there = id && (*id == call.environment().process ||
                                  std::ranges::any_of(call.work().host().processes(),
                                                      [&](const ShellProcess& other) { return other.id == *id; }));
        if (!id) {
            status = call.fail("invalid number '" + word + "'");
        } else if (!there) {
            status = call.fail(std::string(relative ? "get" : "set") + "priority: No such process");
        }
    }
    return status;
}

constexpr ShellApplet kApplets[] = {
    {"kill", killBuiltin}, {"killall", killAll, "/usr/bin"}, {"pidof", processId},
    {"ps", processes},     {"renice", renice, "/usr/bin"},   {"top", top, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellProcessApplets() {
    return kApplets;
}

}  // namespace apiary::agent
