#include "agent/journal/journal.hpp"

#include "agent/journal/journal_format.hpp"
#include "agent/journal/log_budget.hpp"
#include "agent/journal/log_files.hpp"
#include "agent/journal/settled_clock.hpp"
#include "common/concurrent/bounded_queue.hpp"
#include "common/concurrent/guarded.hpp"
#include "common/log/log.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <fcntl.h>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <unistd.h>
#include <unordered_map>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kEntriesAtOnce = 256;    // counted, or removed, between two rounds of writing
constexpr std::size_t kCountedUnderLoad = 32;  // so that a start among many old logs does not slow down new ones
constexpr auto kIdle = std::chrono::milliseconds(200);

/// From one round of writing to the next: under load a session that ends meanwhile is one open, write and close. With
/// the 10 ms that a record may wait for its commit this leaves half of the 100 ms after a packet to the disk.
constexpr auto kBetweenRounds = std::chrono::milliseconds(40);
constexpr std::size_t kEnough = 4096;  // batches; the queue's bound in bytes comes first
constexpr auto kBetweenReports = std::chrono::minutes(1);

using Batch = std::vector<JournalText>;

/// What one session has to be written in a round; views into the batches.
struct Joined {
    Uuid session;
    std::string_view path;
    std::vector<std::string_view> pieces;
    bool last = false;
};

/// Joins the texts of each session, in the order in which the sessions first come up.
std::vector<Joined> joined(const std::vector<Batch>& batches) {
    std::vector<Joined> sessions;
    std::unordered_map<Uuid, std::size_t> places;
    for (const Batch& batch : batches) {
        for (const JournalText& text : batch) {
            const auto [place, fresh] = places.try_emplace(text.session, sessions.size());
            if (fresh) {
                sessions.push_back({.session = text.session, .path = {}, .pieces = {}});
            }
            Joined& whole = sessions[place->second];
            const std::string_view own = text.text;
            if (text.shared) {
                whole.pieces.insert(whole.pieces.end(),
                                    {own.substr(0, text.sharedAt), *text.shared, own.substr(text.sharedAt)});
            } else {
                whole.pieces.push_back(own);
            }
            whole.last = whole.last || text.last;
            if (whole.path.empty()) {
                whole.path = text.path;
            }
        }
    }
    return sessions;
}

}  // namespace

