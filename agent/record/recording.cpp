#include "agent/record/recording.hpp"

#include "agent/record/damage_notice.hpp"
#include "agent/record/log_choice.hpp"
#include "agent/record/pending_probes.hpp"
#include "agent/record/record_queue.hpp"
#include "agent/record/recovery.hpp"
#include "agent/record/session_ids.hpp"
#include "agent/record/session_recorder.hpp"
#include "agent/record/upkeep.hpp"
#include "common/concurrent/guarded.hpp"
#include "common/log/log.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace apiary::agent {
namespace {

using Steady = std::chrono::steady_clock;

/// Under load the ends of dozens of sessions share a commit; a peer that comes alone waits half a millisecond for its
/// FIN.
constexpr RecordQueue::Due kDue{
    .enough = 256, .patience = std::chrono::milliseconds(10), .hurry = std::chrono::microseconds(500)};
constexpr auto kIdle = std::chrono::milliseconds(50);
constexpr auto kRefusedFor = std::chrono::seconds(1);

}  // namespace

class Recording::Impl {
public:
    Impl(RecordingSettings settings, Spool& spool, JournalWriter& journal)
        : spool_(spool),
          journal_(journal),
          queue_(settings.queued, kDue),
          probes_(spool),
          context_{queue_, journal_, unlogged_, answers_},
          chooser_(std::move(settings.rules)),
          follow_(std::move(settings.follow)),
          manifest_(settings.manifest ? std::make_unique<Manifest>(*std::move(settings.manifest)) : nullptr),
          upkeep_(spool, journal, manifest_.get(), settings.upkeep),
          lastTries_(settings.lastTries),
          removalsTogether_(settings.removals),
          damage_(spool, std::chrono::system_clock::now(), settings.late) {}

    std::unique_ptr<Recorder> open(const SessionStart& start) {
        const LogChoice choice =
            chooser_.with([&](LogChooser& chooser) { return chooser.choose(start.service, start.source, start.at); });
        const Uuid session = newSessionId(start.at);
        damage_.opened(session);
        return std::make_unique<SessionRecorder>(context_, start, session, spool_.currentLane(), choice);
    }

    void refused(const Refusal& refusal) {
        probes_.add(refusal);
        refusals_ += refusal.count;
    }

    void probed(const SeenProbe& probe) {
        probes_.add(probe);
        seen_ += probe.packets;
    }

    void probesLost(std::uint64_t packets, WallTime from, WallTime to) {
        probes_.lose(packets, from, to);
        seen_ += packets;
    }

    bool full() const {
        const Steady::rep since = refusedSince_;
        return spool_.full() ||
               (since != 0 && Steady::now().time_since_epoch() - Steady::duration(since) >= kRefusedFor);
    }

    std::size_t recover() {
        probes_.recover();
        std::vector<ManifestEntry> entries;
        auto [closed, unfinished] = recoverSessions(
            spool_, journal_,
            [this](const std::string& service, bool spoken) {
                return chooser_.with([&](const LogChooser& chooser) { return chooser.wantsLate(service, spoken); });
            },
            [&](const std::string& closing) {
                if (auto entry = manifest_ ? manifestEntryOf(closing) : std::nullopt) {
                    entries.push_back(*std::move(entry));
                }
            });
        if (manifest_) {
            manifest_->recover(std::move(entries), spool_);
        }
        upkeep_.begin(std::move(unfinished));
        recovered_ += closed;
        if (closed > 0) {
            log::info("record: " + std::to_string(closed) + " sessions of the run before are closed as interrupted");
        }
        return closed;
    }

    void run() {
        // Whatever ends this loop ends upkeep() too.
        const std::unique_ptr<Impl, void (*)(Impl*)> drained(this, [](Impl* impl) { impl->upkeep_.stop(); });
        std::vector<PendingRecord> pending;
        for (;;) {
            // Whether it was closed is asked before taking: what was pushed until then is in what is taken.
            const bool closed = queue_.closed();
            queue_.takeAll(pending, kIdle);
            add(pending, probes_.due(closed));
            if (manifest_) {
                add(pending, manifest_->due(spool_, closed && pending.empty()));
            }
            addDueRemovals(pending, closed);
            addDamage(pending, closed && pending.empty());
            if (!pending.empty()) {
                commit(pending);
            } else if (closed) {
                break;
            }
        }
    }

