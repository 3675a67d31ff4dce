#include "agent/fill_estimate.hpp"

namespace apiary::agent {
namespace {

constexpr auto kApart = std::chrono::minutes(5);

}  // namespace

void FillEstimate::sample(Time at, std::uint64_t used) {
    if (!run_.empty() && (used < run_.back().used || at < run_.back().at)) {
        run_.clear();
    }
    if (run_.size() >= 2 && run_.back().at - run_[run_.size() - 2].at < kApart) {
        run_.back() = {at, used};
    } else {
        run_.push_back({at, used});
    }
    while (run_.size() > 1 && at - run_[1].at >= kWindow) {
        run_.pop_front();
    }
}

std::optional<FillEstimate::Time> FillEstimate::fullAt() const {
    if (run_.empty() || limit_ == 0) {
        return std::nullopt;
    }
    const auto& [began, least] = run_.front();
    const auto& [now, used] = run_.back();
    if (used >= limit_) {
        return now;
    }
    const std::uint64_t grown = used - least;
    if (now - began < kShortest || grown < limit_ / 1000 || grown == 0) {
        return std::nullopt;
    }
    const std::chrono::duration<double> took = now - began;
    const auto left = took * (static_cast<double>(limit_ - used) / static_cast<double>(grown));
    if (left > kHorizon) {
        return std::nullopt;
    }
    return now + std::chrono::duration_cast<Time::duration>(left);
}

}  // namespace apiary::agent
