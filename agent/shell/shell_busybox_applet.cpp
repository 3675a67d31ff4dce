/// BusyBox itself, and the shell as one of its programs.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

/// A name for each applet in a folder, or each where it belongs.
int install(ShellCall& call) {
    const bool symbolic = call.words.size() > 2 && call.words[2] == "-s";
    const std::size_t at = symbolic ? 3 : 2;
    const std::string folder = at < call.words.size() ? call.words[at] : "";
    for (const std::string_view name : shellAppletNames()) {
        const std::string path =
            (folder.empty() ? std::string(shellAppletFolder(name)) : folder) + '/' + std::string(name);
        const ShellFiles::Place place = call.locate(path, false);
        if (!call.work().step()) {
            return 1;
        }
        ShellError error = place.error;
        if (error == ShellError::None) {
            error = call.files().find(place.path) != nullptr ? ShellError::None
                    : symbolic ? call.files().makeLink(place.path, "/bin/busybox", call.work().seconds())
                               : call.files().copy("/bin/busybox", place.path, call.work().seconds());
        }
        if (error != ShellError::None) {
            call.fail(path + ": " + std::string(errorText(error)));
        }
    }
    return 0;
}

}  // namespace

int runBusybox(ShellCall& call) {
    const std::vector<std::string> words = call.operands();
    if (words.empty()) {
        std::string text =
            call.work().host().busybox() +
            " multi-call binary.\nBusyBox is copyrighted by many authors between 1998-2015.\nLicensed under GPLv2. "
            "See source distribution for detailed\ncopyright notices.\n\nUsage: busybox [function "
            "[arguments]...]\n   or: busybox --list[-full]\n   or: busybox --install [-s] [DIR]\n   or: function "
            "[arguments]...\n\n\tBusyBox is a multi-call binary that combines many common Unix\n\tutilities into a "
            "single executable.  The shell in this build\n\tis configured to run built-in utilities without $PATH "
            "search.\n\tYou don't need to install a link to busybox for each utility.\n\tTo run external program, use "
            "full path (/sbin/ip instead of ip).\n\nCurrently defined functions:\n";
        const std::size_t width = call.columns(2) - 1;
        std::size_t column = 0;
        for (const std::string_view name : shellAppletNames()) {
            const std::size_t size = name.size() + 2;
            if (column + size >= width) {
                text += column == 0 ? "" : ",\n";
                column = 0;
            }
            text += column == 0 ? "\t" : ", ";
            text += name;
            column += size + (column == 0 ? 6 : 0);
        }
        call.out(text + '\n');
        return 0;
    }
    if (words.front() == "--list") {
        for (const std::string_view name : shellAppletNames()) {
            call.out(std::string(name) + '\n');
        }
        return 0;
    }
    if (words.front() == "--list-full") {
        for (const std::string_view name : shellAppletNames()) {
            call.out((std::string(shellAppletFolder(name)) + '/' + std::string(name) + '\n').substr(1));
        }
        return 0;
    }
    if (words.front() == "--install") {
        return install(call);
    }
    if (words.front() == "--help") {
        if (words.size() == 1) {
            call.words.resize(1);
            return runBusybox(call);
        }
        ShellCall inner(call.shell(), {words[1], "--help"});
        if (findShellApplet(words[1]) != nullptr && inner.helps()) {
            return 0;
        }
        call.error(words[1] + ": applet not found\n");
        return 127;
    }
    const ShellApplet* applet = findShellApplet(nameOf(words.front()));
    if (applet == nullptr) {
        call.error(std::string(nameOf(words.front())) + ": applet not found\n");
        return 127;
    }
    const ShellWork::Level level(call.work());
    if (call.work().stopped()) {
        return 1;
    }
    ShellCall inner(call.shell(), words);
    inner.words.front() = applet->name;
    inner.calledAs = call.calledAs.empty() ? "" : call.calledAs + ' ' + std::string(applet->name);
    return inner.helps() ? 0 : applet->run(inner);
}

/// `sh`: with a text, with a file, from a pipe, or an ash inside the ash.
int runShellApplet(ShellCall& call) {
    const ShellWork::Level level(call.work());
    ShellEnvironment inner = call.environment();
    inner.begin(call.calledAs.empty() || call.calledAs.find(' ') != std::string::npos ? call.name() : call.calledAs,
                call.work().newProcess());
    std::size_t at = 1;
    bool text = false;
    bool input = false;
    bool login = false;
    for (; at < call.words.size() && call.words[at].size() > 1 &&
           (call.words[at].front() == '-' || call.words[at].front() == '+');
         ++at) {
        const std::string word = call.words[at];
        if (word == "--" || word == "--login") {
            login |= word != "--";
            continue;
        }
        for (const char letter : std::string_view(word).substr(1)) {
            if (letter == 'o' && at + 1 < call.words.size()) {
                const auto option =
                    std::ranges::find(ShellOptions::all(), call.words[++at], &ShellOptions::Option::name);
                if (option == ShellOptions::all().end()) {
                    call.error(call.name() + ": illegal option " + word.front() + "o " + call.words[at] + '\n');
                    return 2;
                }
                inner.options.turn(option->letter, word.front() == '-');
            } else if (std::string_view("efImnxvCabuEcsl").find(letter) != std::string_view::npos) {
                text |= letter == 'c';
                input |= letter == 's';
                inner.options.turn(letter, word.front() == '-' && letter != 'l');
            } else if (letter != 'i') {
                call.error(call.name() + ": illegal option " + word.front() + letter + '\n');
                return 2;
            }
        }
    }
    ShellInterpreter shell(call.work(), inner, call.shell().streams());
    const auto finish = [&] {
        shell.end();
        return call.shell().endOf(inner);
    };
    if (text) {
        if (at == call.words.size()) {
            call.error(call.name() + ": -c requires an argument\n");
            return 2;
        }
        if (at + 1 < call.words.size()) {
            inner.name = call.words[at + 1];
            inner.arguments.assign(call.words.begin() + static_cast<std::ptrdiff_t>(at) + 2, call.words.end());
        }
        inner.text = true;
        shell.runText(call.words[at]);
        return finish();
    }
    if (at < call.words.size() && !input) {
        const ShellFiles::Place place = call.locate(call.words[at]);
        const ShellError error = place.error != ShellError::None ? place.error : call.files().mayRead(place.path);
        if (error != ShellError::None) {
            call.error(call.name() + ": can't open '" + call.words[at] + "': " + std::string(errorText(error)) + '\n');
            return 2;
        }
        call.work().report(place.path);
        inner.name = call.words[at];
        inner.script = true;
        inner.arguments.assign(call.words.begin() + static_cast<std::ptrdiff_t>(at) + 1, call.words.end());
        std::string script(call.files().find(place.path)->text());
        std::erase(script, '\0');
        shell.runText(script);
        return finish();
    }
    inner.arguments.assign(call.words.begin() + static_cast<std::ptrdiff_t>(at), call.words.end());
    const ShellStreamPtr& from = call.shell().streams()[0];
    if (from && from->kind == ShellStream::Kind::Terminal) {
        call.shell().startShell();
        call.environment().nested = true;
        call.environment().nestedArguments = inner.arguments;
        call.environment().nestedLogin = call.calledAs == "-sh";
        return 0;
    }
    inner.options.turn('s', true);
    shell.runInput();
    return finish();
}

}  // namespace apiary::agent
