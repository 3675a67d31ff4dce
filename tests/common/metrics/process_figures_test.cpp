#include "common/metrics/process_figures.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <fcntl.h>
#include <sstream>
#include <unistd.h>

namespace apiary {
namespace {

/// The value of a figure without labels; -1 if there is none.
double figure(const std::string& name) {
    MetricsPage page;
    addProcessFigures(page);
    std::istringstream lines(page.text());
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(name + ' ')) {
            return std::stod(line.substr(name.size()));
        }
    }
    return -1;
}

TEST(ProcessFiguresTest, CountsDescriptors) {
    const double before = figure("process_open_fds");
    const int extra = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(figure("process_open_fds"), before + 1);
    ::close(extra);
    EXPECT_GE(figure("process_max_fds"), before);
}

TEST(ProcessFiguresTest, KnowsMemoryThreadsAndStart) {
    EXPECT_GT(figure("process_resident_memory_bytes"), 1e6);
    EXPECT_GE(figure("process_threads"), 1);
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    EXPECT_NEAR(figure("process_start_time_seconds"), now, 600);
    EXPECT_GE(figure("process_cpu_seconds_total"), 0);
}

}  // namespace
}  // namespace apiary
