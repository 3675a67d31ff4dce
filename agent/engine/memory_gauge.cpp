#include "agent/engine/memory_gauge.hpp"

#include <array>
#include <charconv>
#include <fcntl.h>
#include <malloc.h>
#include <string_view>
#include <unistd.h>

/// Of TCMalloc, with which the agent is linked: gives freed memory back to the system. Null in a program without it.
extern "C" [[gnu::weak]] void MallocExtension_ReleaseFreeMemory();  // NOLINT(readability-identifier-naming): its name

namespace apiary::agent {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{20};

void giveBack() {
    if (MallocExtension_ReleaseFreeMemory != nullptr) {
        MallocExtension_ReleaseFreeMemory();
    } else {
        ::malloc_trim(0);
    }
}

}  // namespace

MemoryGauge::MemoryGauge(std::uint64_t limit)
    : limit_(limit), statm_(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {}

MemoryGauge::~MemoryGauge() {
    if (statm_ >= 0) {
        ::close(statm_);
    }
}

std::uint64_t MemoryGauge::used() const {
    std::array<char, 128> text{};
    const ssize_t length = statm_ < 0 ? 0 : ::pread(statm_, text.data(), text.size(), 0);
    const std::string_view fields(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    const std::size_t second = fields.find(' ');
    std::uint64_t pages = 0;
    if (second != std::string_view::npos) {
        std::from_chars(fields.data() + second + 1, fields.data() + fields.size(), pages);
    }
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void MemoryGauge::relieve() {
    if (limit_ != 0 && used() > limit_) {
        giveBack();
        recent_ = used();
    }
}

std::uint64_t MemoryGauge::recent() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    auto looked = lookedAt_.load(std::memory_order_relaxed);
    const auto due = std::chrono::steady_clock::duration(looked) + kBetweenLooks;
    if (now >= due && lookedAt_.compare_exchange_strong(looked, now.count())) {
        recent_ = used();
    }
    return recent_;
}

}  // namespace apiary::agent
