#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace apiary::agent {

/// What this process holds in memory (resident, as the kernel counts it), against a bound. Thread-safe.
class MemoryGauge {
public:
    /// `limit` in bytes; 0: none.
    explicit MemoryGauge(std::uint64_t limit);
    MemoryGauge(const MemoryGauge&) = delete;
    MemoryGauge& operator=(const MemoryGauge&) = delete;
    ~MemoryGauge();

    std::uint64_t limit() const { return limit_; }

    /// Bytes, looked up now; 0 if the kernel does not tell.
    std::uint64_t used() const;

    /// Whether the bound is passed: no new connection then. Looks every 20 ms at most, so that it may be asked for
    /// each.
    bool over() { return limit_ != 0 && recent() > limit_; }

    /// Whether it is passed by a quarter: what is under way and large must go.
    bool farOver() { return limit_ != 0 && recent() > limit_ + limit_ / 4; }

    /// Over its bound, has the allocator give back to the kernel what it keeps for later. May take some milliseconds:
    /// not for a thread that serves connections.
    void relieve();

private:
    std::uint64_t recent();

    const std::uint64_t limit_;
    const int statm_;
    std::atomic<std::chrono::steady_clock::rep> lookedAt_{0};
    std::atomic<std::uint64_t> recent_{0};
};

}  // namespace apiary::agent
