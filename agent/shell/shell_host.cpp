#include "agent/shell/shell_host.hpp"

#include "agent/protocol/seeded.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

namespace apiary::agent {
namespace {

enum Purpose : std::uint64_t { Firmware = 0x5e11, Boot, Hardware, Processes };

constexpr std::int64_t kDay = 86400;

template <typename... Values>
std::string print(const char* format, Values... values) {
    std::array<char, 160> text{};
    const int size = std::snprintf(text.data(), text.size(), format, values...);
    return {text.data(), static_cast<std::size_t>(std::clamp<int>(size, 0, text.size() - 1))};
}

std::string dateText(std::int64_t seconds, bool busybox) {
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::chrono::sys_seconds at{std::chrono::seconds{seconds}};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{at - day};
    const auto month = static_cast<unsigned>(date.month());
    const auto number = static_cast<unsigned>(date.day());
    const auto hour = static_cast<int>(clock.hours().count());
    const auto minute = static_cast<int>(clock.minutes().count());
    const auto second = static_cast<int>(clock.seconds().count());
    const int year = static_cast<int>(date.year());
    if (busybox) {
        return print("(%d-%02u-%02u %02d:%02d:%02d UTC)", year, month, number, hour, minute, second);
    }
    return print("%s %s %u %02d:%02d:%02d %d", kDays[std::chrono::weekday{day}.c_encoding()], kMonths[month - 1],
                 number, hour, minute, second, year);
}

}  // namespace

std::shared_ptr<const ShellHost> ShellHost::make(const ShellHostSpec& spec) {
    return std::shared_ptr<const ShellHost>(new ShellHost(spec));
}

ShellHost::ShellHost(const ShellHostSpec& spec) : spec_(spec) {
    Seeded firmware(spec.sensorSeed, Firmware);
    built_ = 1'660'000'000 + static_cast<std::int64_t>(firmware.below(400)) * kDay +
             static_cast<std::int64_t>(firmware.below(kDay));
    if (spec_.build.empty()) {
        spec_.build = dateText(built_ - 1800, true);
    }
    Seeded boot(spec.sensorSeed, Boot);
    period_ = static_cast<std::int64_t>(40 + boot.below(160)) * kDay + static_cast<std::int64_t>(boot.below(kDay));
    phase_ = static_cast<std::int64_t>(boot.below(static_cast<std::size_t>(period_)));
    Seeded hardware(spec.sensorSeed, Hardware);
    constexpr const char* kVendors[] = {"14:cc:20", "50:c7:bf", "c0:4a:00", "e8:94:f6", "a0:f3:c1", "28:6c:07"};
    hardwareAddress_ = hardware.pick(kVendors);
    for (int i = 0; i < 3; ++i) {
        hardwareAddress_ += print(":%02x", static_cast<unsigned>(hardware.below(256)));
    }
    address_ = print("192.168.%u.1", static_cast<unsigned>(hardware.below(3)));
    const bool small = machine() == "mips";
    processors_ = small ? 1 : hardware.below(2) == 0 ? 2 : 4;
    memory_ = (small ? 60'000 : 250'000) + hardware.below(1500);
    kernelVersion_ = std::string(processors_ > 1 ? "#0 SMP " : "#0 ") + dateText(built_, false);
    furnishProcesses();
    nodes_ = std::make_shared<const ShellFiles::Nodes>(shellDecoys(*this, built_));
}

std::string_view ShellHost::machine() const {
    return spec_.machine == "mipsel" ? "mips" : std::string_view(spec_.machine);
}

std::uint32_t ShellHost::userId(std::string_view user) const {
    if (user == "root") {
        return 0;
    }
    const auto known = std::ranges::find(spec_.users, user);
    return 1000 + static_cast<std::uint32_t>(known - spec_.users.begin());
}

std::string ShellHost::userName(std::uint32_t id) const {
    if (id == 0) {
        return "root";
    }
    const std::size_t index = id - 1000;
    return id >= 1000 && index < spec_.users.size() ? spec_.users[index] : std::to_string(id);
}

std::int64_t ShellHost::uptime(WallTime now) const {
    const std::int64_t seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    const std::int64_t since = (seconds % period_ + phase_) % period_;
    return (since < 0 ? since + period_ : since) + 95;
}

std::string ShellHost::loadAverage(WallTime now) const {
    const std::int64_t up = uptime(now);
    const auto at = [&](std::int64_t every) {
        Seeded load(spec_.sensorSeed, Boot + 100 + static_cast<std::uint64_t>(up / every));
        return static_cast<unsigned>(load.below(24));
    };
    return print("0.%02u, 0.%02u, 0.%02u", at(60), at(300) / 2, at(900) / 3);
}

std::uint64_t ShellHost::freeMemory(WallTime now) const {
    Seeded load(spec_.sensorSeed, Boot + 100 + static_cast<std::uint64_t>(uptime(now) / 7));
    return memory_ * 2 / 5 + load.below(900);
}

int ShellHost::nextProcess(WallTime now) const {
    return 1200 + static_cast<int>(uptime(now) / 41 % 30000);
}

std::string ShellHost::live(ShellNode::Live kind, WallTime now, std::size_t most) const {
    using Live = ShellNode::Live;
    switch (kind) {
        case Live::No:
        case Live::Null:
        case Live::Terminal:
            return {};
        case Live::Zero:
            return std::string(most, '\0');
        case Live::Random: {
            Seeded choice(spec_.sensorSeed, static_cast<std::uint64_t>(now.time_since_epoch().count()));
            std::string bytes(most, '\0');
            std::ranges::generate(bytes, [&] { return static_cast<char>(choice.next()); });
            return bytes;
        }
        case Live::Uptime: {
            const auto up = static_cast<double>(uptime(now));
            return print("%.2f %.2f\n", up, up * processors_ * 0.97);
        }
        case Live::LoadAverage: {
            std::string load = loadAverage(now);
            std::erase(load, ',');
            return load + print(" 1/%d %d\n", static_cast<int>(processes_.size()), nextProcess(now));
        }
        case Live::Memory: {
            const unsigned long long available = freeMemory(now) + memory_ / 6;
            return print("MemTotal:       %8llu kB\n", static_cast<unsigned long long>(memory_)) +
                   print("MemFree:        %8llu kB\n", static_cast<unsigned long long>(freeMemory(now))) +
                   print("MemAvailable:   %8llu kB\n", available) +
                   print("Buffers:        %8llu kB\n", static_cast<unsigned long long>(memory_ / 30)) +
                   print("Cached:         %8llu kB\n", static_cast<unsigned long long>(memory_ / 6)) +
                   "SwapCached:            0 kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\n"
                   "Dirty:                 0 kB\nWriteback:             0 kB\nShmem:                92 kB\n" +
                   print("Slab:           %8llu kB\n", static_cast<unsigned long long>(memory_ / 20)) +
                   print("SReclaimable:   %8llu kB\n", static_cast<unsigned long long>(memory_ / 60)) +
                   print("SUnreclaim:     %8llu kB\n", static_cast<unsigned long long>(memory_ / 20 - memory_ / 60));
        }
    }
    return {};
}

void ShellHost::furnishProcesses() {
    static constexpr const char* kThreads[] = {
        "[kthreadd]",     "[rcu_gp]",      "[rcu_par_gp]", "[kworker/0:0H-kblockd]",
        "[mm_percpu_wq]", "[ksoftirqd/0]", "[rcu_sched]",  "[migration/0]",
        "[oom_reaper]",   "[writeback]",   "[kswapd0]",    "[jffs2_gcd_mtd3]"};
    static constexpr const char* kDaemons[] = {"/sbin/syslogd -n",
                                               "/sbin/klogd -n",
                                               "/usr/sbin/crond -f",
                                               "/usr/sbin/httpd -f -h /www -p 80",
                                               "/usr/sbin/telnetd -F -l /bin/login",
                                               "udhcpc -p /var/run/udhcpc-eth0.pid -i eth0",
                                               "/usr/sbin/ntpd -n -p 0.pool.ntp.org"};
    Seeded choice(spec_.sensorSeed, Processes);
    processes_.push_back({1, "root", "init"});
    int id = 2;
    for (const char* thread : kThreads) {
        processes_.push_back({id, "root", thread});
        id += 1 + static_cast<int>(choice.below(id < 10 ? 2 : 30));
    }
    id += 180;
    for (const char* daemon : kDaemons) {
        processes_.push_back({id, "root", daemon});
        id += 2 + static_cast<int>(choice.below(90));
    }
}

}  // namespace apiary::agent
