/// The builtins of ash that read and change variables, options and aliases.

#include "agent/shell/shell_builtins.hpp"
#include "agent/shell/shell_expander.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

using Flow = ShellInterpreter::Flow;

int list(ShellCall& call, std::string_view before, bool (*wanted)(const ShellVariable&)) {
    for (const auto& [name, variable] : call.environment().variables) {
        if (wanted(variable)) {
            call.out(std::string(before) + name + (variable.set ? "=" + shellQuoted(variable.value) : "") + '\n');
        }
    }
    return 0;
}

/// With an error that gives up the line.
int abortLine(ShellCall& call, const std::string& message) {
    call.failBuiltin(message, 2);
    call.shell().leave(Flow::Abort);
    return 2;
}

int exportOrProtect(ShellCall& call, bool exports) {
    ShellEnvironment& environment = call.environment();
    std::size_t at = 1;
    bool takesBack = false;
    bool lists = call.words.size() == 1;
    for (; at < call.words.size() && call.words[at].size() > 1 && call.words[at].front() == '-'; ++at) {
        for (const char letter : std::string_view(call.words[at]).substr(1)) {
            if (letter != 'p' && !(letter == 'n' && exports) && letter != '-') {
                return call.illegalOption(letter);
            }
            lists |= letter == 'p';
            takesBack |= letter == 'n';
        }
    }
    if (lists) {
        return exports ? list(call, "export ", [](const ShellVariable& variable) { return variable.exported; })
                       : list(call, "readonly ", [](const ShellVariable& variable) { return variable.readOnly; });
    }
    for (; at < call.words.size(); ++at) {
        const std::string& word = call.words[at];
        const std::size_t equals = std::min(word.find('='), word.size());
        const std::string name = word.substr(0, equals);
        if (!isShellName(name)) {
            return abortLine(call, name + ": bad variable name");
        }
        if (equals < word.size() && !environment.set(name, word.substr(equals + 1))) {
            return abortLine(call, name + ": is read only");
        }
        const bool room = environment.variables.size() < ShellEnvironment::kMostVariables &&
                          name.size() <= ShellEnvironment::kLongestName;
        if (room || environment.variables.contains(name)) {
            auto& variable =
                environment.variables.try_emplace(name, ShellVariable{"", false, false, false}).first->second;
            (exports ? variable.exported : variable.readOnly) = !takesBack;
        }
    }
    return 0;
}

/// `set -o`, and `set +o`, which can be typed again.
void listOptions(ShellCall& call, bool again) {
    const ShellOptions& options = call.environment().options;
    for (const auto& [letter, name] : ShellOptions::all()) {
        const std::string title(name);
        const bool on = options.on(letter);
        call.out(again ? std::string("set ") + (on ? '-' : '+') + "o " + title + '\n'
                       : printed("%-16s", title.c_str()) + (on ? "on\n" : "off\n"));
    }
}

/// Where ash's table of aliases has a name, which decides the order in which they are listed.
unsigned placeOfAlias(std::string_view name) {
    constexpr unsigned kPlaces = 39;
    unsigned sum = name.empty() ? 0 : static_cast<unsigned>(static_cast<unsigned char>(name.front())) << 4U;
    for (const char c : name) {
        sum += static_cast<unsigned char>(c);
    }
    return sum % kPlaces;
}

}  // namespace

int setBuiltin(ShellCall& call) {
    if (call.words.size() == 1) {
        return list(call, "", [](const ShellVariable& variable) { return variable.set; });
    }
    ShellOptions& options = call.environment().options;
    std::size_t at = 1;
    bool takesWords = false;
    for (; at < call.words.size(); ++at) {
        const std::string& word = call.words[at];
        const char sign = word.empty() ? '\0' : word.front();
        if (word == "-" || word == "--") {
            if (word == "-") {
                options.turn('x', false);
                options.turn('v', false);
            }
            takesWords = word == "--" || at + 1 < call.words.size();
            ++at;
            break;
        }
        if ((sign != '-' && sign != '+') || word.size() < 2) {
            break;
        }
        for (const char letter : std::string_view(word).substr(1)) {
            if (letter == 'o') {
                if (at + 1 >= call.words.size()) {
                    listOptions(call, sign == '+');
                    continue;
                }
                const auto option =
                    std::ranges::find(ShellOptions::all(), call.words[++at], &ShellOptions::Option::name);
                if (option == ShellOptions::all().end()) {
                    return call.failBuiltin(std::string("illegal option ") + sign + "o " + call.words[at]);
                }
                options.turn(option->letter, sign == '-');
            } else if (std::string_view("efImnxvCabuE").find(letter) != std::string_view::npos) {
                options.turn(letter, sign == '-');
            } else if (letter != 's' && letter != 'i') {
                return call.illegalOption(letter, sign);
            }
        }
    }
    if (takesWords || at < call.words.size()) {
        auto& arguments = call.environment().arguments;
        std::vector<std::string> taken;
        std::size_t bytes = 0;
        for (; at < call.words.size() && bytes < ShellEnvironment::kMostValues; ++at) {
            bytes += sizeof(std::string) + call.words[at].size();
            taken.push_back(call.words[at]);
        }
        arguments = std::move(taken);
        call.environment().optionOffset = 0;
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
        return abortLine(call, "not in a function");
    }
    for (const std::string& word : call.operands()) {
        const std::size_t equals = std::min(word.find('='), word.size());
        const std::string name = word.substr(0, equals);
        if (!isShellName(name)) {
            return abortLine(call, name + ": bad variable name");
        }
        call.shell().keepLocal(name);
        if (equals == word.size()) {
            call.environment().variables.erase(name);
        } else if (!call.environment().set(name, word.substr(equals + 1))) {
            return abortLine(call, name + ": is read only");
        }
    }
    return 0;
}

int unsetBuiltin(ShellCall& call) {
    bool functions = false;
    std::size_t at = 1;
    for (; at < call.words.size() && call.words[at].size() > 1 && call.words[at].front() == '-'; ++at) {
        if (call.words[at] != "-f" && call.words[at] != "-v") {
            return call.illegalOption(call.words[at][1]);
        }
        functions = call.words[at] == "-f";
    }
    for (; at < call.words.size(); ++at) {
        const std::string& word = call.words[at];
        if (functions) {
            call.environment().functions.erase(word);
            continue;
        }
        const auto found = call.environment().variables.find(word);
        if (!isShellName(word)) {
            return abortLine(call, word + ": bad variable name");
        }
        if (found != call.environment().variables.end()) {
            if (found->second.readOnly) {
                return abortLine(call, word + ": is read only");
            }
            call.environment().variables.erase(found);
        }
    }
    return 0;
}

int shiftBuiltin(ShellCall& call) {
    std::vector<std::string>& arguments = call.environment().arguments;
    const auto count = call.words.size() > 1 ? parseNumber<unsigned>(call.words[1]) : std::optional(1U);
    if (!count) {
        return abortLine(call, "Illegal number: " + call.words[1]);
    }
    if (*count > arguments.size()) {
        return 1;
    }
    arguments.erase(arguments.begin(), arguments.begin() + *count);
    return 0;
}

int letBuiltin(ShellCall& call) {
    if (call.words.size() == 1) {
        return call.failBuiltin("expression expected", 2);
    }
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
        std::vector<std::string> names;
        for (const auto& [name, value] : aliases) {
            names.push_back(name);
        }
        std::ranges::stable_sort(names, {}, placeOfAlias);
        for (const std::string& name : names) {
            call.out(name + '=' + shellQuoted(aliases[name]) + '\n');
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
            call.out(word + '=' + shellQuoted(aliases[word]) + '\n');
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
