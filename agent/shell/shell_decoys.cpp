/// The files of a small router: what its user finds, and what programs for it look like.

#include "agent/protocol/seeded.hpp"
#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_host.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::uint64_t kTree = 0x5e21;
constexpr std::size_t kProgramSize = 412'344;
constexpr char kOfLinux = 3;

struct Machine {
    std::string_view name;
    std::uint8_t bits;   // 1: 32, 2: 64
    std::uint8_t order;  // 1: little end first, 2: big
    std::uint16_t number;
    std::uint32_t flags;
    std::uint32_t entry;
    char abi = 0;  // kOfLinux where glibc chooses functions at the start
};

constexpr Machine kMachines[] = {
    {"mips", 1, 2, 8, 0x70001007, 0x004032b0},
    {"mipsel", 1, 1, 8, 0x70001007, 0x004032b0},
    {"armv7l", 1, 1, 40, 0x05000400, 0x00011a34},
    {"aarch64", 2, 1, 183, 0, 0x00404a10},
    {"i686", 1, 1, 3, 0, 0x08049e60},
    {"x86_64", 2, 1, 62, 0, 0x0040ebf0, kOfLinux},
};

const Machine* machineOf(std::string_view name) {
    const auto* found = std::ranges::find(kMachines, name, &Machine::name);
    return found == std::end(kMachines) ? nullptr : found;
}

std::string number(const Machine& machine, std::uint64_t value, std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes; ++i) {
        text += static_cast<char>(value >> (8 * i) & 0xffU);
    }
    if (machine.order == 2) {
        std::ranges::reverse(text);
    }
    return text;
}

/// Lays the tree out. The order of the calls decides what the seed makes of it.
class Router {
public:
    Router(const ShellHost& host, std::int64_t built)
        : host_(host), choice_(host.spec().sensorSeed, kTree), built_(built), changed_(built + 86400 * 40) {
        changed_ += static_cast<std::int64_t>(choice_.below(86400 * 60));
    }

    ShellFiles::Nodes furnish() {
        for (const char* path : {"/",
                                 "/bin",
                                 "/sbin",
                                 "/usr",
                                 "/usr/bin",
                                 "/usr/sbin",
                                 "/usr/lib",
                                 "/lib",
                                 "/lib/modules",
                                 "/etc",
                                 "/etc/config",
                                 "/etc/crontabs",
                                 "/etc/init.d",
                                 "/etc/ppp",
                                 "/dev",
                                 "/dev/pts",
                                 "/proc",
                                 "/proc/self",
                                 "/proc/self/fd",
                                 "/proc/1",
                                 "/proc/net",
                                 "/proc/sys",
                                 "/proc/sys/kernel",
                                 "/proc/sys/net",
                                 "/proc/sys/net/ipv4",
                                 "/proc/bus",
                                 "/sys",
                                 "/sys/class",
                                 "/mnt",
                                 "/overlay",
                                 "/rom",
                                 "/www",
                                 "/www/cgi-bin",
                                 "/var",
                                 "/var/run",
                                 "/var/log",
                                 "/var/tmp",
                                 "/var/lock"}) {
            directory(path, 0755);
        }
        directory("/root", 0700);
        directory("/tmp", 01777);
        programs();
        settings();
        devices();
        kernel();
        homes();
        return std::move(nodes_);
    }

private:
    void add(std::string path, ShellNode::Kind kind, std::uint16_t mode, std::int64_t modified, std::string content) {
        ShellNode node;
        node.kind = kind;
        node.mode = mode;
        node.modified = modified;
        node.content = std::make_shared<std::string>(std::move(content));
        nodes_.insert_or_assign(std::move(path), std::move(node));
    }

    void directory(std::string path, std::uint16_t mode) {
        add(std::move(path), ShellNode::Kind::Directory, mode, built_, "");
    }
    void file(std::string path, std::string content, std::uint16_t mode = 0644) {
        add(std::move(path), ShellNode::Kind::File, mode, built_, std::move(content));
    }
    void changed(std::string path, std::string content, std::uint16_t mode = 0644) {
        add(std::move(path), ShellNode::Kind::File, mode, changed_, std::move(content));
    }
    void link(std::string path, std::string target) {
        add(std::move(path), ShellNode::Kind::Link, 0777, built_, std::move(target));
    }
    void live(const std::string& path, ShellNode::Live kind) {
        add(path, ShellNode::Kind::File, 0444, changed_, "");
        nodes_[path].live = kind;
    }
    void device(const std::string& path, std::uint16_t major, std::uint16_t minor, std::uint16_t mode,
                ShellNode::Live kind = ShellNode::Live::Null, ShellNode::Device form = ShellNode::Device::Character) {
        add(path, ShellNode::Kind::Device, mode, changed_, "");
        ShellNode& node = nodes_[path];
        node.major = major;
        node.minor = minor;
        node.live = kind;
        node.device = form;
    }

