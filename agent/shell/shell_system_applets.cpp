/// Applets that show the machine, and BusyBox itself.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_builtins.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

int uname(ShellCall& call) {
    if (!call.parse("snrvmaoip")) {
        return 1;
    }
    const ShellHost& host = call.work().host();
    const std::string machine(host.machine());
    const std::pair<char, std::string> parts[] = {{'s', "Linux"},
                                                  {'n', host.spec().hostName},
                                                  {'r', host.spec().kernel},
                                                  {'v', std::string(host.kernelVersion())},
                                                  {'m', machine},
                                                  {'p', "unknown"},
                                                  {'i', "unknown"},
                                                  {'o', "GNU/Linux"}};
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

int identity(ShellCall& call) {
    if (!call.parse("ugGnr")) {
        return 1;
    }
    const ShellHost& host = call.work().host();
    const std::uint32_t id = call.words.size() > 1 ? host.userId(call.words[1]) : call.files().user();
    const std::string name = call.words.size() > 1 ? call.words[1] : host.userName(id);
    if (call.words.size() > 1 && name != "root" &&
        std::ranges::find(host.spec().users, name) == host.spec().users.end()) {
        return call.fail("unknown user " + name);
    }
    const std::string number = std::to_string(id);
    if (call.has('u') || call.has('g') || call.has('G')) {
        call.out((call.has('n') ? name : number) + '\n');
    } else {
        call.out("uid=" + number + '(' + name + ") gid=" + number + '(' + name + ") groups=" + number + '(' + name +
                 ")\n");
    }
    return 0;
}

int whoAmI(ShellCall& call) {
    call.out(call.work().host().userName(call.files().user()) + '\n');
    return 0;
}

int processes(ShellCall& call) {
    if (!call.parse("Zno:aAdeflT")) {
        return 1;
    }
    const ShellHost& host = call.work().host();
    call.out("PID   USER     COMMAND\n");
    const auto line = [&](int id, const std::string& user, const std::string& command) {
        call.out(printed("%5d %-8.8s ", id, user.c_str()) + command.substr(0, 160) + '\n');
    };
    for (const ShellProcess& process : host.processes()) {
        line(process.id, process.user, process.command);
    }
    const std::string user = host.userName(call.files().user());
    line(call.environment().process, user, call.environment().name);
    for (const ShellJobs::Job& job : call.work().jobs.list()) {
        line(job.process, user, job.text);
    }
    line(call.work().newProcess(), user, call.name());
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
    const std::uint64_t cached = host.memory() / 30 + host.memory() / 6;
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
    if (call.words.size() > 1) {
        return call.files().user() == 0 ? 0 : call.fail("sethostname: Operation not permitted");
    }
    call.out((call.has('i') ? std::string(call.work().host().address()) : call.work().host().spec().hostName) + '\n');
    return 0;
}

int killAll(ShellCall& call) {
    if (call.words.size() == 1) {
        return call.fail("you need to specify whom to kill");
    }
    int status = 0;
    bool quiet = false;
    for (const std::string& word : call.operands()) {
        if (word.starts_with('-')) {
            quiet |= word == "-q";
            continue;
        }
        const bool known = std::ranges::any_of(call.work().host().processes(), [&](const auto& process) {
            return nameOf(process.command.substr(0, process.command.find(' '))) == word;
        });
        if (!known) {
            status = 1;
            if (!quiet) {
                call.fail(word + ": no process killed");
            }
        }
    }
    return status;
}

int processId(ShellCall& call) {
    std::string line;
    for (const ShellProcess& process : call.work().host().processes()) {
        for (const std::string& word : call.operands()) {
            if (nameOf(process.command.substr(0, process.command.find(' '))) == word) {
                line = std::to_string(process.id) + (line.empty() ? "" : " ") + line;
            }
        }
    }
    call.out(line.empty() ? "" : line + '\n');
    return line.empty() ? 1 : 0;
}

int processors(ShellCall& call) {
    std::erase_if(call.words, [](const std::string& word) { return word == "--all" || word.starts_with("--ignore="); });
    if (!call.parse("")) {
        return 1;
    }
    call.out(std::to_string(call.work().host().processors()) + '\n');
    return 0;
}

int date(ShellCall& call) {
    if (!call.parse("us:d:r:RID:hk")) {
        return 1;
    }
    const std::int64_t now = call.work().seconds();
    const std::string text = dateOf(now);
    if (call.words.size() > 1 && call.words[1].starts_with('+')) {
        std::string out;
        for (std::string_view rest = std::string_view(call.words[1]).substr(1); !rest.empty();) {
            const char c = rest.front();
            const char kind = c == '%' && rest.size() > 1 ? rest[1] : '\0';
            rest.remove_prefix(kind == '\0' ? 1 : 2);
            out += kind == '\0'  ? std::string(1, c)
                   : kind == 's' ? std::to_string(now)
                   : kind == 'Y' ? text.substr(16)
                   : kind == 'b' ? text.substr(0, 3)
                   : kind == 'd' ? (text[4] == ' ' ? "0" : text.substr(4, 1)) + text.substr(5, 1)
                   : kind == 'H' ? text.substr(7, 2)
                   : kind == 'M' ? text.substr(10, 2)
                   : kind == 'S' ? text.substr(13, 2)
                   : kind == 'T' ? text.substr(7, 8)
                   : kind == 'a' ? std::string(weekdayOf(now))
                                 : std::string("%") + kind;
        }
        call.out(out + '\n');
        return 0;
    }
    call.out(std::string(weekdayOf(now)) + ' ' + text.substr(0, 15) + " UTC " + text.substr(16) + '\n');
    return 0;
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
    {"date", date},
    {"dmesg", messages},
    {"free", freeMemory, "/usr/bin"},
    {"halt", stopMachine, "/sbin"},
    {"hostname", hostName},
    {"id", identity, "/usr/bin"},
    {"kill", killBuiltin},
    {"killall", killAll, "/usr/bin"},
    {"nproc", processors, "/usr/bin"},
    {"pidof", processId},
    {"poweroff", stopMachine, "/sbin"},
    {"ps", processes},
    {"reboot", stopMachine, "/sbin"},
    {"sh", runShellApplet},
    {"uname", uname},
    {"uptime", uptime, "/usr/bin"},
    {"whoami", whoAmI, "/usr/bin"},
};

}  // namespace

