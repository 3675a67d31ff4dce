#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

namespace apiary::agent {

/// Something of which only so many may be in use at once. Thread-safe.
class Allowance {
public:
    /// One of them, given back when destroyed. The allowance must outlive it.
    class Share {
    public:
        explicit Share(Allowance& from) : from_(&from) {}
        Share(Share&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
        Share& operator=(Share&& other) noexcept {
            std::swap(from_, other.from_);
            return *this;
        }
        ~Share() {
            if (from_ != nullptr) {
                --from_->used_;
            }
        }

    private:
        Allowance* from_;
    };

    explicit Allowance(std::size_t most) : most_(most) {}

    std::optional<Share> take() {
        if (used_.fetch_add(1) >= most_) {
            --used_;
            return std::nullopt;
        }
        return Share(*this);
    }

    std::size_t used() const { return used_; }
    std::size_t most() const { return most_; }

private:
    const std::size_t most_;
    std::atomic<std::size_t> used_{0};
};

}  // namespace apiary::agent
