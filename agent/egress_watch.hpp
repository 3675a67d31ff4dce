#pragma once

#include "agent/uplink/egress_report.hpp"
#include "common/concurrent/guarded.hpp"
#include "common/result.hpp"

#include <cstdint>
#include <functional>

namespace apiary::agent {

/// Whether the kernel keeps this agent from reaching others, and how often it had to.
///
/// An agent never connects to anybody but its collector: what is refused is a fault of the program, or somebody who has
/// taken it over. Each refusal is logged here and told to the collector. Thread-safe.
class EgressWatch {
public:
    /// Answers how many packets were refused so far; nothing but an Error where nobody guards.
    using Ask = std::function<Result<std::uint64_t>()>;

    explicit EgressWatch(Ask ask) : ask_(std::move(ask)) {}

    /// Asks. Call it every some seconds, always on the same thread; takes as long as the question. What was refused
    /// before the first answer is of an earlier run, and no news.
    void sample();

    /// As of the last look. While nobody answers the count stands still: the guard may be there all the same.
    EgressReport report() const;

private:
    Ask ask_;
    bool told_ = false;  // ever
    Guarded<EgressReport> report_;
};

}  // namespace apiary::agent