int runBusybox(ShellCall& call) {
    const std::vector<std::string> words = call.operands();
    if (words.empty()) {
        std::string text =
            call.work().host().busybox() +
            " multi-call binary.\nBusyBox is copyrighted by many authors between 1998-2015.\nLicensed under GPLv2. "
            "See source distribution for detailed\ncopyright notices.\n\nUsage: busybox [function "
            "[arguments]...]\n   or: busybox --list[-full]\n   or: busybox --install [-s] [DIR]\n   or: function "
            "[arguments]...\n\n\tBusyBox is a multi-call binary that combines many common Unix\n\tutilities into a "
            "single executable.  The shell in this build\n\tis configured to run built-in utilities without $PATH "
            "search.\n\tYou don't need to install a link to busybox for each utility.\n\tTo run external program, use "
            "full path (/sbin/ip instead of ip).\n\nCurrently defined functions:\n";
        std::string line = "\t";
        for (const std::string_view name : shellAppletNames()) {
            if (line.size() + name.size() + 1 > 72) {
                line.pop_back();
                text += line + '\n';
                line = "\t";
            }
            line.append(name) += ", ";
        }
        line.resize(line.size() - 2);
        call.out(text + line + '\n');
        return 0;
    }
    if (words.front() == "--list") {
        for (const std::string_view name : shellAppletNames()) {
            call.out(std::string(name) + '\n');
        }
        return 0;
    }
    if (words.front() == "--list-full") {
        for (const std::string_view name : shellAppletNames()) {
            call.out((std::string(shellAppletFolder(name)) + '/' + std::string(name) + '\n').substr(1));
        }
        return 0;
    }
    if (words.front() == "--install") {
        return 0;
    }
    if (words.front() == "--help") {
        if (words.size() == 1) {
            call.words.resize(1);
            return runBusybox(call);
        }
        ShellCall inner(call.shell(), {words[1], "--help"});
        if (findShellApplet(words[1]) != nullptr && inner.helps()) {
            return 0;
        }
        call.error(words[1] + ": applet not found\n");
        return 127;
    }
    const ShellApplet* applet = findShellApplet(nameOf(words.front()));
    if (applet == nullptr) {
        call.error(std::string(nameOf(words.front())) + ": applet not found\n");
        return 127;
    }
    const ShellWork::Level level(call.work());
    if (call.work().stopped()) {
        return 1;
    }
    ShellCall inner(call.shell(), words);
    inner.words.front() = applet->name;
    return inner.helps() ? 0 : applet->run(inner);
}

