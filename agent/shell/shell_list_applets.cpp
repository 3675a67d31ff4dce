/// Applets that show what is mounted where: df, mount, umount.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_state.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

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
        constexpr std::string_view kTypes[] = {"proc",    "sysfs",    "tmpfs", "devpts",
                                               "overlay", "squashfs", "jffs2", "auto"};
        const bool known = !call.has('t') || std::ranges::find(kTypes, call.value('t')) != std::end(kTypes);
        const bool device = call.words[1].find('/') != std::string::npos;
        const bool there = exists(place) && ((call.has('t') && !device) || exists(call.locate(call.words[1])));
        if (call.words.size() == 2 && call.valueOr('o', "").find("remount") != std::string::npos) {
            const bool mounted =
                call.files().find("/proc/mounts")->text().find(' ' + path + ' ') != std::string_view::npos;
            return mounted ? 0 : call.fail("can't find " + path + " in /proc/mounts");
        }
        call.fail(call.words.size() == 2 && !call.has('o') ? "can't find " + path + " in /etc/fstab"
                  : there && !known ? "mounting " + call.words[1] + " on " + path + " failed: No such device"
                  : there           ? "mounting " + call.words[1] + " on " + path + " failed: Invalid argument"
                          : "mounting " + call.words[1] + " on " + path + " failed: No such file or directory");
        return call.words.size() == 2 ? 1 : 255;
    }
    if (call.has('a')) {
        return 0;  // all of /etc/fstab is there already
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
        if (call.has('t') && call.value('t') != fields[2]) {
            continue;
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
    {"mount", mount},
    {"umount", unmount},
};

}  // namespace

std::span<const ShellApplet> shellListApplets() {
    return kApplets;
}

}  // namespace apiary::agent
