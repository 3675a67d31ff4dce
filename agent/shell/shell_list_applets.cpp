/// Applets that show files: ls, find, df, mount and the like.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_expander.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

using Kind = ShellNode::Kind;

constexpr std::int64_t kHalfYear = std::int64_t{3600} * 24 * 365 / 2;
constexpr std::size_t kColumns = 80;

struct Shown {
    std::string name;
    std::string path;
    const ShellNode* node;
};

std::string modeText(const ShellNode& node) {
    std::string text(1, node.kind == Kind::Directory ? 'd'
                        : node.kind == Kind::Link    ? 'l'
                        : node.kind == Kind::Device  ? (node.block ? 'b' : 'c')
                                                     : '-');
    for (int bit = 8; bit >= 0; --bit) {
        text += (node.mode >> static_cast<unsigned>(bit) & 1U) != 0 ? "xwr"[bit % 3] : '-';
    }
    constexpr std::pair<unsigned, std::size_t> kSpecial[] = {{04000, 3}, {02000, 6}, {01000, 9}};
    for (const auto& [bit, at] : kSpecial) {
        if ((node.mode & bit) != 0) {
            const char sign = at == 9 ? 't' : 's';
            text[at] = text[at] == 'x' ? sign : static_cast<char>(sign - 0x20);
        }
    }
    return text;
}

bool onTmpfs(std::string_view path) {
    return path == "/tmp" || path.starts_with("/tmp/") || path == "/dev" || path.starts_with("/dev/");
}

std::uint64_t sizeOf(ShellCall& call, const Shown& shown) {
    if (shown.node->kind != Kind::Directory) {
        return shown.path.starts_with("/proc/") && shown.node->kind == Kind::File ? 0 : shown.node->size();
    }
    if (shown.path.starts_with("/proc") || shown.path.starts_with("/sys")) {
        return 0;
    }
    const std::uint64_t entries = call.files().entries(shown.path).size();
    return onTmpfs(shown.path) ? 40 + 20 * entries : 3 + 17 * entries;
}

std::uint64_t blocksOf(ShellCall& call, const Shown& shown) {
    const std::uint64_t size = shown.node->kind == Kind::File ? sizeOf(call, shown) : 0;
    return (size + 4095) / 4096 * 4;
}

std::size_t linksOf(ShellCall& call, const Shown& shown) {
    if (shown.node->kind != Kind::Directory) {
        return 1;
    }
    return 2 + static_cast<std::size_t>(std::ranges::count_if(call.files().entries(shown.path), [](const auto& entry) {
               return entry.second->kind == Kind::Directory;
           }));
}

std::string humanSize(std::uint64_t bytes) {
    constexpr std::string_view kUnits = "KMGT";
    if (bytes < 1024) {
        return std::to_string(bytes);
    }
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) {
        value /= 1024;
    }
    return printed("%.1f%c", value, kUnits[unit]);
}

std::string dateText(ShellCall& call, const Shown& shown) {
    const std::int64_t now = call.work().seconds();
    const bool current = shown.path.starts_with("/proc") || shown.path.starts_with("/sys");
    const std::int64_t at = current ? now : shown.node->modified;
    const std::string date = dateOf(at);
    const std::int64_t age = now - at;
    return age < kHalfYear && age > -15 * 60 ? date.substr(0, 12) : date.substr(0, 6) + "  " + date.substr(16, 4);
}

std::string longLine(ShellCall& call, const Shown& shown) {
    const ShellNode& node = *shown.node;
    const bool numeric = call.has('n');
    const std::string owner = numeric ? std::to_string(node.owner) : call.work().host().userName(node.owner);
    std::string line = call.has('i') ? printed("%7u ", 1000 + static_cast<unsigned>(shown.path.size() * 37 % 900)) : "";
    line += printed("%-10s %4zu %-8.8s %-8.8s ", modeText(node).c_str(), linksOf(call, shown), owner.c_str(),
                    owner.c_str());
    if (node.kind == Kind::Device) {
        line += printed("%4u, %3u ", static_cast<unsigned>(node.major), static_cast<unsigned>(node.minor));
    } else if (call.has('h')) {
        line += printed("%9s ", humanSize(sizeOf(call, shown)).c_str());
    } else {
        line += printed("%9llu ", static_cast<unsigned long long>(sizeOf(call, shown)));
    }
    return line + dateText(call, shown) + ' ';
}

