#pragma once

#include "agent/journal/journal.hpp"
#include "agent/journal/removal_list.hpp"
#include "common/uuid.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace apiary::agent {

/// Counts the logs, by the hour's folder, and removes the oldest when there are too many or they are too old. Belongs
/// to one thread.
///
/// Only counts are held, not names: a folder is listed when its turn to go has come. What was removed is noted in a
/// small file, see RemovalList.
class LogBudget {
public:
    using Time = std::chrono::system_clock::time_point;

    explicit LogBudget(const JournalSettings& settings);

    /// Bytes were written to a log at `path`, which is new or not.
    void add(std::string_view path, std::uint64_t bytes, bool created);

    /// Counts some of the logs of earlier runs; true while there are more.
    bool countSome(std::size_t entries);

    /// Whether a budget is passed, by bytes, files or age.
    bool over(Time now) const;

    /// Removes up to `most` logs if a budget is passed, none that `busy` claims, and adds them to `gone`; true while it
    /// still is passed and something can be done about it. What was written last before `safeUntil` is acknowledged.
    bool removeSome(std::size_t most, Time now, Time safeUntil, const std::function<bool(const Uuid&)>& busy,
                    RemovedLogs& gone);

    /// Fills in what is known here: files, bytes, counted, removed.
    void show(JournalView& view) const;

private:
    struct Folder {
        std::uint64_t files = 0;
        std::uint64_t bytes = 0;
    };

    bool tooMany() const { return view_.files > settings_.files || view_.bytes > settings_.bytes; }
    bool tooOld(std::string_view folder, Time now) const;
    void noteSome();
    bool list(Time now, const std::function<bool(const Uuid&)>& busy);
    void remove(const std::string& path, Time safeUntil, RemovedLogs& gone);
    void tidy(const std::string& folder);

    JournalSettings settings_;
    std::string ownRun_;
    RemovalList removed_;
    std::map<std::string, Folder> folders_;  // <run>/<day>/<hour>: the oldest first
    std::deque<std::filesystem::path> runs_;
    std::optional<std::filesystem::recursive_directory_iterator> counting_;
    std::string listed_;               // the folder whose logs are up for removal
    std::deque<std::string> victims_;  // its logs, the oldest first, below the directory
    std::size_t noted_ = 0;            // of these, as removed
    JournalView view_;
};

}  // namespace apiary::agent
