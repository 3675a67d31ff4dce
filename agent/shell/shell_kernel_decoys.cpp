/// What the kernel of the decoy tells of itself in /proc, as far as it does not change by the moment.

#include "agent/shell/shell_host.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiary::agent {
namespace {

std::string cpuInfo(const ShellHost& host) {
    std::string text;
    const std::string_view machine = host.machine();
    if (machine == "mips") {
        return "system type\t\t: MediaTek MT7620A ver:2 eco:6\nmachine\t\t\t: Wireless Router\nprocessor\t\t: 0\n"
               "cpu model\t\t: MIPS 24KEc V5.0\nBogoMIPS\t\t: 385.84\nwait instruction\t: yes\nmicrosecond timers\t: "
               "yes\n"
               "tlb_entries\t\t: 32\nextra interrupt vector\t: yes\nhardware watchpoint\t: yes, count: 4, address/irw "
               "mask: [0x0ffc, 0x0ffc, 0x0ffb, 0x0ffb]\nisa\t\t\t: mips1 mips2 mips32r1 mips32r2\nASEs implemented\t: "
               "mips16 "
               "dsp\nshadow register sets\t: 1\nkscratch registers\t: 0\npackage\t\t\t: 0\ncore\t\t\t: 0\nVCED "
               "exceptions\t\t: "
               "not available\nVCEI exceptions\t\t: not available\n\n";
    }
    for (unsigned i = 0; i < host.processors(); ++i) {
        text += "processor\t: " + std::to_string(i) + '\n';
        if (machine == "armv7l") {
            text +=
                "model name\t: ARMv7 Processor rev 5 (v7l)\nBogoMIPS\t: 48.00\nFeatures\t: half thumb fastmult vfp "
                "edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae\nCPU implementer\t: 0x41\nCPU architecture: 7\nCPU "
                "variant\t: 0x0\nCPU part\t: 0xc07\nCPU revision\t: 5\n\n";
        } else if (machine == "aarch64") {
            text +=
                "BogoMIPS\t: 26.00\nFeatures\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid\nCPU "
                "implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd03\nCPU revision\t: "
                "4\n\n";
        } else {
            text +=
                "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 55\nmodel name\t: Intel(R) Atom(TM) CPU  E3815 "
                " "
                "@ 1.46GHz\nstepping\t: 9\nmicrocode\t: 0x90a\ncpu MHz\t\t: 1466.000\ncache size\t: 512 "
                "KB\nbogomips\t: "
                "2933.33\naddress sizes\t: 36 bits physical, 48 bits virtual\n\n";
        }
    }
    return text + (machine == "armv7l" ? "Hardware\t: Generic DT based system\nRevision\t: 0000\nSerial\t\t: "
                                         "0000000000000000\n"
                                       : "");
}

/// A line of a table in /proc/net is as wide as the kernel makes it.
std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text + '\n';
}

}  // namespace

