/// Applets that need a device, a network or a daemon's files, none of which this machine lets anybody have: what each
/// says to no operand and to one. Taken from the real ones, in a root without either.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace apiary::agent {
namespace {

/// Null stands for how it is used. In a text %1 stands for the first operand, %k for the kernel, %h for the host's
/// name.
struct Rare {
    std::string_view name;
    std::string_view folder;
    const char* alone;
    int statusAlone;
    const char* given;
    int statusGiven;
};

constexpr Rare kRare[] = {
    {"acpid", "/sbin", "", 0, "", 0},
    {"adjtimex", "/sbin", "", 0, "", 0},
    {"ar", "/usr/bin", nullptr, 1, nullptr, 1},
    {"arping", "/usr/sbin", nullptr, 1, "arping: interface eth0 not found: No such device\n", 2},
    {"ascii", "/usr/bin", "", 0, "", 0},
    {"blkdiscard", "/usr/bin", nullptr, 1, "blkdiscard: can't open '%1': No such file or directory\n", 1},
    {"blockdev", "/sbin", nullptr, 1, nullptr, 1},
    {"brctl", "/usr/sbin", nullptr, 1, "brctl: can't change directory to '/sys/class/net': No such file or directory\n",
     1},
    {"chvt", "/usr/bin", nullptr, 1, "chvt: invalid number '%1'\n", 1},
    {"cpio", "/bin", nullptr, 1, nullptr, 1},
    {"crond", "/usr/sbin", "", 0, "", 0},
    {"cttyhack", "/bin", "", 1,
     "cttyhack: can't open '': No such file or directory\ncttyhack: can't execute '%1': No such file or directory\n",
     127},
    {"deallocvt", "/usr/bin", "deallocvt: can't open console\n", 1, "deallocvt: invalid number '%1'\n", 1},
    {"depmod", "/sbin", "depmod: can't change directory to 'lib/modules/%k': No such file or directory\n", 1,
     "depmod: can't change directory to 'lib/modules/%k': No such file or directory\n", 1},
    {"devmem", "/sbin", nullptr, 1, nullptr, 1},
    {"dnsdomainname", "/bin", "", 0, "", 0},
    {"dpkg", "/usr/bin", nullptr, 1, nullptr, 1},
    {"dpkg-deb", "/usr/bin", nullptr, 1, "dpkg-deb: can't open '%1': No such file or directory\n", 1},
    {"dumpkmap", "/bin", "dumpkmap: can't open console\n", 1, nullptr, 1},
    {"dumpleases", "/usr/bin", "dumpleases: can't open '/var/lib/misc/udhcpd.leases': No such file or directory\n", 1,
     nullptr, 1},
    {"ed", "/bin", "", 0, "ed: %1: No such file or directory\n", 0},
    {"fatattr", "/bin", nullptr, 1, "fatattr: can't open '%1': No such file or directory\n", 1},
    {"fdisk", "/sbin", nullptr, 1, "fdisk: can't open '%1': No such file or directory\n", 1},
    {"findfs", "/sbin", nullptr, 1, nullptr, 1},
    {"freeramdisk", "/sbin", nullptr, 1, "freeramdisk: can't open '%1': No such file or directory\n", 1},
    {"fsfreeze", "/usr/sbin", nullptr, 1, nullptr, 1},
    {"fstrim", "/sbin", nullptr, 1, "fstrim: can't open '%1': No such file or directory\n", 1},
    {"getty", "/sbin", nullptr, 1, nullptr, 1},
    {"hostid", "/usr/bin", "00000000\n", 0, nullptr, 1},
    {"hwclock", "/sbin", "hwclock: can't open '/dev/misc/rtc': No such file or directory\n", 1,
     "hwclock: can't open '/dev/misc/rtc': No such file or directory\n", 1},
    {"i2cdetect", "/usr/sbin", nullptr, 1, "i2cdetect: invalid number '%1'\n", 1},
    {"i2cdump", "/usr/sbin", nullptr, 1, nullptr, 1},
    {"i2cget", "/usr/sbin", nullptr, 1, nullptr, 1},
    {"i2cset", "/usr/sbin", nullptr, 1, nullptr, 1},
    {"i2ctransfer", "/usr/sbin", nullptr, 1, nullptr, 1},
    {"ifdown", "/sbin", nullptr, 1, "ifdown: can't open '/etc/network/interfaces': No such file or directory\n", 1},
    {"ifup", "/sbin", nullptr, 1, "ifup: can't open '/etc/network/interfaces': No such file or directory\n", 1},
    {"insmod", "/sbin", nullptr, 1, "insmod: can't insert '%1': No such file or directory\n", 254},
    {"ionice", "/bin", "none: prio 0\n", 0, "ionice: invalid number '%1'\n", 1},
    {"ipneigh", "/sbin", "", 0, "ipneigh: invalid argument '%1' to 'ipneigh'\n", 1},
    {"klogd", "/sbin", "", 0, "", 0},
    {"linuxrc", "", nullptr, 1, nullptr, 1},
    {"loadfont", "/usr/sbin", "loadfont: can't open console\n", 1, nullptr, 1},
    {"loadkmap", "/sbin", "loadkmap: can't open console\n", 1, nullptr, 1},
    {"logger", "/usr/bin", "", 0, "", 0},
    {"logread", "/sbin", "logread: can't find syslogd buffer: No such file or directory\n", 1,
     "logread: can't find syslogd buffer: No such file or directory\n", 1},
    {"losetup", "/sbin", nullptr, 1, "losetup: %1: No such file or directory\n", 1},
    {"lsscsi", "/usr/bin", "lsscsi: can't change directory to '/sys/bus/scsi/devices': No such file or directory\n", 1,
     "lsscsi: can't change directory to '/sys/bus/scsi/devices': No such file or directory\n", 1},
    {"lzcat", "/usr/bin", "lzcat: bad lzma header\n", 1, "lzcat: %1: No such file or directory\n", 1},
    {"lzma", "/usr/bin", nullptr, 1, nullptr, 1},
    {"lzop", "/bin", "", 0, "lzop: %1: No such file or directory\n", 1},
    {"mdev", "/sbin", nullptr, 1, nullptr, 1},
    {"microcom", "/usr/bin", nullptr, 1, "microcom: can't open '%1': No such file or directory\n", 1},
    {"mim", "/usr/sbin", "mim: line 7: can't open Mimfile: no such file\n", 1,
     "mim: line 7: can't open Mimfile: no such file\n", 1},
    {"mkdosfs", "/sbin", nullptr, 1, "mkdosfs: can't open '%1': No such file or directory\n", 1},
    {"mke2fs", "/sbin", "mke2fs: can't open '(null)': Bad address\n", 1,
     "mke2fs: can't open '%1': No such file or directory\n", 1},
    {"mkpasswd", "/usr/bin", "", 0, "$5$or36pNKmcbdq6A6V$DCDDVtvsAVr0tiVmekt4MLlpp5.f4FMUCRU2rXPr2P9\n", 0},
    {"mkswap", "/sbin", nullptr, 1, "", 0},
    {"modinfo", "/sbin", nullptr, 1, "modinfo: can't open '/lib/modules/%k/modules.dep': No such file or directory\n",
     1},
    {"modprobe", "/sbin", "modprobe: can't change directory to '%k': No such file or directory\n", 1,
     "modprobe: can't change directory to '%k': No such file or directory\n", 1},
    {"mt", "/bin", nullptr, 1, "mt: unrecognized opcode %1\n", 1},
    {"nameif", "/sbin", "nameif: /etc/mactab: No such file or directory\n", 1, nullptr, 1},
    {"nologin", "/usr/sbin", "This account is not available\nnologin: line 1: sleep: not found\n", 1,
     "This account is not available\nnologin: line 1: sleep: not found\n", 1},
    {"nsenter", "/usr/bin", "nsenter: can't execute '/bin/sh': No such file or directory\n", 1,
     "nsenter: can't execute '%1': No such file or directory\n", 127},
    {"nuke", "/bin", "", 0, "", 0},
    {"openvt", "/usr/bin", "openvt: can't find open VT\n", 1, "openvt: can't find open VT\n", 1},
    {"partprobe", "/usr/sbin", "", 0, "partprobe: can't open '%1': No such file or directory\n", 1},
    {"patch", "/usr/bin", "", 0, "", 0},
    {"pivot_root", "/sbin", nullptr, 1, nullptr, 1},
    {"rdate", "/usr/sbin", nullptr, 1, "rdate: bad address '%1'\n", 1},
    {"resume", "/bin", nullptr, 1, "resume: invalid resume device: %1\n", 1},
    {"rmmod", "/sbin", nullptr, 1, "rmmod: can't unload module '%1': Function not implemented\n", 1},
    {"rpm", "/bin", nullptr, 1, "rpm: can't open '%1': No such file or directory\n", 1},
    {"rpm2cpio", "/usr/bin", "rpm2cpio: short read\n", 1, "rpm2cpio: can't open '%1': No such file or directory\n", 1},
    {"run-init", "/sbin", nullptr, 1, nullptr, 1},
    {"setkeycodes", "/usr/bin", nullptr, 1, nullptr, 1},
    {"setpriv", "/bin", nullptr, 1, "setpriv: can't execute '%1': No such file or directory\n", 127},
    {"shred", "/usr/bin", nullptr, 1, "shred: can't open '/dev/zero': No such file or directory\n", 1},
    {"ssl_client", "/usr/bin", nullptr, 1, "ssl_client: bad address '%1'\n", 1},
    {"sulogin", "/sbin",
     "Give root password for system maintenance\n(or type Control-D for normal startup):\nsulogin: normal startup\n", 0,
     "sulogin: can't open '%1': No such file or directory\n", 1},
    {"svc", "/usr/bin", nullptr, 1, nullptr, 1},
    {"svok", "/usr/bin", nullptr, 1, "svok: can't change directory to '': No such file or directory\n", 111},
    {"swapoff", "/sbin", nullptr, 1, "swapoff: %1: No such file or directory\n", 1},
    {"swapon", "/sbin", nullptr, 1, "swapon: %1: No such file or directory\n", 1},
    {"switch_root", "/sbin", nullptr, 1, nullptr, 1},
    {"syslogd", "/sbin", "", 0, nullptr, 1},
    {"tc", "/sbin", nullptr, 1, nullptr, 1},
    {"telnetd", "/usr/sbin", "", 0, "", 0},
    {"traceroute", "/usr/bin", nullptr, 1, "traceroute: bad address '%1'\n", 1},
    {"traceroute6", "/usr/bin", nullptr, 1, "traceroute6: bad address '%1'\n", 1},
    {"ts", "/usr/bin", "", 0, "", 0},
    {"tunctl", "/sbin", "tunctl: can't open '/dev/net/tun': No such file or directory\n", 1, nullptr, 1},
    {"ubirename", "/usr/sbin", nullptr, 1, nullptr, 1},
    {"udhcpc", "/sbin", "udhcpc: SIOCGIFINDEX: No such device\n", 1, "udhcpc: SIOCGIFINDEX: No such device\n", 1},
    {"udhcpd", "/usr/sbin", "", 0, "", 0},
    {"uevent", "/sbin", "", 0, "", 0},
    {"uncompress", "/bin", "uncompress: invalid magic\n", 1, "uncompress: %1: No such file or directory\n", 1},
    {"unlzma", "/usr/bin", "unlzma: bad lzma header\n", 1, "unlzma: %1: No such file or directory\n", 1},
    {"unxz", "/usr/bin", "", 0, "unxz: %1: No such file or directory\n", 1},
    {"unzip", "/usr/bin", nullptr, 1, "unzip: can't open %1[.zip]\n", 1},
    {"uudecode", "/usr/bin", "uudecode: no 'begin' line\n", 1, "uudecode: %1: No such file or directory\n", 1},
    {"uuencode", "/usr/bin", nullptr, 1, "begin 644 %1\n`\nend\n", 0},
    {"vconfig", "/sbin", nullptr, 1, nullptr, 1},
    {"vi", "/bin", "", 0, "", 0},
    {"watchdog", "/sbin", nullptr, 1, "", 0},
    {"xz", "/usr/bin", nullptr, 1, nullptr, 1},
    {"xzcat", "/usr/bin", "", 0, "xzcat: %1: No such file or directory\n", 1},
};

std::string filledIn(std::string_view text, ShellCall& call) {
    std::string filled;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%' || i + 1 == text.size()) {
            filled += text[i];
            continue;
        }
        const ShellHostSpec& host = call.work().host().spec();
        const std::string first = call.words.size() > 1 ? call.words[1] : "";
        filled += text[++i] == '1' ? first : text[i] == 'k' ? host.kernel : text[i] == 'h' ? host.hostName : "%";
    }
    return filled;
}

