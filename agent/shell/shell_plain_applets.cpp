/// Applets that need little but their arguments: basename, env, which, yes and the like.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace apiary::agent {
namespace {

int sleep(ShellCall& call) {
    if (call.words.size() < 2) {
        return call.usage();
    }
    constexpr Millis kLongest = std::chrono::hours(24 * 365 * 100);  // as good as for ever
    Millis total{0};
    for (const std::string& word : call.operands()) {
        const std::size_t digits = std::min(word.find_first_not_of("0123456789."), word.size());
        const auto whole =
            parseNumber<std::uint32_t>(std::string_view(word).substr(0, std::min(word.find('.'), digits)));
        const std::string_view unit = std::string_view(word).substr(digits);
        if ((!whole && !word.starts_with('.')) ||
            (!unit.empty() && unit != "s" && unit != "m" && unit != "h" && unit != "d")) {
            return call.fail("invalid number '" + word + "'");
        }
        const std::uint64_t factor = unit == "m" ? 60 : unit == "h" ? 3600 : unit == "d" ? 86400 : 1;
        const bool micro = call.name() == "usleep";
        total +=
            Millis(static_cast<std::int64_t>(whole.value_or(0) * factor * (micro ? 1 : 1000) / (micro ? 1000 : 1)));
        total = std::min(total, kLongest);
    }
    call.work().wait(total);
    return 0;
}

int baseName(ShellCall& call) {
    if (!call.parse("+as:")) {
        return 1;
    }
    const bool several = call.has('a') || call.has('s');
    if (call.words.size() < 2 || (!several && call.words.size() > 3)) {
        return call.usage();
    }
    const std::string suffix = several ? call.valueOr('s', "") : call.words.size() > 2 ? call.words[2] : "";
    for (std::size_t i = 1; i < (several ? call.words.size() : 2); ++i) {
        std::string_view path = call.words[i];
        while (path.size() > 1 && path.ends_with('/')) {
            path.remove_suffix(1);
        }
        std::string name(path == "/" ? path : nameOf(path));
        if (!suffix.empty() && name.ends_with(suffix) && name != suffix) {
            name.resize(name.size() - suffix.size());
        }
        call.out(name + '\n');
    }
    return 0;
}

int directoryName(ShellCall& call) {
    if (call.words.size() > 1 && call.words[1] == "--") {
        call.words.erase(call.words.begin() + 1);
    }
    if (call.words.size() != 2) {
        return call.usage();
    }
    std::string path = call.words[1];
    const auto cutSlashes = [&path] {
        while (path.size() > 1 && path.ends_with('/') && path != "//") {
            path.pop_back();
        }
    };
    cutSlashes();
    if (path != "/" && path != "//") {
        const std::size_t slash = path.rfind('/');
        path = slash == std::string::npos ? "." : path.substr(0, slash + 1);
        cutSlashes();
    }
    call.out(path + '\n');
    return 0;
}

int environmentList(ShellCall& call) {
    if (!call.parse("+i0u:")) {
        return 1;
    }
    std::size_t at = 1;
    ShellEnvironment inner = call.environment();
    const bool bare = at < call.words.size() && call.words[at] == "-";
    at += bare ? 1 : 0;
    if (bare || call.has('i')) {
        std::erase_if(inner.variables, [](const auto& entry) { return entry.second.exported; });
    }
    if (call.has('u')) {
        inner.variables.erase(call.value('u'));
    }
    for (; at < call.words.size() && call.words[at].find('=') != std::string::npos; ++at) {
        const std::string& word = call.words[at];
        const std::string name = word.substr(0, word.find('='));
        inner.set(name, word.substr(name.size() + 1));
        if (const auto known = inner.variables.find(name); known != inner.variables.end()) {
            known->second.exported = true;
        }
    }
    if (at == call.words.size()) {
        for (const auto& [name, value] : inner.exported()) {
            call.out(name + '=' + value + (call.has('0') ? '\0' : '\n'));
        }
        return 0;
    }
    const std::vector<std::string> words(call.words.begin() + static_cast<std::ptrdiff_t>(at), call.words.end());
    if (words.front().find('/') == std::string::npos && findShellApplet(words.front()) == nullptr) {
        call.fail("can't execute '" + words.front() + "': No such file or directory");
        return 127;
    }
    ShellInterpreter shell(call.work(), inner, call.shell().streams());
    const int status = shell.runWords(words, true);
    call.environment().nested |= inner.nested;
    return status;
}

int yes(ShellCall& call) {
    std::string text;
    for (std::size_t i = 1; i < call.words.size(); ++i) {
        text += (i > 1 ? " " : "") + call.words[i];
    }
    text = (call.words.size() > 1 ? text : "y") + '\n';
    const std::string line = text;
    while (text.size() < 4096) {
        text += line;
    }
    while (call.out(text)) {
    }
    return 1;
}

int which(ShellCall& call) {
    if (!call.parse("a")) {
        return 1;
    }
    if (call.words.size() < 2) {
        return call.usage();
    }
    int status = 0;
    for (const std::string& word : call.operands()) {
        std::string path = word;
        bool found = word.find('/') != std::string::npos && call.locate(word).error == ShellError::None &&
                     call.files().mayExecute(call.locate(word).path) == ShellError::None;
        std::string_view folders = call.environment().get("PATH");
        while (!found && word.find('/') == std::string::npos && !folders.empty() && call.work().step()) {
            path = std::string(folders.substr(0, folders.find(':'))) + '/' + word;
            folders.remove_prefix(
                std::min(folders.find(':') + 1 == 0 ? folders.size() : folders.find(':') + 1, folders.size()));
            const ShellFiles::Place place = call.locate(path);
            found = place.error == ShellError::None && call.files().mayExecute(place.path) == ShellError::None;
        }
        if (found) {
            call.out(path + '\n');
        } else {
            status = 1;
        }
    }
    return status;
}

int succeed(ShellCall& /*call*/) {
    return 0;
}

int synchronise(ShellCall& call) {
    return call.parse("df") ? 0 : 1;
}

int refuse(ShellCall& /*call*/) {
    return 1;
}

int clear(ShellCall& call) {
    call.out("\x1b[H\x1b[J");
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"[", runTest, "/usr/bin"},
    {"[[", runTest, "/usr/bin"},
    {"basename", baseName, "/usr/bin"},
    {"clear", clear, "/usr/bin"},
    {"dirname", directoryName, "/usr/bin"},
    {"echo", runEcho},
    {"env", environmentList, "/usr/bin"},
    {"false", refuse},
    {"printf", runPrintf, "/usr/bin"},
    {"sleep", sleep},
    {"sync", synchronise},
    {"test", runTest, "/usr/bin"},
    {"true", succeed},
    {"usleep", sleep},
    {"which", which, "/usr/bin"},
    {"yes", yes, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellPlainApplets() {
    return kApplets;
}

}  // namespace apiary::agent
