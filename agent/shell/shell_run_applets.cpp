/// Applets that run another command, and those about who uses the machine.

#include "agent/shell/shell_applets.hpp"
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
std::vector<std::string> quotedWords(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    bool open = false;
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
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
    const std::vector<std::string> items = call.has('0') ? partedBy(all, '\0')
                                           : each        ? partedBy(all, '\n')
                                                         : quotedWords(all);
    std::vector<std::string> command = call.operands();
    if (command.empty()) {
        command.emplace_back("echo");
    }
    const auto most = parseNumber<std::size_t>(call.valueOr('n', "0"));
    if (!most) {
        return call.fail("invalid number '" + call.value('n') + "'");
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
            for (std::string& word : words) {
                for (std::size_t i = word.find(call.value('I')); !call.value('I').empty() && i != std::string::npos;
                     i = word.find(call.value('I'), i + items[at].size())) {
                    word.replace(i, call.value('I').size(), items[at]);
                    if (word.size() > ShellEnvironment::kMostValue) {
                        return 1;
                    }
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
    if (!call.parse("+s:k:t:")) {
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
    if (first >= call.words.size()) {
        if (call.name() == "setsid" || call.name() == "taskset" || call.name() == "chroot") {
            return call.usage();
        }
        return runShellApplet(call);
    }
    if (call.name() == "chroot") {
        const ShellFiles::Place place = call.locate(call.words[first - 1]);
        if (place.error != ShellError::None || call.files().find(place.path) == nullptr) {
            return call.fail("can't change root directory to '" + call.words[first - 1] +
                             "': No such file or directory");
        }
    }
    const int status = runRest(call, first);
    return call.name() == "setsid" ? 0 : status;  // it leads a group of its own already, and leaves a child to it
}

int substituteUser(ShellCall& call) {
    std::size_t at = 1;
    std::string text;
    bool given = false;
    for (; at < call.words.size() && call.words[at].starts_with('-'); ++at) {
        if (call.words[at] == "-c" && at + 1 < call.words.size()) {
            text = call.words[++at];
            given = true;
        }
    }
    const std::string user = at < call.words.size() ? call.words[at] : "root";
    if (user != "root" && call.work().host().userName(call.work().host().userId(user)) != user) {
        return call.fail("unknown user " + user);
    }
    ShellCall shell(call.shell(), {"sh"});
    if (given) {
        shell.words.insert(shell.words.end(), {"-c", text});
    }
    return runShellApplet(shell);
}

/// Reads twice what it was told not to show; the password of the decoy stays.
int password(ShellCall& call) {
    if (!call.parse("a:luds")) {
        return 1;
    }
    const ShellHost& host = call.work().host();
    const std::string user = call.words.size() > 1 ? call.words[1] : host.userName(call.files().user());
    if (user != host.userName(host.userId(user))) {
        return call.fail("unknown user " + user);
    }
    call.out("Changing password for " + user + "\nNew password: ");
    const std::string first = call.work().readLine(*call.input());
    if (call.work().starved()) {
        return 1;
    }
    call.out("\nRetype password: ");
    const std::string second = first.empty() ? first : call.work().readLine(*call.input());
    if (call.work().starved()) {
        return 1;
    }
    call.out("\n");
    if (first != second || first.empty()) {
        call.out(first.empty() ? "" : "Passwords don't match\n");
        return call.fail("password for " + user + " is unchanged");
    }
    call.out("passwd: password for " + user + " changed by " + host.userName(call.files().user()) + '\n');
    return 0;
}

int schedule(ShellCall& call) {
    if (!call.parse("u:c:lerd")) {
        return 1;
    }
    if (!call.has('l') && !call.has('e') && !call.has('r') && !call.has('d') && call.words.size() == 1) {
        return call.usage();
    }
    if (call.words.size() > 1 && call.words[1] != "-" && !call.open(call.words[1])) {
        return 1;
    }
    const std::string folder = call.valueOr('c', "/var/spool/cron/crontabs");
    const ShellFiles::Place place = call.locate(folder);
    if (place.error != ShellError::None || call.files().find(place.path) == nullptr) {
        return call.fail("can't change directory to '" + folder + "': No such file or directory");
    }
    const std::string table = place.path + '/' + call.work().host().userName(call.files().user());
    if (call.has('l')) {
        const ShellNode* node = call.files().find(table);
        if (node == nullptr) {
            return call.fail("can't open 'root': No such file or directory");
        }
        call.out(node->text());
    }
    return 0;
}

int neighbours(ShellCall& call) {
    if (call.words.size() > 1 && !call.words[1].starts_with('-')) {
        return call.fail(call.words[1] + ": Host name lookup failure");
    }
    return 0;
}

int modules(ShellCall& call) {
    call.error("lsmod: /proc/modules: No such file or directory\n");
    call.out("Module                  Size  Used by    Not tainted\n");
    return 0;
}

int users(ShellCall& call) {
    if (call.name() == "w") {
        call.out("USER\t\tTTY\t\tIDLE\tTIME\t\t HOST\n");
    }
    return 0;
}

int lastUsers(ShellCall& call) {
    return call.fail("can't open '/var/log/wtmp': No such file or directory");
}

int groupNames(ShellCall& call) {
    const ShellHost& host = call.work().host();
    const std::string user = call.words.size() > 1 ? call.words[1] : host.userName(call.files().user());
    if (user != host.userName(host.userId(user))) {
        return call.fail("unknown user " + user);
    }
    call.out(user + '\n');
    return 0;
}

int terminalName(ShellCall& call) {
    const bool terminal = call.input()->kind == ShellStream::Kind::Terminal;
    call.out(terminal ? "/dev/pts/0\n" : "not a tty\n");
    return terminal ? 0 : 1;
}

int architecture(ShellCall& call) {
    call.out(std::string(call.work().host().machine()) + '\n');
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"arch", architecture},
    {"arp", neighbours, "/sbin"},
    {"chroot", become, "/usr/sbin"},
    {"crontab", schedule, "/usr/bin"},
    {"groups", groupNames, "/usr/bin"},
    {"last", lastUsers, "/usr/bin"},
    {"linux32", become},
    {"linux64", become},
    {"lsmod", modules, "/sbin"},
    {"passwd", password, "/usr/bin"},
    {"setsid", become, "/usr/bin"},
    {"su", substituteUser},
    {"taskset", become, "/usr/bin"},
    {"time", timed, "/usr/bin"},
    {"timeout", timeLimit, "/usr/bin"},
    {"tty", terminalName, "/usr/bin"},
    {"unshare", become, "/usr/bin"},
    {"w", users, "/usr/bin"},
    {"who", users, "/usr/bin"},
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
