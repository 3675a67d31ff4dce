#include "agent/journal/journal_repair.hpp"

#include "agent/journal/journal_format.hpp"
#include "agent/journal/log_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace apiary::agent {
namespace {

namespace fs = std::filesystem;

void check(bool done, const std::string& path) {
    if (!done) {
        throw std::system_error(errno, std::generic_category(), path);
    }
}

std::string contentOf(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, int flags, std::string_view text, bool synced) {
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0640));
    check(file.open(), path);
    while (!text.empty()) {
        const ssize_t wrote = ::write(file.number(), text.data(), text.size());
        check(wrote >= 0 || errno == EINTR, path);
        text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(wrote, 0)));
    }
    check(!synced || ::fsync(file.number()) == 0, path);
}

}  // namespace

std::optional<std::string> findLog(const std::string& directory, std::string_view protocol, const Endpoint& source,
                                   const Uuid& session) {
    std::vector<std::string> runs;
    std::error_code none;
    for (fs::directory_iterator at(directory, none); !none && at != fs::directory_iterator(); at.increment(none)) {
        runs.push_back(at->path().filename());
    }
    // Most likely in the run that began last before the session did.
    std::ranges::sort(runs, std::greater<>());
    const std::string stamp = runFolder(session.time());
    std::stable_partition(runs.begin(), runs.end(), [&](const std::string& run) { return run <= stamp; });
    const std::string below = sessionPath(protocol, source, session);
    for (const std::string& run : runs) {
        std::string path = run;
        path.append(1, '/').append(below);
        if (fs::exists(fs::path(directory) / path, none)) {
            return path;
        }
    }
    return std::nullopt;
}

std::string wholeLines(const std::string& directory, const std::string& path) {
    std::string text = contentOf(fs::path(directory) / path);
    text.resize(text.rfind('\n') + 1);  // npos + 1 is 0
    return text;
}

void completeLog(const std::string& directory, const std::string& path, std::string_view text) {
    const fs::path whole = fs::path(directory) / path;
    const std::string present = contentOf(whole);
    if (fs::exists(whole) && text.starts_with(present)) {
        write(whole, O_APPEND, text.substr(present.size()), false);
        return;
    }
    fs::create_directories(whole.parent_path());
    const fs::path aside = whole.string() + ".new";
    write(aside, O_TRUNC, text, true);
    fs::rename(aside, whole);
}

}  // namespace apiary::agent
