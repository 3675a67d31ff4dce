#pragma once

#include "agent/engine/engine.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>

namespace apiary::agent {

/// The class of what a refusal's record says.
constexpr RefusalClass classOf(std::string_view reason) {
    return reason.starts_with("waiting time")          ? RefusalClass::WaitingTime
           : reason.starts_with("connections of this") ? RefusalClass::PerSource
           : reason == "connections in all"            ? RefusalClass::Connections
           : reason == "descriptors"                   ? RefusalClass::Descriptors
           : reason == "memory"                        ? RefusalClass::Memory
                                                       : RefusalClass::Other;
}

/// What has come to pass at a service since the engine began. Counted by the connections' threads without a lock,
/// looked at from any thread.
class ServiceCounters {
public:
    void refused(std::string_view reason) { add(refused_[static_cast<std::size_t>(classOf(reason))], 1); }
    void ended(Outcome outcome) { add(ended_[static_cast<std::size_t>(outcome)], 1); }
    void received(std::size_t bytes) { add(received_, bytes); }
    void sent(std::size_t bytes) { add(sent_, bytes); }
    void withheldReply() { add(withheld_, 1); }

    /// By RefusalClass, and by Outcome.
    RefusalCounts refusals() const { return read(refused_); }
    OutcomeCounts outcomes() const { return read(ended_); }
    std::uint64_t bytesIn() const { return received_.load(std::memory_order_relaxed); }
    std::uint64_t bytesOut() const { return sent_.load(std::memory_order_relaxed); }
    std::uint64_t withheld() const { return withheld_.load(std::memory_order_relaxed); }

private:
    using Counter = std::atomic<std::uint64_t>;

    static void add(Counter& counter, std::uint64_t more) { counter.fetch_add(more, std::memory_order_relaxed); }

    template <std::size_t N>
    static std::array<std::uint64_t, N> read(const std::array<Counter, N>& counters) {
        std::array<std::uint64_t, N> values{};
        std::ranges::transform(counters, values.begin(), [](const Counter& one) { return one.load(); });
        return values;
    }

    std::array<Counter, std::tuple_size_v<RefusalCounts>> refused_{};
    std::array<Counter, std::tuple_size_v<OutcomeCounts>> ended_{};
    Counter withheld_{0};
    alignas(64) Counter received_{0};  // apart, as two threads may be at them for each packet
    alignas(64) Counter sent_{0};
};

}  // namespace apiary::agent
