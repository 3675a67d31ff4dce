/// The builtins of ash: what changes the shell itself.

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

std::optional<int> numberOf(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && value >= 0 ? std::optional(value) : std::nullopt;
}

bool isName(std::string_view text) {
    return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
           std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

std::string quoted(std::string_view value) {
    std::string text = "'";
    for (const char c : value) {
        text += c == '\'' ? std::string("'\"'\"'") : std::string(1, c);
    }
    return text + '\'';
}

int colon(ShellCall& /*call*/) {
    return 0;
}

int falseBuiltin(ShellCall& /*call*/) {
    return 1;
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
        const auto status = numberOf(call.words[1]);
        if (!status) {
            call.failBuiltin("Illegal number: " + call.words[1]);
            call.shell().leave(Flow::Abort);
            return 2;
        }
        call.environment().status = *status & 255;
    }
    call.shell().leave(Flow::Exit);
    return call.environment().status;
}

int returnBuiltin(ShellCall& call) {
    const auto status = call.words.size() > 1 ? numberOf(call.words[1]) : std::optional(call.environment().status);
    call.environment().status = status.value_or(2) & 255;
    call.shell().leave(call.shell().inFunction() ? Flow::Return : Flow::Exit);
    return call.environment().status;
}

int leaveLoop(ShellCall& call, Flow flow) {
    const int levels = call.words.size() > 1 ? numberOf(call.words[1]).value_or(0) : 1;
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
    if (words.empty()) {
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

int list(ShellCall& call, bool exported) {
    for (const auto& [name, variable] : call.environment().variables) {
        if (!exported || variable.exported) {
            call.out((exported ? "export " : "") + name + (variable.set ? "=" + quoted(variable.value) : "") + '\n');
        }
    }
    return 0;
}

int setOptions(ShellCall& call) {
    if (call.words.size() == 1) {
        return list(call, false);
    }
    for (std::size_t i = 1; i < call.words.size(); ++i) {
        const std::string& word = call.words[i];
        if (word == "--" || word.size() < 2 || (word.front() != '-' && word.front() != '+')) {
            const std::size_t first = word == "--" ? i + 1 : i;
            call.environment().arguments.assign(call.words.begin() + static_cast<std::ptrdiff_t>(first),
                                                call.words.end());
            return 0;
        }
        for (const char letter : std::string_view(word).substr(1)) {
            if (std::string_view("eimnsxvoCafubh").find(letter) == std::string_view::npos) {
                call.failBuiltin(std::string("illegal option ") + word.front() + letter);
                call.shell().leave(Flow::Abort);
                return 2;
            }
            if (letter == 'e') {
                call.environment().stopsOnError = word.front() == '-';
            } else if (letter == 'x') {
                call.environment().traces = word.front() == '-';
            }
        }
    }
    return 0;
}

int exportOrProtect(ShellCall& call, bool exports) {
    ShellEnvironment& environment = call.environment();
    if (call.words.size() == 1 || call.words[1] == "-p") {
        return exports ? list(call, true) : 0;
    }
    for (const std::string& word : call.operands()) {
        const std::size_t equals = std::min(word.find('='), word.size());
        const std::string name = word.substr(0, equals);
        if (!isName(name)) {
            call.failBuiltin(name + ": bad variable name");
            call.shell().leave(Flow::Abort);
            return 2;
        }
        if (equals < word.size() && !environment.set(name, word.substr(equals + 1))) {
            call.shell().complain(call.name(), name + ": is read only");
            return 1;
        }
        if (environment.variables.size() < ShellEnvironment::kMostVariables || environment.variables.contains(name)) {
            auto& variable =
                environment.variables.try_emplace(name, ShellVariable{"", false, false, false}).first->second;
            (exports ? variable.exported : variable.readOnly) = true;
        }
    }
    return 0;
}

int exportVariables(ShellCall& call) {
    return exportOrProtect(call, true);
}

int protectVariables(ShellCall& call) {
    return exportOrProtect(call, false);
}

int local(ShellCall& call) {
    if (!call.shell().inFunction()) {
        call.failBuiltin("not in a function");
        call.shell().leave(Flow::Abort);
        return 2;
    }
    for (const std::string& word : call.operands()) {
        const std::size_t equals = std::min(word.find('='), word.size());
        call.environment().set(word.substr(0, equals), word.substr(std::min(equals + 1, word.size())));
    }
    return 0;
}

int unset(ShellCall& call) {
    bool functions = false;
    for (const std::string& word : call.operands()) {
        if (word == "-f" || word == "-v") {
            functions = word == "-f";
        } else if (functions) {
            call.environment().functions.erase(word);
        } else {
            call.environment().variables.erase(word);
        }
    }
    return 0;
}

int shift(ShellCall& call) {
    std::vector<std::string>& arguments = call.environment().arguments;
    const int count = call.words.size() > 1 ? numberOf(call.words[1]).value_or(0) : 1;
    if (static_cast<std::size_t>(count) > arguments.size()) {
        return 1;
    }
    arguments.erase(arguments.begin(), arguments.begin() + count);
    return 0;
}

int readLine(ShellCall& call) {
    std::vector<std::string> names;
    bool raw = false;
    for (std::size_t i = 1; i < call.words.size(); ++i) {
        const std::string& word = call.words[i];
        if (word == "-r" || word == "-s") {
            raw |= word == "-r";
        } else if (word == "-p" && i + 1 < call.words.size()) {
            call.error(call.words[++i]);
        } else if ((word == "-t" || word == "-n" || word == "-u") && i + 1 < call.words.size()) {
            ++i;
        } else {
            names.push_back(word);
        }
    }
    const ShellStreamPtr input = call.input();
    std::string line = call.work().readLine(*input);
    const bool ended = !line.ends_with('\n');
    while (!raw && line.ends_with("\\\n")) {
        line.erase(line.size() - 2);
        line += call.work().readLine(*input);
    }
    line.erase(line.find_last_not_of('\n') + 1);
    std::erase(line, '\0');
    if (call.work().stopped()) {
        return 1;
    }
    if (!raw) {
        std::erase(line, '\\');
    }
    const std::string ifs(call.environment().has("IFS") ? call.environment().get("IFS") : " \t\n");
    if (names.empty()) {
        names.emplace_back("REPLY");
    }
    std::string_view rest = line;
    for (std::size_t i = 0; i < names.size(); ++i) {
        rest.remove_prefix(std::min(rest.find_first_not_of(ifs == " \t\n" ? " \t" : ""), rest.size()));
        std::string_view field = i + 1 == names.size() ? rest : rest.substr(0, rest.find_first_of(ifs));
        const std::size_t used = std::min(field.size() + 1, rest.size());
        if (i + 1 == names.size() && ifs == " \t\n") {
            field = field.substr(0, field.find_last_not_of(" \t") + 1);
        }
        if (!isName(names[i])) {
            return call.failBuiltin("'" + names[i] + "': bad variable name", 2);
        }
        call.environment().set(names[i], std::string(field));
        rest.remove_prefix(used);
    }
    return ended ? 1 : 0;
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

int alias(ShellCall& call) {
    auto& aliases = call.environment().aliases;
    int status = 0;
    if (call.words.size() == 1) {
        for (const auto& [name, value] : aliases) {
            call.out(name + '=' + quoted(value) + '\n');
        }
    }
    for (const std::string& word : call.operands()) {
        const std::size_t equals = word.find('=', 1);
        if (equals != std::string::npos) {
            if (aliases.size() < 64) {
                aliases[word.substr(0, equals)] = word.substr(equals + 1);
            }
        } else if (aliases.contains(word)) {
            call.out(word + '=' + quoted(aliases[word]) + '\n');
        } else {
            call.error("alias: " + word + " not found\n");
            status = 1;
        }
    }
    return status;
}

int unalias(ShellCall& call) {
    int status = 0;
    for (const std::string& word : call.operands()) {
        if (word == "-a") {
            call.environment().aliases.clear();
        } else if (call.environment().aliases.erase(word) == 0) {
            call.error("unalias: " + word + " not found\n");
            status = 1;
        }
    }
    return status;
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

int let(ShellCall& call) {
    std::int64_t value = 0;
    for (const std::string& word : call.operands()) {
        std::string message;
        const auto result = evaluateArithmetic(word, call.environment(), message);
        if (!result) {
            return call.failBuiltin(message, 2);
        }
        value = *result;
    }
    return value == 0 ? 1 : 0;
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
    {"alias", alias},
    {"bg", colon},
    {"break", breakLoop},
    {"cd", changeDirectory},
    {"chdir", changeDirectory},
    {"command", runCommand},
    {"continue", continueLoop},
    {"echo", runEcho},
    {"eval", evaluate},
    {"exec", replaceShell},
    {"exit", exitShell},
    {"export", exportVariables},
    {"false", falseBuiltin},
    {"fg", colon},
    {"getopts", falseBuiltin},
    {"hash", colon},
    {"help", help},
    {"history", history},
    {"jobs", jobs},
    {"kill", killJob},
    {"let", let},
    {"local", local},
    {"printf", runPrintf},
    {"pwd", printDirectory},
    {"read", readLine},
    {"readonly", protectVariables},
    {"return", returnBuiltin},
    {"set", setOptions},
    {"shift", shift},
    {"source", source},
    {"test", runTest},
    {"times", times},
    {"trap", colon},
    {"true", colon},
    {"type", type},
    {"ulimit", limits},
    {"umask", umask},
    {"unalias", unalias},
    {"unset", unset},
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
