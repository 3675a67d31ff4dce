#pragma once

#include "agent/spool/ballast.hpp"
#include "agent/spool/spool.hpp"
#include "agent/spool/spool_file.hpp"
#include "agent/spool/spool_reader.hpp"
#include "agent/spool/spool_upkeep.hpp"
#include "common/concurrent/guarded.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace apiary::agent {

/// What the lock's file remembers of the spool beside it: a file that is behind this was put back from a copy.
struct SpoolNote {
    Uuid id;
    /// By lane, the highest number given out: of the current lane, and of those of which not all is acknowledged.
    std::map<std::uint32_t, std::uint64_t> last;
    bool closed = false;  // the spool was closed then: no number was given out since
};

/// Holds the right to write the spool; the kernel gives it back when the process dies.
class ProcessLock {
public:
    /// An Error says who stands in the way.
    static Result<ProcessLock> take(const std::string& path);
    ProcessLock(ProcessLock&& other) noexcept;
    ProcessLock& operator=(ProcessLock&&) = delete;
    ~ProcessLock();

    /// Kept in the lock's file. It is synced when the spool is opened and closed, not in between: after a loss of power
    /// it may be older than the spool, never newer.
    std::optional<SpoolNote> note() const;
    void setNote(const SpoolNote& note, bool synced) const;

private:
    explicit ProcessLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

/// The Spool on a SQLite file: one connection that writes, one that reads, and the marks in between in memory.
///
/// Three locks, never two at once, but for that of append(): the writer's is held for one transaction, the reader's for
/// one read, that of the positions for no I/O at all. Readers see a number only once its record is committed.
class DurableSpool final : public Spool {
public:
    /// `file` is open, sound and marked; `ledger` is what it loaded.
    DurableSpool(SpoolSettings settings, ProcessLock lock, std::unique_ptr<SpoolFile> file, SpoolLedger ledger);
    DurableSpool(const DurableSpool&) = delete;
    DurableSpool& operator=(const DurableSpool&) = delete;
    ~DurableSpool() override;

    Uuid id() const override {
        return id_.with([](const Uuid& id) { return id; });
    }
    Status renew(const std::string& reason) override;
    /// Appends the gap records that tell of the loss of the spool that was here before: one for each of these lanes,
    /// one without numbers if there are none. Throws if the disk refuses.
    void tellOfLoss(std::span<const LostNumbers> lost, std::chrono::system_clock::time_point from,
                    const std::string& reason);
    std::vector<std::uint64_t> append(std::span<const NewRecord> records, const RetryWait& wait,
                                      SpoolRoom room) override;
    bool setAside(std::span<const NewRecord> records) override;
    std::vector<NewRecord> aside() override;
    std::size_t together(std::span<const NewRecord> records) const override;
    std::vector<SpoolRow> read(std::uint32_t lane, std::uint64_t after, std::size_t records,
                               std::size_t bytes) const override;
    void acknowledge(std::uint32_t lane, std::uint64_t seq) override;
    void journalled(std::uint32_t lane, std::uint64_t seq) override;
    void release() override;
    std::vector<LaneView> lanes() const override;
    std::uint32_t currentLane() const override { return currentLane_; }
    std::uint32_t openLane() override;
    Backlog backlog() const override;
    std::vector<Uuid> openSessions() const override;
    std::vector<Uuid> unjournalledSessions() const override;
    OpenSession openSession(const Uuid& session) const override;
    Usage usage() const override { return {.used = used_, .bound = settings_.bytes, .dropsFrom = dropsFrom()}; }
    bool full() const override { return full_; }
    bool wantsLogs() const override { return wantsLogs_; }
    std::uint64_t lost() const override { return lost_; }
    std::vector<SpoolRange> takeDamaged() override {
        return damaged_.with([](auto& damaged) { return std::exchange(damaged, {}); });
    }
    void onAppended(std::function<void()> call) override;

private:
    struct Writer {
        std::unique_ptr<SpoolFile> file;  // null while the disk does not let it be opened
        SpoolLedger ledger;
        std::uint64_t sinceCheck = 0;               // bytes written since the bound was looked at
        bool barren = false;                        // nothing was found that may go, and nothing has changed since
        std::optional<std::uint64_t> loggedThen{};  // logged(), when rows were left alone that no text log may hold
        std::chrono::steady_clock::time_point complainAgain{};
    };
    using Positions = std::map<std::uint32_t, LaneState>;

