/// Applets for settings: those of the kernel, those of the terminal.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"

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
            show(key, key.size() < word.size() ? std::string_view(word).substr(key.size() + 1) : node->text());
        }
    }
    return status;
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
        call.out("speed 38400 baud; rows 24; columns 80; line = 0;\n" + std::string(kCharacters) +
                 "-parenb -parodd -cmspar cs8 -hupcl -cstopb cread -clocal -crtscts\n-ignbrk -brkint -ignpar -parmrk "
                 "-inpck -istrip -inlcr -igncr icrnl ixon -ixoff\n-iuclc -ixany -imaxbel -iutf8\nopost -olcuc -ocrnl "
                 "onlcr -onocr -onlret -ofill -ofdel nl0 cr0 tab3 bs0 vt0 ff0\nisig icanon iexten echo echoe echok "
                 "-echonl -noflsh -xcase -tostop -echoprt\nechoctl echoke -flusho -extproc\n");
        return 0;
    }
    if (words.front() == "size") {
        call.out("24 80\n");
        return 0;
    }
    constexpr std::string_view kKnown[] = {"sane",  "raw",  "cooked",  "echo",  "isig",   "icanon", "cbreak", "nl",
                                           "cols",  "rows", "columns", "speed", "ispeed", "ospeed", "icrnl",  "onlcr",
                                           "opost", "ixon", "intr",    "erase", "kill",   "min",    "time",   "-g"};
    for (const std::string& word : words) {
        const std::string_view bare = std::string_view(word).substr(word.starts_with('-') && word != "-g" ? 1 : 0);
        const bool number = bare.find_first_not_of("0123456789^?") == std::string_view::npos;
        if (!number && std::ranges::find(kKnown, bare) == std::end(kKnown)) {
            return call.fail("invalid number '" + word + "'");
        }
    }
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"stty", terminalSettings},
    {"sysctl", kernelSettings, "/sbin"},
};

}  // namespace

std::span<const ShellApplet> shellSettingsApplets() {
    return kApplets;
}

}  // namespace apiary::agent
