/// The builtins of ash: what changes the shell itself.

#include "agent/shell/shell_builtins.hpp"

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_expander.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

using Flow = ShellInterpreter::Flow;

constexpr std::size_t kSearchCost = 1024;  // of a folder of CDPATH, in bytes moved

int colon(ShellCall& /*call*/) {
    return 0;
}

int falseBuiltin(ShellCall& /*call*/) {
    return 1;
}

/// Where CDPATH has the folder, written from there; empty if it has none, or is not to be asked.
std::string searchedForDirectory(ShellCall& call, const std::string& target) {
    const bool fromHere = target == "." || target == ".." || target.starts_with("./") || target.starts_with("../");
    std::string_view rest = call.environment().get("CDPATH");
    if (rest.empty() || target.starts_with('/') || fromHere) {
        return {};
    }
    for (bool more = true; more && call.work().move(kSearchCost);) {
        const std::size_t end = rest.find(':');
        const std::string folder(rest.substr(0, end));
        more = end != std::string_view::npos;
        rest.remove_prefix(more ? end + 1 : rest.size());
        std::string path = folder.empty() ? target : folder + '/' + target;
        const ShellFiles::Place place = call.locate(path);
        const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
        if (node != nullptr && node->kind == ShellNode::Kind::Directory) {
            return path;
        }
    }
    return {};
}

int changeDirectory(ShellCall& call) {
    ShellEnvironment& environment = call.environment();
    std::size_t at = 1;
    for (; at < call.words.size() && call.words[at].size() > 1 && call.words[at].front() == '-'; ++at) {
        const char letter = call.words[at][1];
        if (call.words[at] == "--") {
            ++at;
            break;
        }
        if (letter != 'P' && letter != 'L') {
            return call.illegalOption(letter);
        }
    }
    std::string target = at < call.words.size() ? call.words[at] : std::string(environment.get("HOME"));
    const bool back = target == "-";
    if (back) {
        target = std::string(environment.get("OLDPWD"));
    }
    if (target.empty() && back) {
        call.out(environment.directory + '\n');
    }
    if (target.empty()) {
        if (at < call.words.size()) {
            environment.set("OLDPWD", environment.directory);
        }
        return 0;
    }
    const auto complain = [&](std::string_view why) {
        return call.failBuiltin("can't cd to " + target + ": " + std::string(why), 2);
    };
    const std::string inPath = back ? "" : searchedForDirectory(call, target);
    const ShellFiles::Place place = call.locate(inPath.empty() ? target : inPath);
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
    if (back || (!inPath.empty() && inPath != target)) {
        call.out(place.path + '\n');
    }
    return 0;
}

int printDirectory(ShellCall& call) {
    for (const std::string& word : call.operands()) {
        if (word.size() > 1 && word.front() == '-' && word != "-P" && word != "-L") {
            return call.illegalOption(word[1]);
        }
    }
    return call.out(call.environment().directory + '\n') ? 0 : 1;
}

int exitShell(ShellCall& call) {
    ShellEnvironment& environment = call.environment();
    const bool whole = environment.self == 0;  // and no subshell
    if (environment.interactive && whole && call.work().jobs.anyStopped() && !std::exchange(environment.warned, true)) {
        call.error("You have stopped jobs.\n");
        return 0;
    }
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
    if (!status) {
        call.failBuiltin("Illegal number: " + call.words[1]);
        call.shell().leave(Flow::Abort);
        return 2;
    }
    call.environment().status = static_cast<int>(*status & 255U);
    const bool inside = call.shell().inFunction() || !call.environment().sourced.empty();
    call.shell().leave(inside ? Flow::Return : Flow::Exit);
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
    return call.shell().runText(text, "eval");
}

