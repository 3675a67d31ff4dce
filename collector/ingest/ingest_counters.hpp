#pragma once

#include "collector/ingest/rows.hpp"
#include "common/concurrent/duration_histogram.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace apiary::collector {

/// Why a record went to quarantine, as figures tell it: the database refuses it, what it says is out of bounds, it does
/// not fit the sessions there are, it cannot be read, or anything else.
enum class AsideClass : std::uint8_t { Database, Bounds, Session, Content, Other };
inline constexpr std::size_t kAsideClasses = 5;

inline AsideClass classOf(const QuarantineRow& row) {
    const auto says = [&](auto... words) { return ((row.reason.find(words) != std::string::npos) || ...); };
    if (!row.sqlstate.empty()) {
        return AsideClass::Database;
    }
    if (says("out of ", "outside", "before it began", "more than one number")) {
        return AsideClass::Bounds;
    }
    if (says("session")) {
        return AsideClass::Session;
    }
    return says("not a record", "of a kind", "unknown", "not a name", "address") ? AsideClass::Content
                                                                                 : AsideClass::Other;
}

/// What ingest has done since the collector started. Counted on the hub's thread without a lock, looked at from any.
class IngestCounters {
public:
    /// After a commit.
    void committed(const IngestRows& rows) {
        for (const LedgerStep& step : rows.ledger) {
            add(records_, static_cast<std::uint64_t>(step.last - step.first + 1));
        }
        for (const QuarantineRow& row : rows.quarantine) {
            add(aside_[static_cast<std::size_t>(classOf(row))], 1);
        }
    }
    void batchDone() { add(batches_, 1); }
    void duplicate() { add(duplicates_, 1); }
    void hole() { add(holes_, 1); }
    void wrote(std::chrono::nanoseconds took) { transactions_.note(took); }

    struct View {
        std::uint64_t records = 0;                         // committed, quarantined ones too
        std::uint64_t batches = 0;                         // committed to their end
        std::uint64_t duplicates = 0;                      // acknowledged again: all of them had been committed before
        std::uint64_t holes = 0;                           // batches that did not follow what is committed
        std::array<std::uint64_t, kAsideClasses> aside{};  // records, by AsideClass
        DurationHistogram::View transactions;
    };
    View view() const {
        View view{.records = records_,
                  .batches = batches_,
                  .duplicates = duplicates_,
                  .holes = holes_,
                  .aside = {},
                  .transactions = transactions_.view()};
        std::ranges::transform(aside_, view.aside.begin(), [](const auto& count) { return count.load(); });
        return view;
    }

private:
    using Counter = std::atomic<std::uint64_t>;
    static void add(Counter& counter, std::uint64_t more) { counter.fetch_add(more, std::memory_order_relaxed); }

    Counter records_{0};
    Counter batches_{0};
    Counter duplicates_{0};
    Counter holes_{0};
    std::array<Counter, kAsideClasses> aside_{};
    DurationHistogram transactions_;
};

}  // namespace apiary::collector
