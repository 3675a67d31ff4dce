#include "agent/journal/log_budget.hpp"

#include "agent/journal/journal_format.hpp"

#include <algorithm>
#include <charconv>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace apiary::agent {
namespace {

namespace fs = std::filesystem;

/// `<run>/<day>/<hour>` of a path below the directory; empty if it is not of that shape.
std::string hourOf(std::string_view path) {
    std::size_t end = 0;
    for (int slashes = 0; slashes < 3; ++slashes) {
        end = path.find('/', end + 1);
        if (end == std::string_view::npos) {
            return {};
        }
    }
    return std::string(path.substr(0, end));
}

/// A number of a path, written with leading zeros; -1 if it is none.
int numberAt(std::string_view text, std::size_t at, std::size_t length) {
    int number = -1;
    if (text.size() >= at + length) {
        std::from_chars(text.data() + at, text.data() + at + length, number);
    }
    return number;
}

/// When the hour began that `<run>/<day>/<hour>` is named after; nothing if somebody else named it.
std::optional<LogBudget::Time> timeOf(std::string_view folder) {
    using namespace std::chrono;
    const std::size_t day = folder.find('/') + 1;  // of 2017-04-18/10
    const year_month_day date{year(numberAt(folder, day, 4)),
                              month(static_cast<unsigned>(numberAt(folder, day + 5, 2))),
                              std::chrono::day(static_cast<unsigned>(numberAt(folder, day + 8, 2)))};
    const int hour = numberAt(folder, day + 11, 2);
    return date.ok() && hour >= 0 && hour < 24 ? std::optional<LogBudget::Time>(sys_days(date) + hours(hour))
                                               : std::nullopt;
}

/// The session whose log has that name.
std::optional<Uuid> sessionOf(std::string_view path) {
    const std::size_t at = path.rfind('_');
    return at == std::string_view::npos ? std::nullopt : Uuid::parse(path.substr(at + 1, 36));
}

/// What the time of a file may lag behind the clock that records are stamped with.
constexpr std::chrono::milliseconds kCoarse{10};

/// Calls `use` with each entry below a folder; what cannot be read is left out.
template <typename Iterator, typename Use>
void forEach(const fs::path& folder, Use&& use) {
    std::error_code error;
    for (Iterator at(folder, error); !error && at != Iterator(); at.increment(error)) {
        use(*at);
    }
}

std::string_view nameOf(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

}  // namespace

LogBudget::LogBudget(const JournalSettings& settings) : settings_(settings), ownRun_(runFolder(settings.agentStart)) {
    forEach<fs::directory_iterator>(settings_.directory, [this](const fs::directory_entry& entry) {
        std::error_code none;
        if (entry.is_directory(none) && entry.path().filename() != ownRun_) {
            runs_.push_back(entry.path());
        }
    });
    std::ranges::sort(runs_);
}

void LogBudget::add(std::string_view path, std::uint64_t bytes, bool created) {
    Folder& folder = folders_[hourOf(path)];
    folder.files += created ? 1 : 0;
    folder.bytes += bytes;
    view_.files += created ? 1 : 0;
    view_.bytes += bytes;
}

bool LogBudget::countSome(std::size_t entries) {
    std::error_code error;
    const std::size_t prefix = settings_.directory.size() + 1;
    for (; entries > 0; --entries) {
        if (!counting_ || *counting_ == fs::recursive_directory_iterator()) {
            if (runs_.empty()) {
                counting_.reset();
                view_.counted = true;
                return false;
            }
            counting_.emplace(runs_.front(), error);
            runs_.pop_front();
            continue;
        }
        const fs::directory_entry& entry = **counting_;
        if (entry.is_regular_file(error)) {
            const std::uintmax_t size = entry.file_size(error);
            const std::string path = entry.path().string().substr(prefix);
            if (!error && !hourOf(path).empty()) {
                add(path, size, true);
            }
        }
        counting_->increment(error);
        if (error) {
            counting_.reset();
        }
    }
    return true;
}

bool LogBudget::over(Time now) const {
    return tooMany() || (!folders_.empty() && tooOld(folders_.begin()->first, now));
}

/// The whole of an hour's logs is too old when the last of them is.
bool LogBudget::tooOld(std::string_view folder, Time now) const {
    const auto hour = settings_.age.count() > 0 ? timeOf(folder) : std::nullopt;
    return hour && *hour + std::chrono::hours(1) + settings_.age <= now;
}

bool LogBudget::removeSome(std::size_t most, Time now, Time safeUntil, const std::function<bool(const Uuid&)>& busy,
                           RemovedLogs& gone) {
    for (; over(now) && most > 0; --most) {
        const bool listed = !victims_.empty() && (tooMany() || tooOld(listed_, now));
        if (!listed && !list(now, busy)) {
            return false;
        }
        remove(victims_.front(), safeUntil, gone);
        victims_.pop_front();
        if (victims_.empty()) {
            tidy(listed_);
        }
    }
    return over(now);
}

bool LogBudget::list(Time now, const std::function<bool(const Uuid&)>& busy) {
    victims_.clear();
    for (auto at = folders_.begin(); at != folders_.end();) {
        const auto& [folder, counts] = *at;
        if (!tooMany() && !tooOld(folder, now)) {
            return false;
        }
        bool any = false;
        const auto consider = [&](const fs::directory_entry& entry) {
            std::error_code none;
            if (entry.is_regular_file(none)) {
                any = true;
                const std::string path = entry.path().string().substr(settings_.directory.size() + 1);
                const auto session = sessionOf(path);
                if (!session || !busy(*session)) {
                    victims_.push_back(path);
                }
            }
        };
        forEach<fs::recursive_directory_iterator>(fs::path(settings_.directory) / folder, consider);
        if (!victims_.empty()) {
            std::ranges::sort(victims_, {}, nameOf);
            listed_ = folder;
            return true;
        }
        if (any) {
            ++at;
        } else {  // somebody else removed them
            view_.files -= std::min(view_.files, counts.files);
            view_.bytes -= std::min(view_.bytes, counts.bytes);
            at = folders_.erase(at);
        }
    }
    return false;
}

void LogBudget::remove(const std::string& path, Time safeUntil, RemovedLogs& gone) {
    std::uint64_t JournalView::*const total = view_.bytes > settings_.bytes   ? &JournalView::removedForBytes
                                              : view_.files > settings_.files ? &JournalView::removedForFiles
                                                                              : &JournalView::removedForAge;
    std::uint64_t RemovedLogs::*const reason = view_.bytes > settings_.bytes   ? &RemovedLogs::forBytes
                                               : view_.files > settings_.files ? &RemovedLogs::forFiles
                                                                               : &RemovedLogs::forAge;
    const std::string whole = settings_.directory + '/' + path;
    struct stat status {};
    const bool removed = ::stat(whole.c_str(), &status) == 0 && ::unlink(whole.c_str()) == 0;
    if (!removed) {  // somebody else did
        status.st_size = 0;
    }
    const Time written = std::chrono::system_clock::from_time_t(status.st_mtim.tv_sec) +
                         std::chrono::duration_cast<Time::duration>(std::chrono::nanoseconds(status.st_mtim.tv_nsec));
    const bool early = written + kCoarse >= safeUntil;
    const auto size = static_cast<std::uint64_t>(status.st_size);
    Folder& folder = folders_[listed_];
    folder.files -= std::min<std::uint64_t>(folder.files, 1);
    folder.bytes -= std::min(folder.bytes, size);
    view_.files -= std::min<std::uint64_t>(view_.files, 1);
    view_.bytes -= std::min(view_.bytes, size);
    if (!removed) {
        return;
    }
    ++view_.removed;
    ++(view_.*total);
    view_.removedEarly += early ? 1 : 0;
    view_.removedBytes += size;
    const auto session = sessionOf(path);
    const Time began = session ? session->time() : written;
    gone.from = gone.files == 0 ? began : std::min(gone.from, began);
    gone.to = gone.files == 0 ? began : std::max(gone.to, began);
    ++gone.files;
    gone.bytes += size;
    gone.early += early ? 1 : 0;
    ++(gone.*reason);
}

void LogBudget::tidy(const std::string& folder) {
    const fs::path whole = fs::path(settings_.directory) / folder;
    std::vector<fs::path> inside;
    forEach<fs::directory_iterator>(whole, [&](const fs::directory_entry& entry) { inside.push_back(entry.path()); });
    for (const fs::path& protocol : inside) {
        ::rmdir(protocol.c_str());  // fails while a log is in it, as it should
    }
    if (::rmdir(whole.c_str()) == 0) {
        folders_.erase(folder);
        ::rmdir(whole.parent_path().c_str());
        ::rmdir(whole.parent_path().parent_path().c_str());
    }
}

void LogBudget::show(JournalView& view) const {
    view.files = view_.files;
    view.bytes = view_.bytes;
    view.counted = view_.counted;
    view.removed = view_.removed;
    view.removedEarly = view_.removedEarly;
    view.removedBytes = view_.removedBytes;
    view.removedForBytes = view_.removedForBytes;
    view.removedForFiles = view_.removedForFiles;
    view.removedForAge = view_.removedForAge;
    view.oldest = folders_.empty() ? std::nullopt : timeOf(folders_.begin()->first);
}

}  // namespace apiary::agent
