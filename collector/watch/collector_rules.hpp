#pragma once

#include "collector/watch/trouble.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// What the collector knows of itself and its database now, without asking the database.
struct CollectorView {
    bool answers = true;                // the database does, to whoever looks whether it does
    bool takes = true;                  // it takes what ingest writes
    std::optional<std::string> lack{};  // a disk of it is below the floor: which, and what to do
    std::uint64_t transactions = 0;     // of ingest since the start
    double transactionSeconds = 0;      // that they took together
    std::size_t waitingBytes = 0;       // of batches that are yet to be written
    std::optional<std::string> kept{};  // old rows that should be gone are not: why, and what to do
};

/// Derives what is wrong with the database, one look after the other. No I/O, no clock of its own, and nothing of it
/// needs the database. For one thread.
class CollectorRules {
public:
    using Time = Trouble::Time;

    static constexpr std::chrono::seconds kAway{30};     // that it does not answer, or takes nothing
    static constexpr std::chrono::seconds kStalled{30};  // that batches wait and none is committed
    static constexpr std::chrono::seconds kRecent{60};   // over which transactions are judged
    static constexpr double kSlow = 1.0;                 // seconds a transaction, on the average of kRecent
    static constexpr double kQuick = 0.5;                // likewise, to be well again

    static constexpr const char* kAwaySubject = "away";  // of the trouble that it does not answer

    /// What is wrong now, by key. Every trouble is of kind Database, and the subject says which.
    std::vector<Trouble> judge(const CollectorView& view, Time now);

private:
    /// How much ingest had written at a time.
    struct Mark {
        Time at;
        std::uint64_t transactions = 0;
        double seconds = 0;
    };

    void add(const std::string& subject, Severity severity, Time since, std::string brief, std::string remedy);
    void away(const CollectorView& view, Time now);
    void slow(const CollectorView& view, Time now);
    static std::optional<Time> since(bool wrong, std::optional<Time>& first, Time now);

    std::map<TroubleKey, Trouble> lasting_;
    std::vector<Trouble> found_;
    std::optional<Time> awaySince_;
    std::optional<Time> refusedSince_;
    std::optional<Time> stalledSince_;
    std::deque<Mark> marks_;  // of kRecent, one a second at the most
};

}  // namespace apiary::collector
