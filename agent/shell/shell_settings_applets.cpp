/// Applets for settings: those of the kernel, those of the terminal.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <iterator>

namespace apiary::agent {
namespace {

/// The settings of the kernel, which are files.
int kernelSettings(ShellCall& call) {
    if (!call.parse("neAapw")) {
        return 1;
    }
    const bool bare = call.has('n');
    constexpr std::string_view kRoot = "/proc/sys/";
    const auto show = [&](const std::string& key, std::string_view value) {
        call.out((bare ? "" : key + " = ") + std::string(value.substr(0, value.find('\n'))) + '\n');
    };
    if (call.has('a') || call.has('A')) {
        std::vector<std::string> folders{"/proc/sys"};
        while (!folders.empty() && call.work().step()) {
            const std::string folder = folders.back();
            folders.pop_back();
            for (const auto& [name, node] : call.files().entries(folder)) {
                const std::string path = folder + '/' + name;
                if (node->kind == ShellNode::Kind::Directory) {
                    folders.push_back(path);
                    continue;
                }
                std::string key = path.substr(kRoot.size());
                std::ranges::replace(key, '/', '.');
                show(key, node->text());
            }
        }
        return 0;
    }
    int status = 0;
    for (const std::string& word : call.operands()) {
        const std::string key = word.substr(0, word.find('='));
        std::string path = key;
        std::ranges::replace(path, '.', '/');
        const ShellFiles::Place place = call.files().locate("/", std::string(kRoot) + path);
        const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
        if (node == nullptr || node->kind != ShellNode::Kind::File) {
            status =
                call.has('e') ? status : call.fail("error: '" + (key == word ? path : key) + "' is an unknown key");
        } else {
            const bool sets = key.size() < word.size();
            const std::string value = sets ? word.substr(key.size() + 1) : std::string(node->text());
            if (sets && call.files().create(place.path, 0644, call.work().seconds()) == ShellError::None) {
                ShellStream file{ShellStream::Kind::File, place.path};
                call.work().write(file, value + '\n');
            }
            show(key, value);
        }
    }
    return status;
}

/// What stty says of the window. Where it has no size, that is an error, with the reason that something else had last.
std::string windowSize(ShellCall& call, const char* format, std::string_view reason = {}) {
    const ShellTerminal& terminal = call.work().terminal;
    if (terminal.rows == 0) {
        call.error("stty: standard input" + std::string(reason) + '\n');
        return {};
    }
    const unsigned rows = terminal.rows <= 1 || terminal.rows >= 30'000 ? 24 : terminal.rows;
    return printed(format, rows, static_cast<unsigned>(call.columns()));
}

int terminalSettings(ShellCall& call) {
    const std::vector<std::string> words = call.operands();
    if (call.input()->kind != ShellStream::Kind::Terminal) {
        return call.fail("standard input: Inappropriate ioctl for device");
    }
    constexpr std::string_view kCharacters =
        "intr = ^C; quit = ^\\; erase = ^?; kill = ^U; eof = ^D; eol = <undef>;\neol2 = <undef>; swtch = <undef>; "
        "start "
        "= ^Q; stop = ^S; susp = ^Z; rprnt = ^R;\nwerase = ^W; lnext = ^V; flush = ^O; min = 1; time = 0;\n";
    if (words.empty()) {
        call.out("speed 38400 baud; line = 0;\n" + std::string(kCharacters) + "-brkint -imaxbel\ntab3\n");
        return 0;
    }
    if (words.front() == "-a") {
        const ShellStreamPtr& output = call.shell().streams()[1];
        const bool toTerminal = output && output->kind == ShellStream::Kind::Terminal;
        call.out("speed 38400 baud; " +
                 windowSize(call, "rows %u; columns %u; ", toTerminal ? "" : ": Inappropriate ioctl for device") +
                 "line = 0;\n" + std::string(kCharacters) +
                 "-parenb -parodd -cmspar cs8 -hupcl -cstopb cread -clocal -crtscts\n-ignbrk -brkint -ignpar -parmrk "
                 "-inpck -istrip -inlcr -igncr icrnl ixon -ixoff\n-iuclc -ixany -imaxbel -iutf8\nopost -olcuc -ocrnl "
                 "onlcr -onocr -onlret -ofill -ofdel nl0 cr0 tab3 bs0 vt0 ff0\nisig icanon iexten echo echoe echok "
                 "-echonl -noflsh -xcase -tostop -echoprt\nechoctl echoke -flusho -extproc\n");
        return 0;
    }
    if (words.front() == "size") {
        call.out(windowSize(call, "%u %u\n"));
        return 0;
    }
    constexpr std::string_view kKnown[] = {"sane",  "raw",  "cooked",  "echo",  "isig",   "icanon", "cbreak", "nl",
                                           "cols",  "rows", "columns", "speed", "ispeed", "ospeed", "icrnl",  "onlcr",
                                           "opost", "ixon", "intr",    "erase", "kill",   "min",    "time",   "-g"};
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (const bool rows = word == "rows"; rows || word == "cols" || word == "columns") {
            const auto value = i + 1 < words.size() ? parseNumber<unsigned>(words[i + 1]) : std::nullopt;
            if (!value) {
                return i + 1 < words.size() ? call.fail("invalid number '" + words[i + 1] + "'")
                                            : call.fail("missing argument to '" + word + "'");
            }
            (rows ? call.work().terminal.rows : call.work().terminal.columns) = *value & 0xffffU;
            ++i;
            continue;
        }
        if (word == "echo" || word == "-echo" || word == "sane") {
            call.work().terminal.echoes = word != "-echo";
        }
        call.work().terminal.expandsTabs &= word != "sane";
        const std::string_view bare = std::string_view(word).substr(word.starts_with('-') && word != "-g" ? 1 : 0);
        const bool number = bare.find_first_not_of("0123456789^?") == std::string_view::npos;
        if (!number && std::ranges::find(kKnown, bare) == std::end(kKnown)) {
            return call.fail((word.starts_with('-') ? "invalid argument '" : "invalid number '") + word + "'");
        }
    }
    return 0;
}

/// Puts the terminal into a known state, as `stty sane` does.
int reset(ShellCall& call) {
    const ShellStreamPtr& output = call.shell().streams()[1];
    if (output && output->kind == ShellStream::Kind::Terminal) {
        call.out(
            "\x1b"
            "c\x1b(B\x1b[m\x1b[J\x1b[?25h");
        call.work().terminal.echoes = true;
        call.work().terminal.expandsTabs = false;
    }
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"reset", reset, "/usr/bin"},
    {"stty", terminalSettings},
    {"sysctl", kernelSettings, "/sbin"},
};

}  // namespace

std::span<const ShellApplet> shellSettingsApplets() {
    return kApplets;
}

}  // namespace apiary::agent