class JournalWriter::Impl {
public:
    explicit Impl(JournalSettings settings)
        : settings_(std::move(settings)),
          folder_(runFolder(settings_.agentStart)),
          directory_(::open(settings_.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
          queue_(settings_.queued),
          files_(settings_.directory, settings_.openFiles),
          budget_(settings_) {}

    const JournalSettings& settings() const { return settings_; }
    const std::string& folder() const { return folder_; }
    bool full(std::size_t times) const { return queue_.full(times); }
    void close() { queue_.close(); }
    JournalView view() const {
        return view_.with([](const JournalView& view) { return view; });
    }

    RemovedLogs takeRemoved(bool last) {
        return removals_.with([last](Removals& removals) {
            removals.over = removals.over || last;
            return std::exchange(removals.untold, {});
        });
    }

    bool write(Batch texts) {
        std::size_t weight = 0;
        for (const JournalText& text : texts) {
            weight += text.text.size() + text.path.size() + sizeof text;
        }
        if (!queue_.push(std::move(texts), weight)) {
            return false;
        }
        ++handed_;
        return true;
    }

    void run() {
        bool counting = true;
        bool removing = false;
        for (;;) {
            const bool busy = counting || removing;
            auto batches = queue_.takeAll(1, {}, busy ? std::chrono::milliseconds(1) : kIdle);
            std::size_t written = 0;
            if (!batches.empty()) {
                takeWhatComes(batches);
                const std::vector<Joined> sessions = joined(batches);
                written = sessions.size();
                writeOut(sessions);
                tellWritten(batches.size());
            } else if (queue_.closed()) {
                break;
            }
            if (counting) {
                counting = budget_.countSome(written > 0 ? kCountedUnderLoad : kEntriesAtOnce);
            } else {  // keeping pace with what is written
                removing = keepBudget(kEntriesAtOnce + 2 * written);
            }
            report();
        }
        report();
    }

    void sync(std::chrono::milliseconds deadline) {
        const std::uint64_t handed = handed_;
        {
            std::unique_lock lock(mutex_);
            if (!writtenMore_.wait_for(lock, deadline, [&] { return written_ >= handed; })) {
                throw std::runtime_error("the journal is not written fast enough to be synced");
            }
        }
        if (::syncfs(directory_.number()) != 0) {
            throw std::runtime_error("cannot sync the journal's disk: " + std::generic_category().message(errno));
        }
    }

private:
    struct Removals {
        RemovedLogs untold;
        bool over = false;  // nothing is removed any more
    };

    bool keepBudget(std::size_t most) {
        const auto now = clock_.at(std::chrono::system_clock::now(), std::chrono::steady_clock::now());
        if (!budget_.over(now)) {
            return false;
        }
        const auto safeUntil = settings_.safeUntil ? settings_.safeUntil() : LogBudget::Time::min();
        return removals_.with([&](Removals& removals) {
            return !removals.over && budget_.removeSome(
                                         most, now, safeUntil,
                                         [this](const Uuid& session) { return files_.has(session); }, removals.untold);
        });
    }

    /// Waits for the time of the next round, and adds what comes until then.
    void takeWhatComes(std::vector<Batch>& batches) {
        std::ranges::move(queue_.takeAllAt(nextRound_, kEnough), std::back_inserter(batches));
        nextRound_ = std::chrono::steady_clock::now() + kBetweenRounds;
    }

    void writeOut(const std::vector<Joined>& sessions) {
        for (const Joined& each : sessions) {
            const auto outcome = files_.append(each.session, each.path, each.pieces, each.last);
            if (outcome.bytes > 0 || outcome.created) {
                budget_.add(outcome.path, outcome.bytes, outcome.created);
            }
            incomplete_ += outcome.incomplete ? 1 : 0;
            if (outcome.error != 0 && !std::exchange(refused_, true)) {
                log::error("journal: cannot write a log below " + settings_.directory + ": " +
                           std::generic_category().message(outcome.error) +
                           "; its records are kept in the spool. Further refusals are counted, not logged");
            }
        }
    }

    void tellWritten(std::size_t batches) {
        {
            const std::lock_guard lock(mutex_);
            written_ += batches;
        }
        writtenMore_.notify_all();
    }

    void report() {
        JournalView now;
        budget_.show(now);
        now.incomplete = incomplete_;
        view_.with([&](JournalView& view) { view = now; });
        const auto clock = std::chrono::steady_clock::now();
        if (now.removed > reported_.removed && clock >= nextReport_) {
            nextReport_ = clock + kBetweenReports;
            log::warn("journal: a budget is used up; " + std::to_string(now.removed - reported_.removed) +
                      " of the oldest logs were removed, " + std::to_string(now.removedEarly - reported_.removedEarly) +
                      " of them before the collector had acknowledged their records");
            reported_ = now;
        }
    }

    const JournalSettings settings_;
    const std::string folder_;
    const Descriptor directory_;
    BoundedQueue<Batch> queue_;
    std::atomic<std::uint64_t> handed_{0};  // batches
    std::mutex mutex_;
    std::condition_variable writtenMore_;
    std::uint64_t written_ = 0;  // batches; guarded by mutex_
    Guarded<JournalView> view_;
    Guarded<Removals> removals_;

    // Of the writing thread.
    LogFiles files_;
    LogBudget budget_;
    SettledClock clock_;
    std::uint64_t incomplete_ = 0;
    bool refused_ = false;
    std::chrono::steady_clock::time_point nextRound_;
    JournalView reported_;
    std::chrono::steady_clock::time_point nextReport_;
};

Result<std::unique_ptr<JournalWriter>> JournalWriter::open(JournalSettings settings) {
    while (settings.directory.size() > 1 && settings.directory.ends_with('/')) {
        settings.directory.pop_back();
    }
    std::error_code error;
    std::filesystem::create_directories(settings.directory + '/' + runFolder(settings.agentStart), error);
    if (error) {
        return Error{"cannot make the journal's folder " + settings.directory + ": " + error.message() +
                     "; choose one that the agent's user may write"};
    }
    return std::unique_ptr<JournalWriter>(new JournalWriter(std::make_unique<Impl>(std::move(settings))));
}

JournalWriter::JournalWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JournalWriter::~JournalWriter() = default;

const std::string& JournalWriter::directory() const {
    return impl_->settings().directory;
}

const std::string& JournalWriter::folder() const {
    return impl_->folder();
}

bool JournalWriter::write(std::vector<JournalText> texts) {
    return impl_->write(std::move(texts));
}

bool JournalWriter::full(std::size_t times) const {
    return impl_->full(times);
}

void JournalWriter::run() {
    impl_->run();
}

void JournalWriter::close() {
    impl_->close();
}

void JournalWriter::sync(std::chrono::milliseconds deadline) {
    impl_->sync(deadline);
}

JournalView JournalWriter::view() const {
    return impl_->view();
}

RemovedLogs JournalWriter::takeRemoved(bool last) {
    return impl_->takeRemoved(last);
}

}  // namespace apiary::agent