/// What an applet's help says of an option: that there is none, that it stands alone, that a value follows.
enum class Option : std::uint8_t { Unknown, Alone, Valued };

bool isIn(std::string_view letters, char letter) {
    return letters.find(letter) != std::string_view::npos;
}

Option optionOf(std::string_view usage, char letter) {
    for (std::size_t i = 1; i + 1 < usage.size(); ++i) {
        if (usage[i] != '-' || !isIn(" [\t,|", usage[i - 1])) {
            continue;
        }
        for (++i; i < usage.size() && std::isalnum(static_cast<unsigned char>(usage[i])) != 0; ++i) {
            if (usage[i] == letter) {
                const std::string_view rest = usage.substr(i + 1, 2);
                const bool listed = usage[i - 2] == '\t';
                const bool valued =
                    rest.size() == 2 && rest[0] == ' ' &&
                    (std::isupper(static_cast<unsigned char>(rest[1])) != 0 || (listed && rest[1] == '['));
                return valued ? Option::Valued : Option::Alone;
            }
        }
    }
    return Option::Unknown;
}

/// The options, each of which there has to be. False after it was said what is wrong; else words are the operands.
bool takeOptions(ShellCall& call, std::string& options) {
    const std::string_view usage = shellUsage(call.name());
    std::vector<std::string> operands{call.words.front()};
    for (std::size_t i = 1; i < call.words.size(); ++i) {
        const std::string& word = call.words[i];
        if (word.size() < 2 || word.front() != '-' || word[1] == '-') {
            operands.push_back(word);
            continue;
        }
        for (std::size_t at = 1; at < word.size(); ++at) {
            const Option option = optionOf(usage, word[at]);
            if (option == Option::Unknown && at == 1) {
                call.fail(std::string("invalid option -- '") + word[at] + "'");
                call.usage();
                return false;
            }
            options += word[at];
            if (option == Option::Valued) {
                if (at + 1 == word.size() && ++i == call.words.size()) {
                    call.fail(std::string("option requires an argument -- '") + word[at] + "'");
                    call.usage();
                    return false;
                }
                break;
            }
        }
    }
    call.words = std::move(operands);
    return true;
}

