#include "agent/shell/shell_environment.hpp"

#include "agent/shell/shell_numbers.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr unsigned kTableSize = 39;  // VTABSIZE of ash

unsigned bucketOf(std::string_view name) {
    unsigned hash = name.empty() ? 0 : static_cast<unsigned>(static_cast<unsigned char>(name.front())) << 4U;
    for (const char c : name) {
        hash += static_cast<unsigned char>(c);
    }
    return hash % kTableSize;
}

}  // namespace

const std::vector<ShellOptions::Option>& ShellOptions::all() {
    static const std::vector<Option> options = {
        {'e', "errexit"}, {'f', "noglob"},   {'I', "ignoreeof"}, {'m', "monitor"},   {'n', "noexec"},
        {'x', "xtrace"},  {'v', "verbose"},  {'C', "noclobber"}, {'a', "allexport"}, {'b', "notify"},
        {'u', "nounset"}, {'E', "errtrace"}, {'V', "vi"},        {'P', "pipefail"}};
    return options;
}

void ShellOptions::turn(char letter, bool on) {
    std::erase(letters_, letter);
    if (on) {
        letters_ += letter;
    }
}

std::string ShellOptions::shown() const {
    std::string text;
    for (const char letter : std::string_view("ubaCxvnscmiIfe")) {
        if (on(letter)) {
            text += letter;
        }
    }
    return text;
}

std::string_view ShellEnvironment::get(std::string_view variable) const {
    const auto found = variables.find(variable);
    return found == variables.end() ? std::string_view{} : std::string_view(found->second.value);
}

bool ShellEnvironment::has(std::string_view variable) const {
    const auto found = variables.find(variable);
    return found != variables.end() && found->second.set;
}

bool ShellEnvironment::set(std::string_view variable, std::string value) {
    auto found = variables.find(variable);
    if (found == variables.end()) {
        if (variables.size() >= kMostVariables || variable.size() > kLongestName) {
            return true;
        }
        found = variables.emplace(std::string(variable), ShellVariable{}).first;
    }
    if (found->second.readOnly) {
        return false;
    }
    std::size_t others = 0;
    for (const auto& [otherName, other] : variables) {
        others += &other == &found->second ? 0 : other.value.size();
    }
    value.resize(std::min({value.size(), kMostValue, kMostValues - std::min(kMostValues, others)}));
    if (variable == "OPTIND") {
        optionIndex = std::max(parseNumber<unsigned>(value).value_or(1), 1U);
        optionOffset = 0;
    }
    found->second.value = std::move(value);
    found->second.set = true;
    found->second.exported |= options.on('a');
    return true;
}

std::vector<std::pair<std::string, std::string>> ShellEnvironment::exported() const {
    std::vector<std::pair<std::string, std::string>> found;
    for (const auto& [variable, held] : variables) {
        if (held.exported && held.set) {
            found.emplace_back(variable, held.value);
        }
    }
    std::ranges::stable_sort(found, {}, [](const auto& entry) { return bucketOf(entry.first); });
    return found;
}

void ShellEnvironment::begin(std::string itsName, int itsProcess) {
    std::erase_if(variables, [](const auto& entry) { return !entry.second.exported; });
    for (auto& [variable, held] : variables) {
        held.readOnly = false;
    }
    functions.clear();
    aliases.clear();
    std::erase_if(traps, [](const auto& trap) { return !trap.second.empty(); });
    options = {};
    home = get("HOME");
    name = std::move(itsName);
    sourced.clear();
    arguments.clear();
    parent = self != 0 ? self : process;
    process = itsProcess;
    self = 0;
    descriptors = 0;
    lastBackground = 0;
    interactive = false;
    script = false;
    text = false;
    set("IFS", " \t\n");
    set("OPTIND", "1");
    set("PPID", std::to_string(parent));
    set("PS1", "\\w \\$ ");
    set("PS2", "> ");
    set("PS4", "+ ");
    if (!has("PATH")) {
        set("PATH", "/sbin:/usr/sbin:/bin:/usr/bin");
    }
    const auto level = parseNumber<unsigned>(get("SHLVL")).value_or(0);
    set("SHLVL", std::to_string(std::min(level, 999U) + 1));
    variables["SHLVL"].exported = true;
    if (!has("PWD")) {
        set("PWD", directory);
    }
}

std::string shellQuoted(std::string_view value) {
    std::string text = "'";
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] != '\'') {
            text += value[i];
            continue;
        }
        const std::size_t end = std::min(value.find_first_not_of('\'', i), value.size());
        text.append("'\"").append(end - i, '\'') += "\"'";
        i = end - 1;
    }
    return text + '\'';
}

}  // namespace apiary::agent
