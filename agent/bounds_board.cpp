#include "agent/bounds_board.hpp"

#include <optional>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::uint64_t daysOf(std::chrono::system_clock::duration length) {
    const auto days = std::chrono::floor<std::chrono::days>(length).count();
    return days > 0 ? static_cast<std::uint64_t>(days) : 0;
}

/// A budget that has cost something, and is used up but for what one round of removal frees.
bool turnsOver(std::uint64_t removed, std::uint64_t used, std::uint64_t limit) {
    return removed > 0 && used >= limit / 10 * 9;
}

BoundReport engineReport(const char* name, const EngineBound& bound) {
    return {
        .name = name, .used = bound.used, .limit = bound.limit, .lost = bound.refused, .fullAt = {}, .keptSince = {}};
}

}  // namespace

BoundsBoard::BoundsBoard(const Spool& spool, const JournalWriter& journal, const Engine& engine,
                         const JournalBudget& budget)
    : spool_(spool),
      journal_(journal),
      engine_(engine),
      budget_(budget),
      estimates_(Estimates{.spool = FillEstimate(spool.usage().dropsFrom),
                           .journalBytes = FillEstimate(budget.bytes),
                           .journalFiles = FillEstimate(budget.files)}) {}

void BoundsBoard::sample(Time now) {
    const std::uint64_t spool = spool_.usage().used;
    const JournalView journal = journal_.view();
    estimates_.with([&](Estimates& estimates) {
        estimates.spool.sample(now, spool);
        // The logs of earlier runs are found, not written now: until all are counted nothing grows.
        const bool counted = std::exchange(estimates.counted, journal.counted);
        if (std::exchange(estimates.removed, journal.removed) != journal.removed || !counted) {
            estimates.journalBytes.restart();
            estimates.journalFiles.restart();
        }
        estimates.journalBytes.sample(now, journal.bytes);
        estimates.journalFiles.sample(now, journal.files);
    });
}

std::vector<BoundReport> BoundsBoard::reports(Time now) const {
    const Spool::Usage spool = spool_.usage();
    const JournalView journal = journal_.view();
    const EngineBounds engine = engine_.bounds();
    const bool bytesTurnOver = turnsOver(journal.removedForBytes, journal.bytes, budget_.bytes);
    const bool filesTurnOver = turnsOver(journal.removedForFiles, journal.files, budget_.files);
    std::vector<BoundReport> reports;
    estimates_.with([&](const Estimates& estimates) {
        reports.push_back({.name = "spool_bytes",
                           .used = spool.used,
                           .limit = spool.bound,
                           .lost = spool_.lost() + engine.refusedByRecorders,
                           .fullAt = estimates.spool.fullAt(),
                           .keptSince = {}});
        reports.push_back({.name = "journal_bytes",
                           .used = journal.bytes,
                           .limit = budget_.bytes,
                           .lost = journal.removedForBytes,
                           .fullAt = bytesTurnOver ? std::nullopt : estimates.journalBytes.fullAt(),
                           .keptSince = bytesTurnOver ? journal.oldest : std::nullopt});
        reports.push_back({.name = "journal_files",
                           .used = journal.files,
                           .limit = budget_.files,
                           .lost = journal.removedForFiles,
                           .fullAt = filesTurnOver ? std::nullopt : estimates.journalFiles.fullAt(),
                           .keptSince = filesTurnOver ? journal.oldest : std::nullopt});
    });
    if (budget_.age.count() > 0) {
        reports.push_back({.name = "journal_days",
                           .used = journal.oldest ? daysOf(now - *journal.oldest) : 0,
                           .limit = daysOf(budget_.age),
                           .lost = journal.removedForAge,
                           .fullAt = {},
                           .keptSince = journal.removedForAge > 0 ? journal.oldest : std::nullopt});
    }
    reports.push_back(engineReport("descriptors", engine.descriptors));
    reports.push_back(engineReport("connections", engine.connections));
    if (engine.memory.limit > 0) {
        reports.push_back(engineReport("memory_bytes", engine.memory));
    }
    return reports;
}

}  // namespace apiary::agent
