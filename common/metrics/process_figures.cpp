#include "common/metrics/process_figures.hpp"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace apiary {
namespace {

/// Without the one that counts.
std::optional<double> openDescriptors() {
    std::error_code failed;
    double count = -1;
    for (std::filesystem::directory_iterator at("/proc/self/fd", failed); !failed && at != end(at);
         at.increment(failed)) {
        ++count;
    }
    return failed ? std::nullopt : std::optional(count);
}

/// Fields of /proc/self/stat behind the program's name, which may hold blanks; see proc(5).
struct Stat {
    double ticks = 0;  // of the processor, in user and system mode
    double threads = 0;
    double startTicks = 0;  // since the machine started
    double pages = 0;       // resident
};

std::optional<Stat> readStat() {
    std::ifstream in("/proc/self/stat");
    std::string text;
    std::getline(in, text);
    std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
    constexpr int kFirst = 3;  // the number of the field behind the name
    Stat stat;
    std::string word;
    int number = kFirst;
    for (; number <= 24 && fields >> word; ++number) {
        const double value = number == kFirst ? 0 : std::stod(word);
        stat.ticks += number == 14 || number == 15 ? value : 0;
        stat.threads += number == 20 ? value : 0;
        stat.startTicks += number == 22 ? value : 0;
        stat.pages += number == 24 ? value : 0;
    }
    return number > 24 ? std::optional(stat) : std::nullopt;
}

/// When the machine started, in seconds since 1970.
std::optional<double> bootTime() {
    std::ifstream in("/proc/stat");
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("btime ")) {
            return std::stod(line.substr(6));
        }
    }
    return std::nullopt;
}

}  // namespace

void addProcessFigures(MetricsPage& page) {
    if (const auto open = openDescriptors()) {
        page.gauge("process_open_fds", "Number of open file descriptors.", *open);
    }
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        page.gauge("process_max_fds", "Maximum number of open file descriptors.",
                   limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<double>::infinity()
                                                   : static_cast<double>(limit.rlim_cur));
    }
    const auto stat = readStat();
    if (!stat) {
        return;
    }
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    page.gauge("process_resident_memory_bytes", "Resident memory size in bytes.",
               stat->pages * static_cast<double>(sysconf(_SC_PAGESIZE)));
    page.counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", stat->ticks / ticks);
    page.gauge("process_threads", "Number of OS threads in the process.", stat->threads);
    if (const auto boot = bootTime()) {
        page.gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
                   *boot + stat->startTicks / ticks);
    }
}

}  // namespace apiary
