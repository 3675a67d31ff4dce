/// Applets that run another command.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_expander.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <cctype>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostRuns = 500;

/// What execvp() would say before a command starts; None if it starts.
ShellError startError(ShellCall& call, const std::string& program) {
    if (program.find('/') == std::string::npos) {
        return findShellApplet(program) != nullptr ? ShellError::None : ShellError::NoEntry;
    }
    const ShellFiles::Place place = call.locate(program);
    if (place.error != ShellError::None || call.files().find(place.path) == nullptr) {
        return place.error != ShellError::None ? place.error : ShellError::NoEntry;
    }
    return call.files().mayExecute(place.path);
}

/// The words of standard input as xargs takes them: blanks part them, quotes keep them, a backslash keeps one byte.
/// `quote` is left as the quote that a line ends in.
std::vector<std::string> quotedWords(std::string_view text, char& quote) {
    std::vector<std::string> words;
    std::string word;
    bool open = false;
    quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote != 0 && c == '\n') {
            break;
        }
        if (quote != 0 ? c == quote : c == '"' || c == '\'') {
            quote = quote != 0 ? '\0' : c;
            open = true;
        } else if (quote == 0 && c == '\\' && i + 1 < text.size()) {
            word += text[++i];
            open = true;
        } else if (quote == 0 && std::isspace(static_cast<unsigned char>(c)) != 0) {
            if (std::exchange(open, false)) {
                words.push_back(std::exchange(word, {}));
            }
        } else {
            word += c;
            open = true;
        }
    }
    if (open) {
        words.push_back(word);
    }
    return words;
}

std::vector<std::string> partedBy(std::string_view text, char end) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find(end));
        if (!part.empty()) {
            parts.emplace_back(part);
        }
        text.remove_prefix(std::min(part.size() + 1, text.size()));
    }
    return parts;
}

int xargs(ShellCall& call) {
    if (!call.parse("+trn:s:I:0pxE:eP:aL:o")) {
        return 1;
    }
    const std::string all = call.work().read(*call.input(), ShellWork::kMostPiped);
    const bool each = call.has('I');
    char quote = 0;
    const std::vector<std::string> items = call.has('0') ? partedBy(all, '\0')
                                           : each        ? partedBy(all, '\n')
                                                         : quotedWords(all, quote);
    if (quote != 0) {
        return call.fail(std::string("unmatched ") + (quote == '"' ? "double" : "single") + " quote");
    }
    std::vector<std::string> command = call.operands();
    if (command.empty()) {
        command.emplace_back("echo");
    }
    const auto most = parseNumber<std::size_t>(call.valueOr('n', "0"));
    if (!most) {
        return call.fail("invalid number '" + call.value('n') + "'");
    }
    if (call.has('n') && *most == 0) {
        return call.fail("number 0 is not in 1..2147483647 range");
    }
    const auto room = parseNumber<std::size_t>(call.valueOr('s', "65536"));
    if (!room) {
        return call.fail("invalid number '" + call.value('s') + "'");
    }
    std::size_t fixed = 0;
    for (const std::string& word : command) {
        fixed += word.size() + 1;
    }
    if (fixed >= *room) {
        return call.fail("can't fit single argument within argument list size limit");
    }
    const std::size_t portion = each ? 1 : *most == 0 ? std::max<std::size_t>(items.size(), 1) : *most;
    if (items.empty() && (call.has('r') || each)) {
        return 0;
    }
    int status = 0;
    std::size_t runs = 0;
    for (std::size_t at = 0; at == 0 || at < items.size(); at += portion) {
        std::vector<std::string> words = command;
        if (each) {
            std::size_t bytes = 0;
            for (std::string& word : words) {
                for (std::size_t i = word.find(call.value('I')); !call.value('I').empty() && i != std::string::npos;
                     i = word.find(call.value('I'), i + items[at].size())) {
                    word.replace(i, call.value('I').size(), items[at]);
                    if (word.size() > ShellEnvironment::kMostValue) {
                        return 1;
                    }
                }
                bytes += word.size();
                if (bytes > ShellExpander::kMostBytes) {
                    return call.fail("argument line too long");
                }
            }
        } else {
            words.insert(words.end(), items.begin() + static_cast<std::ptrdiff_t>(at),
                         items.begin() + static_cast<std::ptrdiff_t>(std::min(items.size(), at + portion)));
        }
        if (call.has('t')) {
            std::string line;
            for (const std::string& word : words) {
                line += (line.empty() ? "" : " ") + word;
            }
            call.error(line + '\n');
        }
        ShellCall one(call.shell(), {"xargs"});
        one.words.insert(one.words.end(), words.begin(), words.end());
        const int result = runRest(one, 1, "");
        if (result == 126 || result == 127) {
            return result;
        }
        status = result == 0 ? status : result == 255 ? 124 : 123;
        if (++runs >= kMostRuns || call.work().stopped()) {
            break;
        }
    }
    return status;
}