/// A packed file that there is, of whose packing this machine knows nothing.
bool isUnpacker(std::string_view name) {
    constexpr std::string_view kNames[] = {"uncompress", "unlzma", "unxz", "lzma", "xz"};
    return std::ranges::find(kNames, name) != std::end(kNames);
}

int rare(ShellCall& call) {
    const auto* found = std::ranges::find(kRare, call.name(), &Rare::name);
    std::string options;
    if (!takeOptions(call, options)) {
        return 1;
    }
    const bool lists =
        (call.name() == "losetup" && isIn(options, 'a')) || (call.name() == "fdisk" && isIn(options, 'l'));
    const bool alone = call.words.size() == 1;
    if (alone && lists) {
        return 0;  // there is nothing to list
    }
    if (!alone && isUnpacker(call.name())) {
        const std::string& path = call.words[1];
        const ShellFiles::Place place = call.locate(path);
        const bool there = place.error == ShellError::None && call.files().find(place.path) != nullptr;
        const bool packs = (call.name() == "lzma" || call.name() == "xz") && !isIn(options, 'd');
        return packs   ? call.usage()
               : there ? call.fail(path + ": unknown suffix - ignored")
                       : call.fail(path + ": No such file or directory");
    }
    const char* said = alone ? found->alone : found->given;
    const int status = alone ? found->statusAlone : found->statusGiven;
    if (said == nullptr) {
        call.usage();
        return status;
    }
    const bool address = !alone && call.words[1].find_first_not_of("0123456789.") == std::string::npos;
    const std::string text =
        address && std::string_view(said).find("bad address") != std::string_view::npos
            ? call.name() + ": can't connect to remote host (" + call.words[1] + "): Network is unreachable\n"
            : filledIn(said, call);
    if (status == 0) {
        call.out(text);
    } else {
        call.error(text);
    }
    return status;
}

constexpr auto kApplets = [] {
    std::array<ShellApplet, std::size(kRare)> applets{};
    for (std::size_t i = 0; i < applets.size(); ++i) {
        applets[i] = {kRare[i].name, rare, kRare[i].folder};
    }
    return applets;
}();

}  // namespace

std::span<const ShellApplet> shellRareApplets() {
    return kApplets;
}

}  // namespace apiary::agent
