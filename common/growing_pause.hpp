#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

namespace apiary {

/// How long to wait before something that failed is tried again: each time twice as long, up to a bound.
class GrowingPause {
public:
    using Length = std::chrono::milliseconds;

    GrowingPause(Length first, Length longest) : first_(first), longest_(longest), next_(first) {}

    /// The pause now that it has failed once more.
    Length afterFailure() { return std::exchange(next_, std::min(next_ * 2, longest_)); }

    /// It worked: after the next failure it begins with the first pause again.
    void worked() { next_ = first_; }

private:
    Length first_;
    Length longest_;
    Length next_;
};

}  // namespace apiary
