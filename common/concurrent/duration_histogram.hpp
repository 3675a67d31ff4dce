#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace apiary {

/// How long something took, counted by how long at most. Takes no lock; note() from any thread.
class DurationHistogram {
public:
    /// In seconds; what took longer than the last is counted beyond it.
    static constexpr std::array<double, 14> kBounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                    0.25,  0.5,    1.0,   2.5,  5.0,   10.0, 30.0};

    struct View {
        std::array<std::uint64_t, kBounds.size()> atMost{};  // of each bound: all that took no longer
        std::uint64_t count = 0;
        double seconds = 0;  // of all together
    };

    void note(std::chrono::nanoseconds took) {
        const auto bound = std::ranges::lower_bound(kBounds, std::chrono::duration<double>(took).count());
        counts_[static_cast<std::size_t>(bound - kBounds.begin())].fetch_add(1, std::memory_order_relaxed);
        nanoseconds_.fetch_add(static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0)),
                               std::memory_order_relaxed);
    }

    /// Consistent in itself, but for `seconds`, in which what is being noted now may be missing or ahead.
    View view() const {
        View view;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            view.count += counts_[i].load(std::memory_order_relaxed);
            if (i < view.atMost.size()) {
                view.atMost[i] = view.count;
            }
        }
        view.seconds = static_cast<double>(nanoseconds_.load(std::memory_order_relaxed)) / 1e9;
        return view;
    }

private:
    std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_{};
    std::atomic<std::uint64_t> nanoseconds_{0};
};

}  // namespace apiary
