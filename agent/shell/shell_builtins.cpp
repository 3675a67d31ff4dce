/// The builtins of ash: what changes the shell itself.

#include "agent/shell/shell_builtins.hpp"

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_expander.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <utility>

namespace apiary::agent {
namespace {

using Flow = ShellInterpreter::Flow;

int colon(ShellCall& /*call*/) {
    return 0;
}

int falseBuiltin(ShellCall& /*call*/) {
    return 1;
}

int parseOptions(ShellCall& call) {
    call.failBuiltin("usage: getopts optstring var [arg]");
    return 2;
}

int changeDirectory(ShellCall& call) {
    ShellEnvironment& environment = call.environment();
    std::size_t at = 1;
    while (at < call.words.size() && (call.words[at] == "-P" || call.words[at] == "-L" || call.words[at] == "--")) {
        ++at;
    }
    std::string target = at < call.words.size() ? call.words[at] : std::string(environment.get("HOME"));
    const bool back = target == "-";
    if (back) {
        target = std::string(environment.get("OLDPWD"));
    }
    if (target.empty()) {
        return 0;
    }
    const auto complain = [&](std::string_view why) {
        return call.failBuiltin("can't cd to " + target + ": " + std::string(why));
    };
    const ShellFiles::Place place = call.locate(target);
    const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
    if (node == nullptr) {
        return complain(errorText(place.error == ShellError::None ? ShellError::NoEntry : place.error));
    }
    if (node->kind != ShellNode::Kind::Directory) {
        return complain(errorText(ShellError::NotDirectory));
    }
    const std::uint32_t user = call.files().user();
    if (user != 0 && (node->mode & (node->owner == user ? 0100U : 0001U)) == 0) {
        return complain(errorText(ShellError::Denied));
    }
    environment.set("OLDPWD", environment.directory);
    environment.directory = place.path;
    environment.set("PWD", place.path);
    if (back) {
        call.out(place.path + '\n');
    }
    return 0;
}

int printDirectory(ShellCall& call) {
    return call.out(call.environment().directory + '\n') ? 0 : 1;
}

int exitShell(ShellCall& call) {
    if (call.words.size() > 1) {
        const auto status = parseNumber<unsigned>(call.words[1]);
        if (!status) {
            call.failBuiltin("Illegal number: " + call.words[1]);
            call.shell().leave(Flow::Abort);
            return 2;
        }
        call.environment().status = static_cast<int>(*status & 255U);
    }
    call.shell().leave(Flow::Exit);
    return call.environment().status;
}

int returnBuiltin(ShellCall& call) {
    const auto status = call.words.size() > 1 ? parseNumber<unsigned>(call.words[1])
                                              : std::optional(static_cast<unsigned>(call.environment().status));
    call.environment().status = static_cast<int>(status.value_or(2) & 255U);
    call.shell().leave(call.shell().inFunction() ? Flow::Return : Flow::Exit);
    return call.environment().status;
}

int leaveLoop(ShellCall& call, Flow flow) {
    const int levels =
        call.words.size() > 1 ? static_cast<int>(std::min(parseNumber<unsigned>(call.words[1]).value_or(0), 1000U)) : 1;
    if (levels == 0) {
        call.failBuiltin("Illegal number: " + call.words[1]);
        call.shell().leave(Flow::Abort);
        return 2;
    }
    if (call.shell().inLoop()) {
        call.shell().leave(flow, levels);
    }
    return 0;
}

int breakLoop(ShellCall& call) {
    return leaveLoop(call, Flow::Break);
}

int continueLoop(ShellCall& call) {
    return leaveLoop(call, Flow::Continue);
}

int evaluate(ShellCall& call) {
    std::string text;
    for (std::size_t i = 1; i < call.words.size(); ++i) {
        text.append(i > 1 ? " " : "").append(call.words[i]);
    }
    return call.shell().runText(text);
}

int replaceShell(ShellCall& call) {
    if (call.words.size() < 2) {
        return 0;
    }
    const std::string& program = call.words[1];
    const bool known = program.find('/') != std::string::npos || findShellApplet(program) != nullptr;
    if (!known) {
        call.shell().complain("exec",
                              "line " + std::to_string(call.environment().typedLines) + ": " + program + ": not found");
        call.environment().status = 127;
        call.shell().leave(Flow::Exit);
        return 127;
    }
    const int status = call.shell().runWords({call.words.begin() + 1, call.words.end()}, true);
    if (!call.shell().startsShell()) {
        call.environment().status = status;
        call.shell().leave(Flow::Exit);
    }
    return status;
}

int runCommand(ShellCall& call) {
    if (call.words.size() > 2 && (call.words[1] == "-v" || call.words[1] == "-V")) {
        ShellCall type(call.shell(), {"command", call.words[2]});
        const std::string& word = call.words[2];
        const bool known = findShellApplet(word) != nullptr || findShellBuiltin(word) != nullptr;
        const bool path = word.find('/') != std::string::npos && call.locate(word).error == ShellError::None &&
                          call.files().mayExecute(call.locate(word).path) == ShellError::None;
        if (!known && !path) {
            return 127;
        }
        call.out(word + '\n');
        return 0;
    }
    const std::vector<std::string> words = call.operands();
    const ShellWork::Level level(call.work());
    if (words.empty() || call.work().stopped()) {
        return 0;
    }
    if (const ShellApplet* builtin = findShellBuiltin(words.front())) {
        ShellCall inner(call.shell(), words);
        return builtin->run(inner);
    }
    return call.shell().runWords(words, true);
}

int source(ShellCall& call) {
    if (call.words.size() < 2) {
        return 0;
    }
    const std::string& path = call.words[1];
    const ShellFiles::Place place = call.locate(path);
    if (path.find('/') == std::string::npos || place.error != ShellError::None ||
        call.files().mayRead(place.path) != ShellError::None) {
        const bool searched = path.find('/') == std::string::npos;
        call.failBuiltin(searched ? path + ": not found" : "can't open '" + path + "': No such file or directory");
        call.shell().leave(Flow::Abort);
        return 2;
    }
    call.work().report(place.path);
    std::string text(call.files().find(place.path)->text());
    std::erase(text, '\0');
    return call.shell().runText(text);
}

int type(ShellCall& call) {
    constexpr std::string_view kKeywords[] = {"if", "then", "elif", "else", "fi", "for", "while", "until",
                                              "do", "done", "case", "esac", "in", "{",   "}",     "!"};
    int status = 0;
    for (const std::string& word : call.operands()) {
        const ShellFiles::Place place = call.locate(word);
        if (std::ranges::find(kKeywords, word) != std::end(kKeywords)) {
            call.out(word + " is a shell keyword\n");
        } else if (call.environment().aliases.contains(word)) {
            call.out(word + " is an alias for " + call.environment().aliases.at(word) + '\n');
        } else if (call.environment().functions.contains(word)) {
            call.out(word + " is a function\n");
        } else if (const ShellApplet* builtin = findShellBuiltin(word)) {
            constexpr std::string_view kSpecial[] = {".",      ":",      "break",    "continue", "eval", "exec",
                                                     "exit",   "export", "readonly", "return",   "set",  "shift",
                                                     "source", "times",  "trap",     "unset"};
            const bool special = std::ranges::find(kSpecial, builtin->name) != std::end(kSpecial);
            call.out(word + (special ? " is a special shell builtin\n" : " is a shell builtin\n"));
        } else if (findShellApplet(word) != nullptr ||
                   (word.find('/') != std::string::npos && place.error == ShellError::None &&
                    call.files().find(place.path) != nullptr)) {
            call.out(word + " is " + word + '\n');
        } else {
            call.out(word + ": not found\n");
            status = 127;
        }
    }
    return status;
}

int umask(ShellCall& call) {
    if (call.words.size() > 1) {
        int mask = 0;
        const std::string& text = call.words[1];
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mask, 8);
        if (error != std::errc{} || end != text.data() + text.size() || mask < 0 || mask > 0777) {
            return call.failBuiltin("Illegal mode: " + text, 1);
        }
        call.environment().mask = static_cast<std::uint16_t>(mask);
        return 0;
    }
    char text[16];
    const int size = std::snprintf(text, sizeof text, "%04o\n", call.environment().mask);
    call.out({text, static_cast<std::size_t>(size)});
    return 0;
}

int jobs(ShellCall& call) {
    for (const ShellWork::Result& job : call.work().running) {
        char text[200];
        const int size = std::snprintf(text, sizeof text, "[%d]%c  Running                    %.120s\n", job.number,
                                       &job == &call.work().running.back() ? '+' : '-', job.source.c_str());
        call.out({text, static_cast<std::size_t>(size)});
    }
    return 0;
}

int limits(ShellCall& call) {
    if (call.words.size() > 1 && call.words[1] != "-a") {
        if (call.words.size() == 2 && call.words[1] == "-n") {
            call.out("1024\n");
        }
        return 0;
    }
    call.out(
        "core file size (blocks)         (-c) 0\ndata seg size (kb)              (-d) unlimited\nscheduling priority   "
        "          "
        "(-e) 0\nfile size (blocks)              (-f) unlimited\npending signals                 (-i) 471\nmax locked "
        "memory (kb)          (-l) 64\nmax memory size (kb)            (-m) unlimited\nopen files                      "
        "(-n) "
        "1024\nPOSIX message queues (bytes)    (-q) 819200\nreal-time priority              (-r) 0\nstack size (kb)    "
        "             "
        "(-s) 8192\ncpu time (seconds)              (-t) unlimited\nmax user processes              (-u) 471\nvirtual "
        "memory "
        "(kb)             (-v) unlimited\nfile locks                      (-x) unlimited\n");
    return 0;
}

int help(ShellCall& call) {
    std::string text = "Built-in commands:\n------------------\n";
    std::string line = "\t";
    const auto add = [&](std::string_view name) {
        if (line.size() + name.size() > 67) {
            line.pop_back();
            text += line + '\n';
            line = "\t";
        }
        line.append(name) += ' ';
    };
    for (const ShellApplet& builtin : shellBuiltins()) {
        add(builtin.name);
    }
    std::ranges::for_each(shellAppletNames(), add);
    line.pop_back();
    call.out(text + line + "\n\n");
    return 0;
}

int history(ShellCall& call) {
    int number = 0;
    for (const std::string& line : call.work().history) {
        call.out(printed("%4d ", number++) + line + '\n');
    }
    return 0;
}

int noJob(ShellCall& call) {
    if (!call.work().running.empty()) {
        return 0;
    }
    return call.failBuiltin("No current job", 2);
}

int killJob(ShellCall& call) {
    return findShellApplet("kill")->run(call);
}

int times(ShellCall& call) {
    call.out("0m0.01s 0m0.03s\n0m0.12s 0m0.08s\n");
    return 0;
}

constexpr ShellApplet kBuiltins[] = {
    {".", source},
    {":", colon},
    {"[", runTest},
    {"[[", runTest},
    {"alias", aliasBuiltin},
    {"bg", noJob},
    {"break", breakLoop},
    {"cd", changeDirectory},
    {"chdir", changeDirectory},
    {"command", runCommand},
    {"continue", continueLoop},
    {"echo", runEcho},
    {"eval", evaluate},
    {"exec", replaceShell},
    {"exit", exitShell},
    {"export", exportBuiltin},
    {"false", falseBuiltin},
    {"fg", noJob},
    {"getopts", parseOptions},
    {"hash", colon},
    {"help", help},
    {"history", history},
    {"jobs", jobs},
    {"kill", killJob},
    {"let", letBuiltin},
    {"local", localBuiltin},
    {"printf", runPrintf},
    {"pwd", printDirectory},
    {"read", readBuiltin},
    {"readonly", readonlyBuiltin},
    {"return", returnBuiltin},
    {"set", setBuiltin},
    {"shift", shiftBuiltin},
    {"source", source},
    {"test", runTest},
    {"times", times},
    {"trap", colon},
    {"true", colon},
    {"type", type},
    {"ulimit", limits},
    {"umask", umask},
    {"unalias", unaliasBuiltin},
    {"unset", unsetBuiltin},
    {"wait", colon},
};

}  // namespace

std::span<const ShellApplet> shellBuiltins() {
    return kBuiltins;
}

const ShellApplet* findShellBuiltin(std::string_view name) {
    const auto* found = std::ranges::lower_bound(kBuiltins, name, {}, &ShellApplet::name);
    return found != std::end(kBuiltins) && found->name == name ? found : nullptr;
}

}  // namespace apiary::agent