/// `sh`: with a text, with a file, from a pipe, or an ash inside the ash.
int runShellApplet(ShellCall& call) {
    const ShellWork::Level level(call.work());
    ShellEnvironment inner = call.environment();
    inner.begin(call.calledAs.empty() ? call.name() : call.calledAs, call.work().newProcess());
    std::size_t at = 1;
    bool text = false;
    bool input = false;
    bool login = false;
    for (; at < call.words.size() && call.words[at].size() > 1 &&
           (call.words[at].front() == '-' || call.words[at].front() == '+');
         ++at) {
        const std::string word = call.words[at];
        if (word == "--" || word == "--login") {
            login |= word != "--";
            continue;
        }
        for (const char letter : std::string_view(word).substr(1)) {
            if (letter == 'o' && at + 1 < call.words.size()) {
                const auto option =
                    std::ranges::find(ShellOptions::all(), call.words[++at], &ShellOptions::Option::name);
                if (option == ShellOptions::all().end()) {
                    call.error(call.name() + ": illegal option " + word.front() + "o " + call.words[at] + '\n');
                    return 2;
                }
                inner.options.turn(option->letter, word.front() == '-');
            } else if (std::string_view("efImnxvCabuEcsl").find(letter) != std::string_view::npos) {
                text |= letter == 'c';
                input |= letter == 's';
                inner.options.turn(letter, word.front() == '-' && letter != 'l');
            } else if (letter != 'i') {
                call.error(call.name() + ": illegal option " + word.front() + letter + '\n');
                return 2;
            }
        }
    }
    ShellInterpreter shell(call.work(), inner, call.shell().streams());
    const auto finish = [&] {
        shell.end();
        return call.shell().endOf(inner);
    };
    if (text) {
        if (at == call.words.size()) {
            call.error(call.name() + ": -c requires an argument\n");
            return 2;
        }
        if (at + 1 < call.words.size()) {
            inner.name = call.words[at + 1];
            inner.arguments.assign(call.words.begin() + static_cast<std::ptrdiff_t>(at) + 2, call.words.end());
        }
        inner.text = true;
        shell.runText(call.words[at]);
        return finish();
    }
    if (at < call.words.size() && !input) {
        const ShellFiles::Place place = call.locate(call.words[at]);
        const ShellError error = place.error != ShellError::None ? place.error : call.files().mayRead(place.path);
        if (error != ShellError::None) {
            call.error(call.name() + ": can't open '" + call.words[at] + "': " + std::string(errorText(error)) + '\n');
            return 2;
        }
        call.work().report(place.path);
        inner.name = call.words[at];
        inner.script = true;
        inner.arguments.assign(call.words.begin() + static_cast<std::ptrdiff_t>(at) + 1, call.words.end());
        std::string script(call.files().find(place.path)->text());
        std::erase(script, '\0');
        shell.runText(script);
        return finish();
    }
    inner.arguments.assign(call.words.begin() + static_cast<std::ptrdiff_t>(at), call.words.end());
    const ShellStreamPtr& from = call.shell().streams()[0];
    if (from && from->kind == ShellStream::Kind::Terminal) {
        call.shell().startShell();
        call.environment().nested = true;
        call.environment().nestedArguments = inner.arguments;
        return 0;
    }
    inner.options.turn('s', true);
    shell.runInput();
    return finish();
}

std::span<const ShellApplet> shellSystemApplets() {
    return kApplets;
}

}  // namespace apiary::agent
