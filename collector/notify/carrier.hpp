#pragma once

#include <atomic>
#include <string>

namespace apiary::collector {

/// What became of one attempt.
struct Delivery {
    enum class End : unsigned char {
        Done,
        Later,    ///< it may go well another time
        Refused,  ///< the other side wants nothing of this notice
    };
    End end = End::Done;
    std::string problem;  ///< unless Done: what went wrong and what to do, printable
};

/// A way by which notices leave.
class Carrier {
public:
    virtual ~Carrier() = default;

    /// Hands over one JSON object. Blocks for at most its deadline, which is 10 s; returns soon once `stopping` is set.
    virtual Delivery carry(const std::string& json, const std::atomic<bool>& stopping) = 0;
};

}  // namespace apiary::collector