std::string suffix(ShellCall& call, const Shown& shown) {
    if (call.has('l') && shown.node->kind == Kind::Link) {
        return " -> " + std::string(shown.node->text());
    }
    if (shown.node->kind == Kind::Directory && (call.has('F') || call.has('p'))) {
        return "/";
    }
    if (call.has('F')) {
        return shown.node->kind == Kind::Link                                      ? "@"
               : shown.node->kind == Kind::File && (shown.node->mode & 0111U) != 0 ? "*"
                                                                                   : "";
    }
    return "";
}

void show(ShellCall& call, std::vector<Shown> all) {
    if (call.has('t')) {
        std::ranges::stable_sort(all,
                                 [](const Shown& a, const Shown& b) { return a.node->modified > b.node->modified; });
    } else if (call.has('S')) {
        std::ranges::stable_sort(all, [](const Shown& a, const Shown& b) { return a.node->size() > b.node->size(); });
    }
    if (call.has('r')) {
        std::ranges::reverse(all);
    }
    const ShellStreamPtr& output = call.shell().streams()[1];
    const bool terminal = output && output->kind == ShellStream::Kind::Terminal;
    const bool columns = !call.has('l') && !call.has('1') && (call.has('C') || call.has('x') || terminal);
    std::size_t width = 0;
    for (const Shown& shown : all) {
        width = std::max(width, shown.name.size() + suffix(call, shown).size());
    }
    const std::size_t limit = call.has('w') ? parseNumber<std::size_t>(call.value('w')).value_or(kColumns) : kColumns;
    const std::size_t across = columns ? std::max<std::size_t>(1, limit / (width + 2)) : 1;
    const std::size_t rows = (all.size() + across - 1) / across;
    for (std::size_t row = 0; row < rows; ++row) {
        std::string line;
        std::size_t padding = 0;
        for (std::size_t i = row; i < all.size(); i += rows) {
            line.append(padding, ' ');
            const std::string text = all[i].name + suffix(call, all[i]);
            line += (call.has('l') ? longLine(call, all[i]) : std::string()) + text;
            padding = width + 2 - text.size();
        }
        if (!call.out(line + '\n') || !call.work().step()) {
            return;
        }
    }
}

void listDirectory(ShellCall& call, const std::string& name, const std::string& path, bool titled) {
    const ShellWork::Level level(call.work());
    if (!call.work().step()) {
        return;
    }
    if (titled) {
        call.out(name + ":\n");
    }
    std::vector<Shown> all;
    if (call.has('a')) {
        all.push_back({".", path, call.files().find(path)});
        all.push_back({"..", std::string(directoryOf(path)), call.files().find(directoryOf(path))});
    }
    std::uint64_t blocks = 0;
    for (const auto& [entry, node] : call.files().entries(path)) {
        if (entry.front() != '.' || call.has('a') || call.has('A')) {
            all.push_back({entry, (path == "/" ? "" : path) + '/' + entry, node});
            blocks += blocksOf(call, all.back());
        }
    }
    if (call.has('l') || call.has('s')) {
        call.out("total " + std::to_string(blocks) + '\n');
    }
    show(call, all);
    if (call.has('R')) {
        for (const Shown& shown : all) {
            if (shown.node->kind == Kind::Directory && shown.name != "." && shown.name != "..") {
                call.out("\n");
                listDirectory(call, name + (name.ends_with('/') ? "" : "/") + shown.name, shown.path, true);
            }
        }
    }
}

