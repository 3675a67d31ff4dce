#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <utility>

namespace apiary::agent {

/// How long to wait before the next try: twice as long each time, each between half and whole of it by chance, so that
/// a fleet does not come back in step.
class RetryDelay {
public:
    RetryDelay(std::chrono::milliseconds least, std::chrono::milliseconds most, std::uint64_t seed)
        : least_(least), most_(most), current_(least), random_(seed) {}

    std::chrono::milliseconds next() {
        const auto whole = std::exchange(current_, std::min(most_, current_ * 2));
        std::uniform_int_distribution<std::int64_t> part(whole.count() / 2, whole.count());
        return std::max(least_, std::chrono::milliseconds(part(random_)));
    }

    /// The other end has proved to work: begin with the shortest again.
    void reset() { current_ = least_; }

private:
    std::chrono::milliseconds least_;
    std::chrono::milliseconds most_;
    std::chrono::milliseconds current_;
    std::mt19937_64 random_;
};

}  // namespace apiary::agent
