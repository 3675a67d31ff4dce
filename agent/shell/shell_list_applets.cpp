/// Applets that show files and where they lie: ls, df, mount, umount.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_state.hpp"

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
    if (call.has('e')) {
        static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
        std::string day = date.substr(4, 2);
        std::ranges::replace(day, ' ', '0');
        return date.substr(16) + printed("-%02zu-", kMonths.find(date.substr(0, 3)) / 3 + 1) + day + ' ' +
               date.substr(7, 8) + " +0000";
    }
    const std::int64_t age = now - at;
    return age < kHalfYear && age > -15 * 60 ? date.substr(0, 12) : date.substr(0, 6) + "  " + date.substr(16, 4);
}

std::string longLine(ShellCall& call, const Shown& shown) {
    const ShellNode& node = *shown.node;
    const bool numeric = call.has('n');
    const auto named = [&](const char* file, std::uint32_t id) {
        const auto name = numeric ? std::nullopt : accountOf(call.files(), file, id);
        return name ? *name : std::to_string(id);
    };
    std::string line = call.has('i') ? printed("%7zu ", inodeOf(shown.path)) : "";
    line +=
        printed("%-10s %4zu %-8.8s %-8.8s ", modeLetters(node).c_str(), linksOf(call.files(), shown.path, *shown.node),
                named("/etc/passwd", node.owner).c_str(), named("/etc/group", node.group()).c_str());
    if (node.kind == Kind::Device) {
        line += printed("%4u, %3u ", static_cast<unsigned>(node.major), static_cast<unsigned>(node.minor));
    } else if (call.has('h')) {
        line += printed("%9s ", humanSize(sizeOf(call.files(), shown.path, *shown.node)).c_str());
    } else {
        line += printed("%9llu ", static_cast<unsigned long long>(sizeOf(call.files(), shown.path, *shown.node)));
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
        std::ranges::stable_sort(all, [&](const Shown& a, const Shown& b) {
            return sizeOf(call.files(), a.path, *a.node) > sizeOf(call.files(), b.path, *b.node);
        });
    }
    if (call.has('r')) {
        std::ranges::reverse(all);
    }
    const ShellStreamPtr& output = call.shell().streams()[1];
    const bool terminal = output && output->kind == ShellStream::Kind::Terminal;
    const bool columns = !call.has('l') && !call.has('1') && (call.has('C') || call.has('x') || terminal);
    std::size_t width = 0;
    for (const Shown& shown : all) {
        width = std::max(width, shown.name.size() + (call.has('Q') ? 2 : 0));
    }
    const std::size_t limit = call.has('w') ? parseNumber<std::size_t>(call.value('w')).value_or(kColumns) : kColumns;
    const std::size_t across = columns ? std::max<std::size_t>(1, limit / (width + 2)) : 1;
    const std::size_t rows = (all.size() + across - 1) / across;
    for (std::size_t row = 0; row < rows; ++row) {
        std::string line;
        std::size_t padding = 0;
        for (std::size_t i = row; i < all.size(); i += rows) {
            line.append(padding, ' ');
            const std::string quote = call.has('Q') ? "\"" : "";
            const std::string text = quote + all[i].name + quote + suffix(call, all[i]);
            line += (call.has('l') ? longLine(call, all[i]) : std::string()) + text;
            padding = width + 2 - std::min(width + 2, text.size());
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
            blocks += kilobytesOf(call.files(), all.back().path, *node);
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
        return word.starts_with("--color") || word == "--group-directories-first";
    });
    const bool full = std::ranges::find(call.words, "--full-time") != call.words.end();
    std::ranges::replace(call.words, std::string("--full-time"), std::string("-le"));
    if (!call.parse(std::string("1AaCxdLHRFplinshrSXvctuw:kgQT:") + (full ? "e" : ""))) {
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

struct Mount {
    std::string device;
    std::string type;
    std::uint64_t size;  // kB
    std::uint64_t used;
    std::string path;
};

std::vector<Mount> mountsOf(ShellCall& call) {
    const std::uint64_t memory = call.work().host().memory() / 2;
    const std::uint64_t overlay = 3264;
    const std::uint64_t used = 400 + call.work().host().hardwareAddress().back() * 3U;
    return {{"/dev/root", "squashfs", 4864, 4864, "/rom"},
            {"tmpfs", "tmpfs", memory, 92, "/tmp"},
            {"/dev/mtdblock3", "jffs2", overlay, used, "/overlay"},
            {"overlayfs:/overlay", "overlay", overlay, used, "/"},
            {"tmpfs", "tmpfs", 512, 0, "/dev"}};
}

/// The file system that a path lies on: that of the longest mount point.
const Mount* mountOf(const std::vector<Mount>& mounts, std::string_view path) {
    const Mount* best = nullptr;
    for (const Mount& mount : mounts) {
        const bool below = mount.path == "/" || path == mount.path || path.starts_with(mount.path + '/');
        if (below && (best == nullptr || mount.path.size() > best->path.size())) {
            best = &mount;
        }
    }
    return best;
}

int diskFree(ShellCall& call) {
    if (!call.parse("kPThmaiB:t:")) {
        return 1;
    }
    const std::vector<Mount> mounts = mountsOf(call);
    const bool human = call.has('h');
    std::uint64_t unit = call.has('m') ? 1024 * 1024 : 1024;
    if (call.has('B')) {
        unit = parseSize(call.value('B')).value_or(0);
        if (unit == 0) {
            return call.fail("invalid number '" + call.value('B') + "'");
        }
    }
    const auto number = [&](std::uint64_t kilobytes) {
        return !human || call.has('i') ? std::to_string(call.has('i') ? kilobytes : kilobytes * 1024 / unit)
               : kilobytes == 0        ? std::string("0")
                                       : humanSize(kilobytes * 1024);
    };
    const std::string blocks = call.has('P')         ? printed("%llu-blocks", static_cast<unsigned long long>(unit))
                               : unit == 1024 * 1024 ? "1M-blocks"
                                                     : "1K-blocks";
    call.out(std::string("Filesystem           ") + (call.has('T') ? "Type       " : "") +
             (call.has('i')   ? "   Inodes      Used Available Use%"
              : human         ? "     Size      Used Available Use%"
              : call.has('P') ? blocks + "    Used Available Capacity"
                              : printed("%-15sUsed Available Use%%", blocks.c_str())) +
             " Mounted on\n");
    int status = 0;
    const auto row = [&](const Mount& mount) {
        const std::uint64_t size = call.has('i') ? mount.size / 4 : mount.size;
        const std::uint64_t used = call.has('i') ? mount.used / 16 : mount.used;
        const std::uint64_t share = size == 0 ? 0 : (used * 100 + size - 1) / size;
        call.out(printed("%-20s %s%9s %9s %9s %3llu%% %s\n", mount.device.c_str(),
                         call.has('T') ? printed("%-10s ", mount.type.c_str()).c_str() : "", number(size).c_str(),
                         number(used).c_str(), number(size - used).c_str(), static_cast<unsigned long long>(share),
                         mount.path.c_str()));
    };
    for (const std::string& path : call.operands()) {
        const ShellFiles::Place place = call.locate(path);
        const bool there = place.error == ShellError::None && call.files().find(place.path) != nullptr;
        if (there) {
            row(*mountOf(mounts, place.path));
        } else {
            status = call.fail(path + ": can't find mount point");
        }
    }
    for (const Mount& mount : call.words.size() > 1 ? std::vector<Mount>{} : mounts) {
        if (!call.has('t') || call.value('t') == mount.type) {
            row(mount);
        }
    }
    return status;
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
        const auto exists = [&](const ShellFiles::Place& of) {
            return of.error == ShellError::None && call.files().find(of.path) != nullptr;
        };
        const bool there = exists(place) && (call.has('t') || exists(call.locate(call.words[1])));
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
    {"df", diskFree},
    {"ls", list},
    {"mount", mount},
    {"umount", unmount},
};

}  // namespace

std::span<const ShellApplet> shellListApplets() {
    return kApplets;
}

}  // namespace apiary::agent