int list(ShellCall& call) {
    std::erase_if(call.words, [](const std::string& word) {
        return word.starts_with("--color") || word == "--full-time" || word == "--group-directories-first";
    });
    if (!call.parse("1AaCxdLHRFplinshrSXvctuw:kgo")) {
        return 1;
    }
    std::vector<std::string> paths = call.operands();
    if (paths.empty()) {
        paths = {"."};
    }
    int status = 0;
    std::vector<Shown> files;
    std::vector<Shown> directories;
    for (const std::string& path : paths) {
        const ShellFiles::Place place = call.locate(path, !call.has('l') || call.has('L') || call.has('H'));
        const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
        if (node == nullptr) {
            const ShellError error = place.error == ShellError::None ? ShellError::NoEntry : place.error;
            status = call.fail(path + ": " + std::string(errorText(error)));
        } else if (node->kind == Kind::Directory && !call.has('d')) {
            directories.push_back({path, place.path, node});
        } else {
            files.push_back({path, place.path, node});
        }
    }
    const auto byName = [](const Shown& a, const Shown& b) { return a.name < b.name; };
    std::ranges::sort(files, byName);
    std::ranges::sort(directories, byName);
    show(call, files);
    for (std::size_t i = 0; i < directories.size(); ++i) {
        if (i > 0 || !files.empty()) {
            call.out("\n");
        }
        const Shown& shown = directories[i];
        const std::uint32_t user = call.files().user();
        if (user != 0 && (shown.node->mode & (shown.node->owner == user ? 0400U : 0004U)) == 0) {
            status = call.fail("can't open '" + shown.name + "': Permission denied");
            continue;
        }
        listDirectory(call, shown.name, shown.path,
                      directories.size() + files.size() > 1 || paths.size() > 1 || call.has('R'));
    }
    return status;
}

/// -name PATTERN, -type LETTER and -print, anded; -maxdepth.
struct Sought {
    std::string name = "*";
    char type = 0;
    std::size_t depth = 32;
};

void findBelow(ShellCall& call, const std::string& shown, const std::string& path, const Sought& sought,
               std::size_t depth) {
    const ShellNode* node = call.files().find(path);
    if (node == nullptr || !call.work().step()) {
        return;
    }
    const char type = node->kind == Kind::Directory ? 'd'
                      : node->kind == Kind::Link    ? 'l'
                      : node->kind == Kind::File    ? 'f'
                                                    : 'c';
    const std::string_view name = shown == "." || shown == "/" ? std::string_view(shown) : nameOf(shown);
    if ((sought.type == 0 || sought.type == type) && matchesPattern(sought.name, name)) {
        call.out(shown + '\n');
    }
    if (node->kind == Kind::Directory && depth < sought.depth) {
        for (const auto& [entry, child] : call.files().entries(path)) {
            findBelow(call, shown + (shown.ends_with('/') ? "" : "/") + entry, (path == "/" ? "" : path) + '/' + entry,
                      sought, depth + 1);
        }
    }
}

int find(ShellCall& call) {
    std::vector<std::string> paths;
    Sought sought;
    for (std::size_t i = 1; i < call.words.size(); ++i) {
        const std::string& word = call.words[i];
        const std::string value = i + 1 < call.words.size() ? call.words[i + 1] : "";
        if (word == "-name" || word == "-iname") {
            sought.name = value;
        } else if (word == "-type") {
            sought.type = value.empty() ? 'f' : value.front();
        } else if (word == "-maxdepth") {
            sought.depth = std::min<std::size_t>(parseNumber<std::size_t>(value).value_or(0), 32);
        } else if (word == "-print") {
            continue;
        } else if (word.starts_with('-')) {
            call.fail("unrecognized: " + word);
            return call.usage();
        } else {
            paths.push_back(word);
            continue;
        }
        ++i;
    }
    int status = 0;
    for (const std::string& path : paths.empty() ? std::vector<std::string>{"."} : paths) {
        const ShellFiles::Place place = call.locate(path, false);
        if (place.error != ShellError::None || call.files().find(place.path) == nullptr) {
            status = call.fail(path + ": No such file or directory");
        } else {
            findBelow(call, path, place.path, sought, 0);
        }
    }
    return status;
}

int readLink(ShellCall& call) {
    if (!call.parse("fnv")) {
        return 1;
    }
    if (call.words.size() != 2) {
        return call.usage();
    }
    const ShellFiles::Place place = call.locate(call.words[1], call.has('f'));
    const ShellNode* node = place.error == ShellError::None ? call.files().find(place.path) : nullptr;
    if (place.error != ShellError::None || (!call.has('f') && (node == nullptr || node->kind != Kind::Link))) {
        return 1;
    }
    call.out((call.has('f') ? place.path : std::string(node->text())) + (call.has('n') ? "" : "\n"));
    return 0;
}

int realPath(ShellCall& call) {
    int status = 0;
    for (const std::string& path : call.operands()) {
        const ShellFiles::Place place = call.locate(path);
        const bool missing = call.files().find(place.path) == nullptr && path.find('/') == std::string::npos;
        if (place.error != ShellError::None || missing) {  // the last name alone need not be there
            status = call.fail(path + ": No such file or directory");
        } else {
            call.out(place.path + '\n');
        }
    }
    return status;
}

