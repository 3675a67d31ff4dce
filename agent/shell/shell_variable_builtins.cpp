/// The builtins of ash that read and change variables, options and aliases.

#include "agent/shell/shell_builtins.hpp"
#include "agent/shell/shell_expander.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <cctype>

namespace apiary::agent {
namespace {

using Flow = ShellInterpreter::Flow;

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

int list(ShellCall& call, bool exported) {
    for (const auto& [name, variable] : call.environment().variables) {
        if (!exported || variable.exported) {
            call.out((exported ? "export " : "") + name + (variable.set ? "=" + quoted(variable.value) : "") + '\n');
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
        const bool room = environment.variables.size() < ShellEnvironment::kMostVariables &&
                          name.size() <= ShellEnvironment::kLongestName;
        if (room || environment.variables.contains(name)) {
            auto& variable =
                environment.variables.try_emplace(name, ShellVariable{"", false, false, false}).first->second;
            (exports ? variable.exported : variable.readOnly) = true;
        }
    }
    return 0;
}

}  // namespace

int readBuiltin(ShellCall& call) {
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

int setBuiltin(ShellCall& call) {
    if (call.words.size() == 1) {
        return list(call, false);
    }
    for (std::size_t i = 1; i < call.words.size(); ++i) {
        const std::string& word = call.words[i];
        if (word == "--" || word.size() < 2 || (word.front() != '-' && word.front() != '+')) {
            const std::size_t first = word == "--" ? i + 1 : i;
            auto& arguments = call.environment().arguments;
            arguments.clear();
            std::size_t bytes = 0;
            for (std::size_t n = first; n < call.words.size() && bytes < ShellEnvironment::kMostValues; ++n) {
                bytes += sizeof(std::string) + call.words[n].size();
                arguments.push_back(call.words[n]);
            }
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

int exportBuiltin(ShellCall& call) {
    return exportOrProtect(call, true);
}

int readonlyBuiltin(ShellCall& call) {
    return exportOrProtect(call, false);
}

int localBuiltin(ShellCall& call) {
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

int unsetBuiltin(ShellCall& call) {
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

int shiftBuiltin(ShellCall& call) {
    std::vector<std::string>& arguments = call.environment().arguments;
    const unsigned count = call.words.size() > 1 ? parseNumber<unsigned>(call.words[1]).value_or(0) : 1;
    if (count > arguments.size()) {
        return 1;
    }
    arguments.erase(arguments.begin(), arguments.begin() + count);
    return 0;
}

int letBuiltin(ShellCall& call) {
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

int aliasBuiltin(ShellCall& call) {
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
                aliases[word.substr(0, std::min(equals, ShellEnvironment::kLongestName))] =
                    word.substr(equals + 1, ShellEnvironment::kLongestAlias);
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

int unaliasBuiltin(ShellCall& call) {
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

}  // namespace apiary::agent
