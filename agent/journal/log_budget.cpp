#include "agent/journal/log_budget.hpp"

#include "agent/journal/journal_format.hpp"

#include <algorithm>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace apiary::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNotedAtOnce = 64;

/// The session whose log has that name.
std::optional<Uuid> sessionOf(std::string_view path) {
    const std::size_t at = path.rfind('_');
    return at == std::string_view::npos ? std::nullopt : Uuid::parse(path.substr(at + 1, 36));
}

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

LogBudget::LogBudget(const JournalSettings& settings)
    : settings_(settings), ownRun_(runFolder(settings.agentStart)), removed_(settings.directory) {
    forEach<fs::directory_iterator>(settings_.directory, [this](const fs::directory_entry& entry) {
        std::error_code none;
        if (entry.is_directory(none) && entry.path().filename() != ownRun_) {
            runs_.push_back(entry.path());
        }
    });
    std::ranges::sort(runs_);
}

void LogBudget::add(std::string_view path, std::uint64_t bytes, bool created) {
    Folder& folder = folders_[hourFolder(path)];
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
            if (!error && !hourFolder(path).empty()) {
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

bool LogBudget::removeSome(std::size_t most, const std::function<bool(const Uuid&)>& busy) {
    const auto safeUntil =
        over() && settings_.safeUntil ? settings_.safeUntil() : std::chrono::system_clock::time_point::min();
    while (over() && most > 0) {
        if (victims_.empty() && !list(busy)) {
            return false;
        }
        if (noted_ == 0) {
            noteSome();
        }
        remove(victims_.front(), safeUntil);
        victims_.pop_front();
        --noted_;
        --most;
        if (victims_.empty()) {
            tidy(listed_);
        }
    }
    return over();
}

/// Notes some of those whose turn comes next: a write for each would cost as much as its removal.
void LogBudget::noteSome() {
    noted_ = std::min(victims_.size(), kNotedAtOnce);
    std::string names;
    for (std::size_t i = 0; i < noted_; ++i) {
        names.append(victims_[i]).append(1, '\n');
    }
    removed_.add(names);
}

bool LogBudget::list(const std::function<bool(const Uuid&)>& busy) {
    for (auto at = folders_.begin(); at != folders_.end();) {
        const auto& [folder, counts] = *at;
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

void LogBudget::remove(const std::string& path, std::chrono::system_clock::time_point safeUntil) {
    const std::string whole = settings_.directory + '/' + path;
    struct stat status {};
    if (::stat(whole.c_str(), &status) != 0 || ::unlink(whole.c_str()) != 0) {
        status.st_size = 0;
    }
    const auto written = std::chrono::system_clock::from_time_t(status.st_mtim.tv_sec);
    const bool early = written >= safeUntil;
    const auto size = static_cast<std::uint64_t>(status.st_size);
    Folder& folder = folders_[listed_];
    folder.files -= std::min<std::uint64_t>(folder.files, 1);
    folder.bytes -= std::min(folder.bytes, size);
    view_.files -= std::min<std::uint64_t>(view_.files, 1);
    view_.bytes -= std::min(view_.bytes, size);
    ++view_.removed;
    view_.removedEarly += early ? 1 : 0;
    view_.removedBytes += size;
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
        removed_.folderGone(folder);
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
}

}  // namespace apiary::agent