std::vector<std::pair<std::string, std::string>> shellKernelFiles(const ShellHost& host) {
    const ShellHostSpec& spec = host.spec();
    std::string processors;
    for (unsigned i = 0; i < host.processors(); ++i) {
        processors += "cpu" + std::to_string(i) + " 3120 0 4377 918342 22 0 310 0 0 0\n";
    }
    const std::string sockets =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
    return {
        {"/proc/version", "Linux version " + spec.kernel + " (builder@buildhost) (gcc version 11.2.0, GNU ld 2.37) " +
                              std::string(host.kernelVersion()) + '\n'},
        {"/proc/cpuinfo", cpuInfo(host)},
        {"/proc/mounts",
         "/dev/root /rom squashfs ro,relatime 0 0\nproc /proc proc "
         "rw,nosuid,nodev,noexec,noatime 0 0\nsysfs /sys sysfs rw,nosuid,nodev,noexec,noatime 0 0\n"
         "tmpfs /tmp tmpfs rw,nosuid,nodev,noatime 0 0\n/dev/mtdblock3 /overlay jffs2 rw,noatime 0 0\n"
         "overlayfs:/overlay / overlay rw,noatime,lowerdir=/,upperdir=/overlay/upper,workdir=/overlay/work "
         "0 0\ntmpfs /dev tmpfs rw,nosuid,relatime,size=512k,mode=755 0 0\ndevpts /dev/pts devpts "
         "rw,nosuid,noexec,relatime,mode=600,ptmxmode=000 0 0\n"},
        {"/proc/cmdline", "console=ttyS0,115200 rootfstype=squashfs,jffs2\n"},
        {"/proc/filesystems",
         "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevpts\nnodev\toverlay\n\tsquashfs\n"
         "nodev\tjffs2\n"},
        {"/proc/mtd",
         "dev:    size   erasesize  name\nmtd0: 00030000 00010000 \"u-boot\"\nmtd1: 00010000 00010000 "
         "\"factory\"\nmtd2: 007a0000 00010000 \"firmware\"\nmtd3: 00330000 00010000 \"rootfs_data\"\nmtd4: "
         "00010000 00010000 \"config\"\n"},
        {"/proc/partitions",
         "major minor  #blocks  name\n\n  31        0        192 mtdblock0\n  31        1         64 mtdblock1\n  31   "
         " "
         "    2       7808 mtdblock2\n  31        3       3264 mtdblock3\n  31        4         64 mtdblock4\n"},
        {"/proc/devices",
         "Character devices:\n  1 mem\n  4 ttyS\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n 10 misc\n 90 mtd\n128 "
         "ptm\n136 pts\n\nBlock devices:\n 31 mtdblock\n259 blkext\n"},
        {"/proc/stat", "cpu  3120 0 4377 918342 22 0 310 0 0 0\n" + processors +
                           "intr 1209331 0 0 0 0 0\nctxt 2274410\nbtime 1700000000\nprocesses 4212\nprocs_running "
                           "1\nprocs_blocked 0\n"
                           "softirq 903341 0 210443 15 88123 0 0 12 400113 0 204635\n"},
        {"/proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"},
        {"/proc/net/arp", "IP address       HW type     Flags       HW address            Mask     Device\n"},
        {"/proc/net/dev",
         "Inter-|   Receive                                                |  Transmit\n face |bytes    "
         "packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls "
         "carrier compressed\n    lo:     612       8    0    0    0     0          0         0      612       8    0  "
         "  "
         "0    0     0       0          0\n"},
        {"/proc/net/route",
         padded("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT", 127)},
        {"/proc/net/tcp",
         padded(sockets, 149) +
             padded("   0: 00000000:0017 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0     "
                    "   0 1904 1 00000000 100 0 0 10 0",
                    149)},
        {"/proc/net/udp", padded("   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
                                 "timeout inode ref pointer drops",
                                 127)},
        {"/proc/net/unix", "Num       RefCount Protocol Flags    Type St Inode Path\n"},
        {"/proc/self/environ",
         std::string("USER=root\0SHLVL=1\0HOME=/root\0LOGNAME=root\0PATH=/sbin:/usr/sbin:/bin:/usr/bin\0SHELL=/bin/"
                     "sh\0PWD=/root\0",
                     101)},
        {"/proc/self/limits",
         "Limit                     Soft Limit           Hard Limit           Units     \nMax cpu time              "
         "unlimited            unlimited            seconds   \nMax file size             unlimited            "
         "unlimited "
         "           bytes     \nMax open files            1024                 4096                 files     \n"},
        {"/proc/sys/kernel/ostype", "Linux\n"},
        {"/proc/sys/kernel/pid_max", "32768\n"},
        {"/proc/sys/fs/file-max", std::to_string(host.memory() / 10) + '\n'},
        {"/proc/sys/vm/nr_hugepages", "0\n"},
        {"/proc/sys/vm/overcommit_memory", "0\n"},
        {"/proc/vmstat",
         "nr_free_pages 6120\nnr_zone_inactive_anon 212\nnr_zone_active_anon 1804\nnr_zone_inactive_file "
         "1430\nnr_zone_active_file 2011\nnr_mlock 0\nnr_dirty 0\nnr_writeback 0\npgpgin 21416\npgpgout "
         "0\npswpin 0\npswpout 0\n"},
        {"/proc/interrupts",
         "           CPU0       \n  5:     812304      MIPS   5  10100000.ethernet\n  7:   "
         "28113047      MIPS   7  timer\n 20:       1432      INTC  12  ttyS0\nERR:          0\n"},
        {"/proc/kallsyms", "80001000 T _text\n80001000 T _stext\n80001400 T do_one_initcall\n"},
        {"/proc/sys/kernel/version", std::string(host.kernelVersion()) + '\n'},
        {"/proc/sys/net/ipv4/ip_forward", "1\n"},
    };
}

}  // namespace apiary::agent