int diskFree(ShellCall& call) {
    if (!call.parse("PkmhTai")) {
        return 1;
    }
    struct Mount {
        const char* device;
        std::uint64_t size;
        std::uint64_t used;
        const char* path;
    };
    const std::uint64_t memory = call.work().host().memory() / 2;
    const std::uint64_t overlay = 3264;
    const std::uint64_t used = 400 + call.work().host().hardwareAddress().back() * 3U;
    const Mount mounts[] = {{"/dev/root", 4864, 4864, "/rom"},
                            {"tmpfs", memory, 92, "/tmp"},
                            {"/dev/mtdblock3", overlay, used, "/overlay"},
                            {"overlayfs:/overlay", overlay, used, "/"},
                            {"tmpfs", 512, 0, "/dev"}};
    const bool human = call.has('h');
    const auto number = [&](std::uint64_t kilobytes) {
        return !human           ? std::to_string(call.has('m') ? kilobytes / 1024 : kilobytes)
               : kilobytes == 0 ? "0"
                                : humanSize(kilobytes * 1024);
    };
    call.out(printed("Filesystem           %-15sUsed Available Use%% Mounted on\n", human ? "     Size      "
                                                                                    : call.has('m')
                                                                                        ? "1M-blocks      "
                                                                                        : "1K-blocks      "));
    for (const Mount& mount : mounts) {
        const std::uint64_t share = mount.size == 0 ? 0 : (mount.used * 100 + mount.size - 1) / mount.size;
        call.out(printed("%-20s %9s %9s %9s %3llu%% %s\n", mount.device, number(mount.size).c_str(),
                         number(mount.used).c_str(), number(mount.size - mount.used).c_str(),
                         static_cast<unsigned long long>(share), mount.path));
    }
    return 0;
}

int mount(ShellCall& call) {
    if (!call.parse("afiFnrsvwt:o:O:")) {
        return 1;
    }
    if (call.words.size() > 1 && !call.has('a')) {
        if (call.files().user() != 0) {
            return call.fail("permission denied (are you root?)");
        }
        const std::string& path = call.words.back();
        const ShellFiles::Place place = call.locate(path);
        const bool there = place.error == ShellError::None && call.files().find(place.path) != nullptr;
        call.fail(call.words.size() == 2 && !call.has('o') ? "can't find " + path + " in /etc/fstab"
                  : there ? "mounting " + call.words[1] + " on " + path + " failed: Invalid argument"
                          : "mounting " + call.words[1] + " on " + path + " failed: No such file or directory");
        return call.words.size() == 2 ? 1 : 255;
    }
    std::string_view mounts = call.files().find("/proc/mounts")->text();
    while (!mounts.empty()) {
        const std::string line(mounts.substr(0, mounts.find('\n')));
        mounts.remove_prefix(std::min(line.size() + 1, mounts.size()));
        std::array<std::string, 4> fields;
        std::size_t at = 0;
        for (std::string& field : fields) {
            field = line.substr(at, line.find(' ', at) - at);
            at = std::min(line.find(' ', at) + 1, line.size());
        }
        call.out(fields[0] + " on " + fields[1] + " type " + fields[2] + " (" + fields[3] + ")\n");
    }
    return 0;
}

int unmount(ShellCall& call) {
    if (!call.parse("rlfadnt:")) {
        return 1;
    }
    if (call.words.size() < 2) {
        return call.usage();
    }
    const bool root = call.files().user() == 0;
    for (const std::string& path : call.operands()) {
        const bool mounted = call.files().find("/proc/mounts")->text().find(' ' + path + ' ') != std::string_view::npos;
        call.fail("can't unmount " + path + ": " +
                  (call.locate(path).error != ShellError::None || call.files().find(call.locate(path).path) == nullptr
                       ? "No such file or directory"
                   : !root   ? "Operation not permitted"
                   : mounted ? "Device or resource busy"
                             : "Invalid argument"));
    }
    return 1;
}

constexpr ShellApplet kApplets[] = {
    {"df", diskFree},       {"find", find, "/usr/bin"},         {"ls", list},        {"mount", mount},
    {"readlink", readLink}, {"realpath", realPath, "/usr/bin"}, {"umount", unmount},
};

}  // namespace

std::span<const ShellApplet> shellListApplets() {
    return kApplets;
}

}  // namespace apiary::agent