    static constexpr std::uint64_t kFreeing = std::uint64_t{1} << 20U;

    /// What one try to commit came to.
    enum class Try { Committed, Again, Wait, WaitForLogs };
    SpoolNote noteNow() const;
    void commit(std::span<const NewRecord> records, const RetryWait& wait, SpoolRoom room,
                std::vector<std::uint64_t>& numbers);
    Try tryAppend(Writer& writer, std::span<const NewRecord> records, const Positions& wanted, SpoolRoom room,
                  Drops drops);
    Try afterFailure(Writer& writer, const std::string& what, bool full, std::uint64_t bytes, const Positions& wanted,
                     Drops drops);
    /// Below its bound by what a commit and its index may need.
    std::uint64_t dropsFrom() const { return settings_.bytes / 10 * 9; }
    /// Records are taken so far and no further: to free rows, open sessions are written down, and that takes pages.
    std::uint64_t takesUpTo() const { return settings_.bytes - std::min(std::max(part(), kFreeing), 4 * part()); }
    /// The most bytes that a commit has, if it has more than one record; and how often the bound is looked at.
    std::uint64_t part() const { return settings_.bytes / 64; }
    bool freeSome(Writer& writer, std::uint32_t lane, const Positions& marks) const;
    bool makeRoom(Writer& writer, std::uint64_t bytes, Drops drops);
    Shrunk shrinkOnce(Writer& writer, RecordKind kind, std::uint64_t bytes, Drops drops) const;
    void awaitLogs(Writer& writer, bool awaits);
    /// How far the text logs are, all lanes taken together.
    static std::uint64_t logged(const SpoolLedger& ledger);
    void look(Writer& writer) const;
    /// False: there is no room until the text logs hold what is to be dropped.
    bool keepBound(Writer& writer, std::uint64_t bytes, SpoolRoom room, Drops drops);
    void reopen(Writer& writer) const;
    static void write(Writer& writer, std::span<const NewRecord> records, const Positions& wanted);
    static void note(SpoolLedger& ledger, std::span<const NewRecord> records);
    static void carry(SpoolLedger& ledger, const Positions& positions);
    static bool reached(const SpoolLedger& ledger, const Positions& wanted);
    std::vector<Uuid> heldSessions(bool open) const;
    /// Runs `work` on the reader. If the disk fails, once more on a new one, without what it held in memory; if that
    /// fails too, throws SpoolReadError. That reads fail is logged once, until one succeeds.
    template <typename Work>
    auto reading(Work work) const;

    const SpoolSettings settings_;
    const ProcessLock lock_;
    const Ballast ballast_;
    const std::chrono::system_clock::time_point openedAt_ = std::chrono::system_clock::now();
    Guarded<Uuid> id_;
    std::mutex appending_;
    Guarded<Positions> positions_;  // what is committed and acknowledged, ahead of the file's own marks
    std::atomic<std::uint32_t> currentLane_;
    mutable std::atomic<std::uint64_t> lost_{0};
    mutable Guarded<std::vector<SpoolRange>> damaged_;
    mutable std::atomic<std::uint64_t> used_{0};
    mutable std::atomic<bool> full_{false};
    std::atomic<bool> wantsLogs_{false};
    Guarded<std::function<void()>> onAppended_;
    Guarded<Writer> writer_;
    struct Reading {
        std::unique_ptr<SpoolReader> reader;  // null after a fault
        bool refused = false;                 // the read before this one failed
    };
    mutable Guarded<Reading> reading_;
    mutable Guarded<std::optional<std::chrono::system_clock::time_point>> oldest_;  // as backlog() found it last
};

}  // namespace apiary::agent
