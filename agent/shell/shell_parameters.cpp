/// The values of parameters, without and with braces.

#include "agent/shell/shell_expander.hpp"

#include <algorithm>
#include <cctype>

namespace apiary::agent {
namespace {

bool isNameByte(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

}  // namespace

std::string_view shellParameterAt(std::string_view text, bool wide) {
    if (text.empty()) {
        return {};
    }
    if (std::isdigit(static_cast<unsigned char>(text.front())) != 0) {
        std::size_t end = 1;
        while (wide && end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) {
            ++end;
        }
        return text.substr(0, end);
    }
    if (!isNameByte(text.front())) {
        return std::string_view("@*#?-$!").find(text.front()) != std::string_view::npos ? text.substr(0, 1)
                                                                                        : std::string_view{};
    }
    return text.substr(0, static_cast<std::size_t>(std::ranges::find_if_not(text, isNameByte) - text.begin()));
}

std::optional<std::string> ShellExpander::valueOf(std::string_view name) const {
    const ShellEnvironment& environment = shell_.environment();
    if (name == "LINENO") {
        return std::to_string(shell_.line());
    }
    if (name == "EPOCHSECONDS") {
        return std::to_string(shell_.work().seconds());
    }
    if (name == "PPID") {
        return std::to_string(environment.parent);
    }
    if (std::isdigit(static_cast<unsigned char>(name.front())) != 0) {
        const std::size_t index = name.size() > 4 ? 9999 : std::stoul(std::string(name));
        if (index == 0) {
            return environment.name;
        }
        return index <= environment.arguments.size() ? std::optional(environment.arguments[index - 1]) : std::nullopt;
    }
    switch (name.front()) {
        case '#':
            return std::to_string(environment.arguments.size());
        case '?':
            return std::to_string(environment.status);
        case '$':
            return std::to_string(environment.process);
        case '!':
            return environment.lastBackground > 0 ? std::optional(std::to_string(environment.lastBackground))
                                                  : std::nullopt;
        case '-':
            return environment.options.shown();
        default:
            return environment.has(name) ? std::optional(std::string(environment.get(name))) : std::nullopt;
    }
}

void ShellExpander::positional(bool joined, bool quoted, Marked& into) {
    const ShellEnvironment& environment = shell_.environment();
    const std::vector<std::string>& arguments = environment.arguments;
    const std::string_view separator =
        environment.has("IFS") ? environment.get("IFS").substr(0, 1) : std::string_view(" ");
    for (std::size_t i = 0; i < arguments.size() && room(into); ++i) {
        if (i > 0 && joined && quoted) {
            into.add(separator, Quoted);
        } else if (i > 0) {
            into.add(" ", Break);
        }
        if (quoted && !joined) {
            into.add("x", Empty);
        }
        into.add(arguments[i], quoted ? Quoted : Expanded);
    }
}

/// With the first sign of IFS between them, or with a NUL, which ends up as the end of a field.
std::string ShellExpander::joinedArguments(bool visibly) const {
    const ShellEnvironment& environment = shell_.environment();
    const std::string_view separator = !visibly                 ? std::string_view("\0", 1)
                                       : environment.has("IFS") ? environment.get("IFS").substr(0, 1)
                                                                : std::string_view(" ");
    std::string text;
    for (std::size_t i = 0; i < environment.arguments.size() && text.size() < kMostBytes; ++i) {
        text.append(i > 0 ? separator : "").append(environment.arguments[i]);
    }
    return text;
}

void ShellExpander::parameter(std::string_view name, bool quoted, Marked& into) {
    if (name == "@" || name == "*") {
        positional(name == "*", quoted, into);
        return;
    }
    if (name == "RANDOM") {
        ShellEnvironment& environment = shell_.environment();
        environment.random = environment.random * 6364136223846793005U + 1442695040888963407U +
                             static_cast<std::uint64_t>(shell_.work().now().time_since_epoch().count());
        into.add(std::to_string(environment.random >> 33U & 0x7fffU), quoted ? Quoted : Expanded);
        return;
    }
    const auto value = valueOf(name);
    if (!value && shell_.environment().options.on('u')) {
        fail("", std::string(name) + ": parameter not set");
    }
    into.add(value.value_or(""), quoted ? Quoted : Expanded);
}

void ShellExpander::braces(std::string_view inside, bool quoted, Marked& into) {
    if (inside.size() > 1 && inside.front() == '#' &&
        shellParameterAt(inside.substr(1), true).size() == inside.size() - 1) {
        const std::string_view name = inside.substr(1);
        const auto value = name == "@" || name == "*" ? std::nullopt : valueOf(name);
        if (!value && name != "@" && name != "*" && shell_.environment().options.on('u')) {
            fail("", std::string(name) + ": parameter not set");
        }
        std::size_t count = value.value_or("").size();
        if (name == "@" || name == "*") {  // of them all in one
            for (const std::string& argument : shell_.environment().arguments) {
                count += argument.size() + (count > 0 ? 1 : 0);
            }
        }
        into.add(std::to_string(count), quoted ? Quoted : Expanded);
        return;
    }
    const std::string_view name = shellParameterAt(inside, true);
    const std::string_view rest = inside.substr(name.size());
    if (name.empty() || (!rest.empty() && std::string_view(":-+=?%#/").find(rest.front()) == std::string_view::npos)) {
        fail("", "syntax error: bad substitution");
    } else if (rest.empty()) {
        parameter(name, quoted, into);
    } else {
        modified(name, rest, quoted, into);
    }
}

}  // namespace apiary::agent
