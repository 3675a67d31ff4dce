/// The builtins of ash about what a name stands for: type, command, hash.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_builtins.hpp"
#include "agent/shell/shell_interpreter.hpp"

#include <algorithm>
#include <iterator>

namespace apiary::agent {
namespace {

/// One word of `type`, `command -V` and `command -v`; false if there is nothing of that name.
bool tellType(ShellCall& call, const std::string& word, bool wordy) {
    constexpr std::string_view kKeywords[] = {"if", "then", "elif", "else", "fi", "for", "while", "until", "function",
                                              "do", "done", "case", "esac", "in", "{",   "}",     "!"};
    const ShellEnvironment& environment = call.environment();
    const ShellFiles::Place place = call.locate(word);
    const bool path = word.find('/') != std::string::npos && place.error == ShellError::None &&
                      call.files().find(place.path) != nullptr &&
                      (wordy || call.files().mayExecute(place.path) == ShellError::None);
    const ShellApplet* builtin = findShellBuiltin(word);
    std::string what;
    if (std::ranges::find(kKeywords, word) != std::end(kKeywords)) {
        what = " is a shell keyword";
    } else if (const auto alias = environment.aliases.find(word); alias != environment.aliases.end()) {
        call.out(wordy ? word + " is an alias for " + alias->second + '\n'
                       : "alias " + word + '=' + shellQuoted(alias->second) + '\n');
        return true;
    } else if (environment.functions.contains(word)) {
        what = " is a function";
    } else if (builtin != nullptr) {
        what = isSpecialShellBuiltin(word) ? " is a special shell builtin" : " is a shell builtin";
    } else if (findShellApplet(word) != nullptr || path) {
        what = " is " + word;
    } else if (const std::string found = searchedInPath(call, word); !found.empty()) {
        call.out(wordy ? word + " is " + found + '\n' : found + '\n');
        return true;
    } else {
        call.out(wordy ? word + ": not found\n" : "");
        return false;
    }
    call.out(wordy ? word + what + '\n' : word + '\n');
    return true;
}

}  // namespace

std::string searchedInPath(ShellCall& call, const std::string& name) {
    std::string_view path = call.environment().get("PATH");
    while (!path.empty() && !name.empty() && call.work().step()) {
        std::string candidate(path.substr(0, path.find(':')));
        path.remove_prefix(std::min(candidate.size() + 1, path.size()));
        candidate.append("/").append(name);
        const auto place = call.locate(candidate);
        const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
        if (node != nullptr && node->kind == ShellNode::Kind::File) {
            return candidate;
        }
    }
    return {};
}

int typeBuiltin(ShellCall& call) {
    int status = 0;
    const bool brief = call.words.size() > 1 && call.words[1].starts_with('-');
    for (std::size_t i = brief ? 2 : 1; i < call.words.size(); ++i) {
        status = tellType(call, call.words[i], !brief) ? status : 127;
    }
    return status;
}

int commandBuiltin(ShellCall& call) {
    std::size_t at = 1;
    char tells = '\0';
    for (; at < call.words.size() && call.words[at].size() > 1 && call.words[at].front() == '-'; ++at) {
        if (call.words[at] == "--") {
            ++at;
            break;
        }
        for (const char letter : std::string_view(call.words[at]).substr(1)) {
            if (letter != 'p' && letter != 'v' && letter != 'V') {
                return call.illegalOption(letter);
            }
            tells = letter == 'p' ? tells : tells == 'V' ? 'V' : letter;
        }
    }
    const std::vector<std::string> words(call.words.begin() + static_cast<std::ptrdiff_t>(at), call.words.end());
    const ShellWork::Level level(call.work());
    if (words.empty() || call.work().stopped()) {
        return 0;
    }
    if (tells != '\0') {
        return tellType(call, words.front(), tells == 'V') ? 0 : 127;
    }
    if (const ShellApplet* builtin = findShellBuiltin(words.front())) {
        ShellCall inner(call.shell(), words);
        inner.speakAsShell();
        return builtin->run(inner);
    }
    return call.shell().runWords(words, true);
}

int hashBuiltin(ShellCall& call) {
    int status = 0;
    for (const std::string& word : call.operands()) {
        if (word.size() > 1 && word.front() == '-' && word != "-r" && word != "--") {
            return call.illegalOption(word[1]);
        }
        if (!word.starts_with('-') && findShellApplet(word) == nullptr && findShellBuiltin(word) == nullptr &&
            !call.environment().functions.contains(word) && searchedInPath(call, word).empty()) {
            status = call.failBuiltin(word + ": not found");
        }
    }
    return status;
}

}  // namespace apiary::agent