    void upkeep() { upkeep_.run(); }

    void close() {
        {
            const std::lock_guard lock(mutex_);
            lastTry_ = lastTry_.value_or(Steady::now() + lastTries_);
        }
        closed_.notify_all();
        queue_.close();
    }

    void setRules(LogChooser::Rules rules) {
        chooser_.with([&](LogChooser& chooser) { chooser.setRules(std::move(rules)); });
    }

    RecordingView view() const {
        return {.records = records_,
                .sessions = sessions_,
                .unlogged = unlogged_,
                .probes = refusals_,
                .seen = seen_,
                .recovered = recovered_};
    }

private:
    /// What the journal's budget removed, once in a while; when closing, all of it, and then it removes no more.
    void addDueRemovals(std::vector<PendingRecord>& pending, bool closing) {
        if (!closing && Steady::now() < nextRemovals_) {
            return;
        }
        if (const RemovedLogs gone = journal_.takeRemoved(closing); gone.files > 0) {
            nextRemovals_ = Steady::now() + removalsTogether_;
            pending.push_back({.record = removalRecord(gone, spool_.currentLane(), std::chrono::system_clock::now()),
                               .path = {},
                               .text = {},
                               .durable = {}});
        }
    }

    void addDamage(std::vector<PendingRecord>& pending, bool last) {
        DamageNotice::Due due = damage_.due(std::chrono::system_clock::now(), Steady::now(), last);
        for (NewRecord& closing : due.closings) {
            pending.push_back({.record = std::move(closing), .path = {}, .text = {}, .again = true, .durable = {}});
        }
        if (due.over) {
            pending.push_back({.record = *std::move(due.over), .path = {}, .text = {}, .durable = {}});
        }
    }

    static void add(std::vector<PendingRecord>& pending, std::vector<NewRecord> records) {
        std::ranges::transform(records, std::back_inserter(pending), [](NewRecord& record) {
            return PendingRecord{.record = std::move(record), .path = {}, .text = {}, .durable = {}};
        });
    }

    /// What was just committed, `records` of `committed`.
    void enter(std::span<const NewRecord> records, std::span<const PendingRecord> committed) {
        std::vector<ManifestEntry> closed;
        bool piece = false;
        for (std::size_t i = 0; i < records.size(); ++i) {
            const NewRecord& record = records[i];
            piece = piece || record.kind == RecordKind::Manifest;
            if (auto entry = record.kind == RecordKind::Closing && !committed[i].again ? manifestEntryOf(record.body)
                                                                                       : std::nullopt) {
                closed.push_back(*std::move(entry));
            }
        }
        if (piece) {
            manifest_->committed();
        }
        if (!closed.empty()) {
            manifest_->add(closed);
        }
    }

    /// In turns of what the spool takes at once, so that each can leave it as soon as it is acknowledged.
    void commit(std::vector<PendingRecord>& pending) {
        batch_.clear();
        for (PendingRecord& next : pending) {
            batch_.push_back(std::move(next.record));
        }
        std::span<PendingRecord> rest(pending);
        for (std::span<const NewRecord> records(batch_); !records.empty();) {
            const std::size_t count = spool_.together(records);
            commit(records.first(count), rest.first(count));
            records = records.subspan(count);
            rest = rest.subspan(count);
        }
    }

