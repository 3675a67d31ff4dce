#pragma once

#include <cstddef>
#include <cstdint>

namespace apiary::agent {

/// Choices that look arbitrary and are the same for the same seed: how one sensor differs from the next. Not secret.
class Seeded {
public:
    /// `purpose` keeps choices that share a seed independent of each other.
    explicit constexpr Seeded(std::uint64_t seed, std::uint64_t purpose = 0)
        : state_(seed + purpose * 0xd1342543de82ef95U) {}

    constexpr std::uint64_t next() {  // splitmix64
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }

    /// 0 to `bound` - 1; `bound` is not 0.
    constexpr std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }

    template <typename T, std::size_t N>
    constexpr const T& pick(const T (&options)[N]) {
        return options[below(N)];
    }

private:
    std::uint64_t state_;
};

}  // namespace apiary::agent