int replaceShell(ShellCall& call) {
    if (call.words.size() < 2) {
        return 0;
    }
    const std::string& program = call.words[1];
    const ShellFiles::Place place = call.locate(program);
    const bool known = program.find('/') == std::string::npos
                           ? findShellApplet(program) != nullptr || !searchedInPath(call, program).empty()
                           : place.error == ShellError::None && call.files().find(place.path) != nullptr;
    if (!known) {
        const ShellEnvironment& environment = call.environment();
        const std::string line =
            environment.interactive ? "line " + std::to_string(environment.typedLines) + ": " : std::string{};
        call.shell().complain("exec", line + program + ": not found");
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

int source(ShellCall& call) {
    if (call.words.size() < 2) {
        return 2;
    }
    std::string path = call.words[1];
    if (path.find('/') == std::string::npos) {
        path = searchedInPath(call, path);
    }
    const ShellFiles::Place place = call.locate(path);
    if (path.empty() || place.error != ShellError::None || call.files().mayRead(place.path) != ShellError::None) {
        call.failBuiltin(path.empty() ? call.words[1] + ": not found"
                                      : "can't open '" + path + "': No such file or directory");
        call.shell().leave(Flow::Abort);
        return 2;
    }
    call.work().report(place.path);
    std::string text(call.files().find(place.path)->text());
    std::erase(text, '\0');
    ShellEnvironment& environment = call.environment();
    const std::string outer = std::exchange(environment.sourced, path);
    const std::vector<std::string> arguments = environment.arguments;
    if (call.words.size() > 2) {
        environment.arguments.assign(call.words.begin() + 2, call.words.end());
    }
    int status = call.shell().runText(text);
    if (call.shell().flow() == Flow::Return) {
        call.shell().leave(Flow::On);
        status = environment.status;
    }
    if (call.words.size() > 2) {
        environment.arguments = arguments;
    }
    environment.sourced = outer;
    return status;
}

int help(ShellCall& call) {
    std::string text = "Built-in commands:\n------------------\n";
    std::size_t column = 0;
    const auto add = [&](std::string_view name) {
        text += column == 0 ? '\t' : ' ';
        text += name;
        column += 1 + name.size();
        if (column > 60) {
            text += '\n';
            column = 0;
        }
    };
    for (const ShellApplet& builtin : shellBuiltins()) {
        add(builtin.name);
    }
    std::ranges::for_each(shellAppletNames(), add);
    call.out(text + (column == 0 ? "\n" : "\n\n"));
    return 0;
}

int history(ShellCall& call) {
    int number = 0;
    for (const std::string& line : call.work().history) {
        call.out(printed("%4d ", number++) + line + '\n');
    }
    return 0;
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
    {"bg", backgroundBuiltin},
    {"break", breakLoop},
    {"cd", changeDirectory},
    {"chdir", changeDirectory},
    {"command", commandBuiltin},
    {"continue", continueLoop},
    {"echo", runEcho},
    {"eval", evaluate},
    {"exec", replaceShell},
    {"exit", exitShell},
    {"export", exportBuiltin},
    {"false", falseBuiltin},
    {"fg", foregroundBuiltin},
    {"getopts", getoptsBuiltin},
    {"hash", hashBuiltin},
    {"help", help},
    {"history", history},
    {"jobs", jobsBuiltin},
    {"kill", killBuiltin},
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
    {"trap", trapBuiltin},
    {"true", colon},
    {"type", typeBuiltin},
    {"ulimit", ulimitBuiltin},
    {"umask", umaskBuiltin},
    {"unalias", unaliasBuiltin},
    {"unset", unsetBuiltin},
    {"wait", waitBuiltin},
};

}  // namespace

std::span<const ShellApplet> shellBuiltins() {
    return kBuiltins;
}

const ShellApplet* findShellBuiltin(std::string_view name) {
    const auto* found = std::ranges::lower_bound(kBuiltins, name, {}, &ShellApplet::name);
    return found != std::end(kBuiltins) && found->name == name ? found : nullptr;
}

bool isSpecialShellBuiltin(std::string_view name) {
    constexpr std::string_view kSpecial[] = {".",      ":",      "break",    "continue", "eval", "exec",
                                             "exit",   "export", "readonly", "return",   "set",  "shift",
                                             "source", "times",  "trap",     "unset"};
    return std::ranges::find(kSpecial, name) != std::end(kSpecial);
}

}  // namespace apiary::agent