    /// Spool, then journal, then whoever waits: in that order. `records` are those of `pending`.
    void commit(std::span<const NewRecord> records, std::span<PendingRecord> pending) {
        const auto numbers =
            spool_.append(records, [this](std::chrono::milliseconds length) { return waitForTheDisk(length); });
        refusedSince_ = 0;
        damage_.committed(records, numbers);
        probes_.committed(records);
        std::vector<JournalText> texts;
        texts.reserve(pending.size());
        for (std::size_t i = 0; i < pending.size(); ++i) {
            if (PendingRecord& next = pending[i]; next.last || !next.text.empty()) {
                if (follow_) {
                    next.shared ? follow_(std::string(next.text).insert(next.sharedAt, *next.shared))
                                : follow_(next.text);
                }
                texts.push_back({.session = records[i].session,
                                 .path = std::move(next.path),
                                 .text = std::move(next.text),
                                 .last = next.last,
                                 .shared = std::move(next.shared),
                                 .sharedAt = next.sharedAt});
            }
        }
        if (!texts.empty() && !journal_.write(std::move(texts))) {
            log::error("record: the journal was closed before the recording: logs are incomplete");
        }
        if (manifest_) {
            enter(records, pending);
        }
        upkeep_.handed(records, numbers);
        if (spool_.wantsLogs()) {
            upkeep_.wake();
        }
        records_ += records.size();
        for (std::size_t i = 0; i < records.size(); ++i) {
            sessions_ += records[i].kind == RecordKind::Closing && !pending[i].again ? 1 : 0;
            if (pending[i].durable) {
                pending[i].durable();
            }
        }
    }

    /// Comes back at once when close() is called, for another try; then until the time for last tries is over.
    bool waitForTheDisk(std::chrono::milliseconds length) {
        Steady::rep never = 0;
        refusedSince_.compare_exchange_strong(never, Steady::now().time_since_epoch().count());
        probes_.keep();
        upkeep_.wake();
        std::unique_lock lock(mutex_);
        const auto until = Steady::now() + length;
        if (lastTry_) {
            closed_.wait_until(lock, std::min(until, *lastTry_), [] { return false; });
        } else {
            closed_.wait_until(lock, until, [this] { return lastTry_.has_value(); });
        }
        return !lastTry_ || Steady::now() < *lastTry_;
    }

    Spool& spool_;
    JournalWriter& journal_;
    std::atomic<std::uint64_t> records_{0};
    std::atomic<std::uint64_t> sessions_{0};
    std::atomic<std::uint64_t> unlogged_{0};
    std::atomic<std::uint64_t> refusals_{0};
    std::atomic<std::uint64_t> seen_{0};
    std::atomic<std::uint64_t> recovered_{0};
    std::atomic<Steady::rep> refusedSince_{0};  // when the disk began to refuse; 0: it does not
    RecordQueue queue_;
    PendingProbes probes_;
    SharedAnswers answers_;
    const RecorderContext context_;
    Guarded<LogChooser> chooser_;
    const std::function<void(std::string_view)> follow_;
    const std::unique_ptr<Manifest> manifest_;  // may be null
    Upkeep upkeep_;
    const std::chrono::milliseconds lastTries_;
    const std::chrono::milliseconds removalsTogether_;
    std::mutex mutex_;
    std::condition_variable closed_;
    std::optional<Steady::time_point> lastTry_;  // of a disk that refuses, once closed; guarded by mutex_
    std::vector<NewRecord> batch_;               // of run(), as what follows
    Steady::time_point nextRemovals_;
    DamageNotice damage_;
};

Recording::Recording(RecordingSettings settings, Spool& spool, JournalWriter& journal)
    : impl_(std::make_unique<Impl>(std::move(settings), spool, journal)) {}

Recording::~Recording() = default;

std::unique_ptr<Recorder> Recording::open(const SessionStart& start) {
    return impl_->open(start);
}

bool Recording::full() const {
    return impl_->full();
}

void Recording::refused(const Refusal& refusal) {
    impl_->refused(refusal);
}

void Recording::probed(const SeenProbe& probe) {
    impl_->probed(probe);
}

void Recording::probesLost(std::uint64_t packets, WallTime from, WallTime to) {
    impl_->probesLost(packets, from, to);
}

std::size_t Recording::recover() {
    return impl_->recover();
}

void Recording::run() {
    impl_->run();
}

void Recording::upkeep() {
    impl_->upkeep();
}

void Recording::close() {
    impl_->close();
}

void Recording::setRules(std::map<std::string, JournalRule, std::less<>> rules) {
    impl_->setRules(std::move(rules));
}

RecordingView Recording::view() const {
    return impl_->view();
}

}  // namespace apiary::agent
