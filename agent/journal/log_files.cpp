#include "agent/journal/log_files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <filesystem>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kFolders = 32;
constexpr std::size_t kPieces = 64;  // of a log, handed to the kernel at once

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
}

Descriptor::~Descriptor() {
    if (number_ >= 0) {
        ::close(number_);
    }
}

LogFiles::LogFiles(std::string directory, std::size_t most) : directory_(std::move(directory)), most_(most) {}

LogFiles::Outcome LogFiles::append(const Uuid& session, std::string_view path, std::span<const std::string_view> text,
                                   bool last) {
    Outcome outcome;
    const auto known = logs_.find(session);
    if (known == logs_.end() && path.empty()) {
        return outcome;  // of a session without a log
    }
    if (known == logs_.end() && last) {  // whole in one go: never in the table
        Log log;
        log.path = path;
        outcome.error = openFile(log.path, log.file);
        outcome.created = outcome.error == 0;
        if (outcome.error == 0) {
            outcome.error = write(log, text, outcome);
        }
        log.failed = outcome.error != 0;
        finish(log, outcome);
        outcome.path = std::move(log.path);
        return outcome;
    }
    Log& log = known != logs_.end() ? known->second : logs_[session];
    if (known == logs_.end()) {
        log.path = path;
    }
    const bool any = std::ranges::any_of(text, [](std::string_view piece) { return !piece.empty(); });
    if (!log.failed && any) {
        outcome.error = reopen(session, log);
        outcome.created = outcome.error == 0 && !std::exchange(log.created, true);
        if (outcome.error == 0) {
            outcome.error = write(log, text, outcome);
        }
        log.failed = outcome.error != 0;
    }
    outcome.path = log.path;
    if (last) {
        letGo(log);
        finish(log, outcome);
        logs_.erase(session);
    }
    return outcome;
}

int LogFiles::write(const Log& log, std::span<const std::string_view> text, Outcome& outcome) {
    std::array<iovec, kPieces> due{};
    std::size_t count = 0;
    std::size_t next = 0;
    for (;;) {
        for (; count < due.size() && next < text.size(); ++next) {
            if (!text[next].empty()) {
                due.at(count++) = {const_cast<char*>(text[next].data()), text[next].size()};  // writev() only reads
            }
        }
        if (count == 0) {
            return 0;
        }
        const ssize_t wrote = ::writev(log.file.number(), due.data(), static_cast<int>(count));
        if (wrote < 0 && errno != EINTR) {
            return errno;
        }
        outcome.bytes += static_cast<std::uint64_t>(std::max<ssize_t>(wrote, 0));
        auto left = static_cast<std::size_t>(std::max<ssize_t>(wrote, 0));
        std::size_t done = 0;
        for (; done < count && left >= due.at(done).iov_len; ++done) {
            left -= due.at(done).iov_len;
        }
        std::copy(due.begin() + static_cast<std::ptrdiff_t>(done), due.begin() + static_cast<std::ptrdiff_t>(count),
                  due.begin());
        count -= done;
        if (left > 0) {
            due.front() = {static_cast<char*>(due.front().iov_base) + left, due.front().iov_len - left};
        }
    }
}

int LogFiles::reopen(const Uuid& session, Log& log) {
    if (log.file.open()) {
        uses_.splice(uses_.begin(), uses_, log.use);
        return 0;
    }
    while (uses_.size() >= most_ && !uses_.empty()) {
        letGo(logs_.at(uses_.back()));
    }
    int error = openFile(log.path, log.file);
    while ((error == EMFILE || error == ENFILE) && !uses_.empty()) {
        letGo(logs_.at(uses_.back()));
        error = openFile(log.path, log.file);
    }
    if (error == 0) {
        uses_.push_front(session);
        log.use = uses_.begin();
    }
    return error;
}

int LogFiles::openFile(const std::string& path, Descriptor& file) {
    const std::size_t slash = path.rfind('/');
    const std::string under = path.substr(0, slash);
    for (const bool again : {true, false}) {
        const int parent = folder(under);
        if (parent < 0) {
            return errno;
        }
        file = Descriptor(::openat(parent, path.c_str() + slash + 1, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
        if (file.open() || errno != ENOENT || !again) {
            break;
        }
        folders_.erase(under);  // it was removed under us
    }
    return file.open() ? 0 : errno;
}

int LogFiles::folder(const std::string& path) {
    if (const auto known = folders_.find(path); known != folders_.end()) {
        return known->second.number();
    }
    std::error_code error;
    const std::filesystem::path whole = std::filesystem::path(directory_) / path;
    std::filesystem::create_directories(whole, error);
    if (error) {
        errno = error.value();
        return -1;
    }
    if (folders_.size() >= kFolders) {
        folders_.clear();
    }
    Descriptor opened(::open(whole.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened.open()) {
        return -1;
    }
    return folders_.emplace(path, std::move(opened)).first->second.number();
}

void LogFiles::letGo(Log& log) {
    if (log.file.open()) {
        uses_.erase(log.use);
        const Descriptor closing = std::move(log.file);
    }
}

void LogFiles::finish(Log& log, Outcome& outcome) const {
    outcome.incomplete = log.failed;
    if (log.failed) {
        std::error_code none;
        const std::filesystem::path whole = std::filesystem::path(directory_) / log.path;
        std::filesystem::rename(whole, whole.string() + ".incomplete", none);
    }
}

}  // namespace apiary::agent