int timed(ShellCall& call) {
    if (!call.parse("+vpao:f:")) {
        return 1;
    }
    if (call.words.size() < 2) {
        return call.usage();
    }
    const Millis before = call.work().takes();
    const int status = runRest(call, 1);
    if (status != 0) {
        call.error("Command exited with non-zero status " + std::to_string(status) + '\n');
    }
    const double took = static_cast<double>((call.work().takes() - before).count()) / 1000;
    if (call.has('p')) {
        call.error(printed("real %.2f\nuser 0.00\nsys 0.00\n", took));
    } else {
        call.error(printed("real\t%dm %.2fs\nuser\t0m 0.00s\nsys\t0m 0.00s\n", static_cast<int>(took / 60), took));
    }
    return status;
}

int timeLimit(ShellCall& call) {
    if (!call.parse("+s:k:")) {
        return 1;
    }
    if (call.words.size() < 3) {
        if (call.words.size() == 2 && !parseNumber<unsigned>(call.words[1])) {
            return call.fail("invalid number '" + call.words[1] + "'");
        }
        return call.usage();
    }
    const auto seconds = parseNumber<unsigned>(call.words[1]);
    if (!seconds) {
        return call.fail("invalid number '" + call.words[1] + "'");
    }
    const Millis before = call.work().takes();
    const int status = runRest(call, 2);
    const Millis limit{std::int64_t{*seconds} * 1000};
    if (call.work().takes() - before > limit) {
        call.work().setTakes(before + limit);
        call.error("Terminated\n");
        return 143;
    }
    return status;
}

/// Programs that change something about a process and become another one.
int become(ShellCall& call) {
    std::size_t first = 1;
    while (first < call.words.size() && call.words[first].size() > 1 && call.words[first].front() == '-') {
        ++first;
    }
    first += call.name() == "taskset" || call.name() == "chroot" ? 1 : 0;
    if (call.name() == "chroot" && first > 1 && first - 1 < call.words.size()) {
        const ShellFiles::Place place = call.locate(call.words[first - 1]);
        if (place.error != ShellError::None || call.files().find(place.path) == nullptr) {
            return call.fail("can't change root directory to '" + call.words[first - 1] +
                             "': No such file or directory");
        }
    }
    if (first >= call.words.size()) {
        if (call.name() == "setsid" || call.name() == "taskset" || call.name() == "chroot") {
            return call.usage();
        }
        return runShellApplet(call);
    }
    const int status = runRest(call, first);
    return call.name() == "setsid" ? 0 : status;  // it leads a group of its own already, and leaves a child to it
}

int modules(ShellCall& call) {
    call.error("lsmod: /proc/modules: No such file or directory\n");
    call.out("Module                  Size  Used by    Not tainted\n");
    return 0;
}

int architecture(ShellCall& call) {
    call.out(std::string(call.work().host().machine()) + '\n');
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"arch", architecture},
    {"chroot", become, "/usr/sbin"},
    {"linux32", become},
    {"linux64", become},
    {"lsmod", modules, "/sbin"},
    {"setsid", become, "/usr/bin"},
    {"taskset", become, "/usr/bin"},
    {"time", timed, "/usr/bin"},
    {"timeout", timeLimit, "/usr/bin"},
    {"unshare", become, "/usr/bin"},
    {"xargs", xargs, "/usr/bin"},
};

}  // namespace

int runRest(ShellCall& call, std::size_t first, std::string_view prefix) {
    const std::string& program = call.words[first];
    if (const ShellError error = startError(call, program); error != ShellError::None) {
        call.fail(std::string(prefix) + (prefix.empty() ? program : "'" + program + "'") + ": " +
                  std::string(errorText(error)));
        return error == ShellError::NoEntry ? 127 : 126;
    }
    return call.shell().runWords({call.words.begin() + static_cast<std::ptrdiff_t>(first), call.words.end()}, true);
}

std::span<const ShellApplet> shellRunApplets() {
    return kApplets;
}

}  // namespace apiary::agent