    void programs() {
        file("/bin/busybox", program(kProgramSize), 0755);
        for (const std::string_view name : shellAppletNames()) {
            if (name != "busybox") {
                link(std::string(shellAppletFolder(name)) + '/' + std::string(name), linkTarget(name));
            }
        }
        file("/lib/libc.so", program(68'000), 0755);
        for (const char* path : {"/sbin/init", "/sbin/syslogd", "/sbin/klogd", "/sbin/udhcpc", "/bin/login",
                                 "/usr/sbin/crond", "/usr/sbin/httpd", "/usr/sbin/ntpd", "/usr/sbin/telnetd"}) {
            file(path, program(9000 + choice_.below(20000)), 0755);
        }
    }

    static std::string linkTarget(std::string_view name) {
        const std::string_view folder = shellAppletFolder(name);
        return folder == "/bin"    ? "busybox"
               : folder.empty()    ? "bin/busybox"
               : folder == "/sbin" ? "../bin/busybox"
                                   : "../../bin/busybox";
    }

    std::string program(std::size_t size) {
        std::string bytes = elfHeader(host_.spec().machine, size);
        while (bytes.size() < size) {
            const std::uint64_t word = choice_.next();
            bytes.append(reinterpret_cast<const char*>(&word), std::min(sizeof word, size - bytes.size()));
        }
        return bytes;
    }

    void settings() {
        const std::string& name = host_.spec().hostName;
        std::string passwd = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n";
        std::string group = "root:x:0:\nnogroup:x:65534:\n";
        std::string shadow = "root:$1$" + word(8) + '$' + word(22) + ":18871:0:99999:7:::\n";
        for (const std::string& user : host_.spec().users) {
            if (user != "root") {
                const std::string id = std::to_string(host_.userId(user));
                passwd += user + ":x:" + id + ':' + id + ':' + user + ":/home/" + user + ":/bin/sh\n";
                group += user + ":x:" + id + ":\n";
                shadow += user + ":$1$" + word(8) + '$' + word(22) + ":18871:0:99999:7:::\n";
            }
        }
        changed("/etc/passwd", passwd);
        changed("/etc/group", group);
        changed("/etc/shadow", shadow, 0600);
        changed("/etc/hostname", name + '\n');
        changed("/etc/hosts", "127.0.0.1\tlocalhost\n" + std::string(host_.address()) + '\t' + name + '\n');
        changed("/etc/resolv.conf", "nameserver 127.0.0.1\n");
        file("/etc/profile",
             "export PATH=/sbin:/usr/sbin:/bin:/usr/bin\nexport HOME=$(grep -e \"^${USER:-root}:\" "
             "/etc/passwd | cut -d \":\" -f 6)\n");
        file("/etc/shells", "/bin/ash\n/bin/sh\n");
        file("/etc/inittab",
             "::sysinit:/etc/init.d/rcS S boot\n::shutdown:/etc/init.d/rcS K shutdown\n"
             "::askconsole:/bin/login\n");
        file("/etc/init.d/rcS",
             "#!/bin/sh\n/bin/mount -a\n/sbin/ifconfig lo 127.0.0.1 up\n"
             "/etc/init.d/network start\n/usr/sbin/telnetd -l /bin/login\n",
             0755);
        file("/etc/init.d/network",
             "#!/bin/sh\nifconfig br0 " + std::string(host_.address()) +
                 " netmask 255.255.255.0 up\nudhcpc -p /var/run/udhcpc-eth0.pid -i eth0 &\n",
             0755);
        file("/etc/fstab",
             "proc /proc proc defaults 0 0\nsysfs /sys sysfs defaults 0 0\ntmpfs /tmp tmpfs defaults 0 0\n");
        changed("/etc/crontabs/root", "17 4 * * * /etc/init.d/network restart\n", 0600);
        changed("/etc/config/network",
                "config interface 'lan'\n\toption ifname 'br0'\n\toption ipaddr '" + std::string(host_.address()) +
                    "'\n\toption netmask '255.255.255.0'\n\nconfig interface 'wan'\n\toption ifname "
                    "'eth0'\n\toption proto 'dhcp'\n");
        changed("/etc/config/wireless",
                "config wifi-iface\n\toption ssid 'HOME-" + word(4) + "'\n\toption encryption 'psk2'\n\toption key '" +
                    word(10) + "'\n",
                0600);
        changed("/etc/ppp/chap-secrets", "\"" + word(6) + "@dsl\" * \"" + word(8) + "\"\n", 0600);
        file("/www/index.html",
             "<html><head><meta http-equiv=\"refresh\" content=\"0; URL=/cgi-bin/login\"></head></html>\n");
        changed("/var/run/udhcpc-eth0.pid", std::to_string(host_.processes().back().id - 40) + '\n');
        changed("/var/log/messages", "");
    }

    void devices() {
        using Live = ShellNode::Live;
        device("/dev/null", 1, 3, 0666);
        device("/dev/zero", 1, 5, 0666, Live::Zero);
        device("/dev/random", 1, 8, 0666, Live::Random);
        device("/dev/urandom", 1, 9, 0666, Live::Random);
        device("/dev/tty", 5, 0, 0666, Live::Terminal);
        device("/dev/console", 5, 1, 0600);
        device("/dev/ptmx", 5, 2, 0666);
        device("/dev/pts/0", 136, 0, 0620, Live::Terminal);
        device("/dev/mem", 1, 1, 0640);
        device("/dev/watchdog", 10, 130, 0600);
        for (std::uint16_t i = 0; i < 5; ++i) {
            device("/dev/mtd" + std::to_string(i), 90, 2 * i, 0600);
            device("/dev/mtdblock" + std::to_string(i), 31, i, 0600, Live::Null, ShellNode::Device::Block);
        }
    }

    void kernel() {
        const ShellHostSpec& spec = host_.spec();
        for (const auto& [path, content] : shellKernelFiles(host_)) {
            const bool setting = path.starts_with("/proc/sys/") && path != "/proc/sys/kernel/ostype" &&
                                 path != "/proc/sys/kernel/version";
            file(path, content, setting ? 0644 : 0444);
        }
        file("/proc/sys/kernel/hostname", spec.hostName + '\n');
        file("/proc/sys/kernel/osrelease", spec.kernel + '\n', 0444);
        link("/proc/self/exe", "/bin/busybox");
        link("/proc/self/cwd", "/root");
        for (const char* path :
             {"/proc", "/proc/self", "/proc/1", "/proc/net", "/proc/sys", "/proc/sys/kernel", "/proc/sys/net",
              "/proc/sys/net/ipv4", "/proc/bus", "/proc/sys/fs", "/proc/sys/vm", "/sys", "/sys/class"}) {
            directory(path, 0555);
        }
        for (const char* descriptor : {"0", "1", "2"}) {
            link(std::string("/proc/self/fd/") + descriptor, "/dev/pts/0");
        }
        for (const auto& [name, content] : shellProcessFiles(host_, {1432, "root", "cat /proc/self/cmdline"}, true)) {
            file("/proc/self/" + name, content, 0444);
        }
        link("/proc/self/mounts", "../mounts");
        for (const ShellProcess& process : host_.processes()) {
            processFolder(process);
        }
        using Live = ShellNode::Live;
        live("/proc/uptime", Live::Uptime);
        live("/proc/loadavg", Live::LoadAverage);
        live("/proc/meminfo", Live::Memory);
    }

    void processFolder(const ShellProcess& process) {
        const std::string folder = "/proc/" + std::to_string(process.id);
        directory(folder, 0555);
        for (const auto& [name, content] : shellProcessFiles(host_, process)) {
            file(folder + '/' + name, content, 0444);
        }
        if (!process.command.starts_with('[')) {
            link(folder + "/exe", "/bin/busybox");
        }
    }

    void homes() {
        for (const std::string& user : host_.spec().users) {
            if (user != "root" && user.find('/') == std::string::npos && !user.empty() && !user.starts_with('.')) {
                directory("/home", 0755);
                directory("/home/" + user, 0755);
                nodes_["/home/" + user].owner = host_.userId(user);
            }
        }
    }

    std::string word(std::size_t length) {
        constexpr char kLetters[] = "abcdefghijkmnpqrstuvwxyz23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
        std::string text;
        for (; length > 0; --length) {
            text += kLetters[choice_.below(sizeof kLetters - 1)];
        }
        return text;
    }

    const ShellHost& host_;
    Seeded choice_;
    std::int64_t built_;
    std::int64_t changed_;  // when the router was set up
    ShellFiles::Nodes nodes_;
};

}  // namespace

std::string elfHeader(std::string_view name, std::size_t fileSize) {
    const Machine* machine = machineOf(name);
    if (machine == nullptr) {
        return {};
    }
    const bool wide = machine->bits == 2;
    const std::size_t word = wide ? 8 : 4;
    const std::size_t header = wide ? 64 : 52;
    const std::size_t segment = wide ? 56 : 32;
    std::string text =
        "\x7f"
        "ELF";
    text += static_cast<char>(machine->bits);
    text += static_cast<char>(machine->order);
    text += '\x01';
    text += machine->abi;
    text.resize(16);
    return text + number(*machine, 2, 2) + number(*machine, machine->number, 2) + number(*machine, 1, 4) +
           number(*machine, machine->entry, word) + number(*machine, header, word) +
           number(*machine, fileSize - 40 * 24, word) + number(*machine, machine->flags, 4) +
           number(*machine, header, 2) + number(*machine, segment, 2) + number(*machine, 6, 2) +
           number(*machine, wide ? 64 : 40, 2) + number(*machine, 24, 2) + number(*machine, 23, 2);
}

bool runsOn(std::string_view name, std::string_view bytes) {
    const Machine* machine = machineOf(name);
    if (machine == nullptr || bytes.size() < 20 ||
        !bytes.starts_with("\x7f"
                           "ELF")) {
        return false;
    }
    return bytes[4] == static_cast<char>(machine->bits) && bytes[5] == static_cast<char>(machine->order) &&
           bytes.substr(18, 2) == number(*machine, machine->number, 2);
}

ShellFiles::Nodes shellDecoys(const ShellHost& host, std::int64_t built) {
    return Router(host, built).furnish();
}

}  // namespace apiary::agent
