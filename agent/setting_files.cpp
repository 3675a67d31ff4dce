#include "agent/setting_files.hpp"

#include "common/config/toml.hpp"
#include "common/text/escape.hpp"
#include "common/text/units.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sys/stat.h>
#include <system_error>
#include <utility>

namespace apiary::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFileKey = "_file";
constexpr std::size_t kErrorsShown = 8;

std::string reasonOf(int code) {
    return std::generic_category().message(code);
}

FileTime modifiedAt(const fs::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        return {};
    }
    return FileTime(std::chrono::seconds(status.st_mtim.tv_sec) +
                    std::chrono::microseconds(status.st_mtim.tv_nsec / 1000));
}

/// Takes what is allowed from a budget that all files of a setting share.
class Reader {
public:
    explicit Reader(const ReadingBounds& bounds)
        : bounds_(bounds), filesLeft_(bounds.files), bytesLeft_(bounds.bytes) {}

    std::optional<std::string> countOne() {
        if (filesLeft_ == 0) {
            return "there are more than " + std::to_string(bounds_.files) + " files and folders; name a smaller folder";
        }
        --filesLeft_;
        return std::nullopt;
    }

    /// `shown` is its name in messages.
    Result<FileRead> file(const fs::path& path, const std::string& shown) {
        errno = 0;
        std::ifstream in(path, std::ios::binary | std::ios::ate);
        const auto size = in.is_open() ? static_cast<std::streamoff>(in.tellg()) : std::streamoff{-1};
        if (size < 0) {
            return Error{shown + " cannot be read: " + reasonOf(errno)};
        }
        if (static_cast<std::uint64_t>(size) > bytesLeft_) {
            return Error{shown + " does not fit: all files together may have " + sizeText(bounds_.bytes) +
                         "; leave some out"};
        }
        std::string content(static_cast<std::size_t>(size), '\0');
        in.seekg(0);
        in.read(content.data(), size);
        if (in.gcount() != size) {
            return Error{shown + " cannot be read: " + reasonOf(errno == 0 ? EIO : errno)};
        }
        bytesLeft_ -= static_cast<std::uint64_t>(size);
        return FileRead{std::make_shared<const std::string>(std::move(content)), modifiedAt(path)};
    }

private:
    ReadingBounds bounds_;
    std::size_t filesLeft_;
    std::uint64_t bytesLeft_;
};

std::string shownPath(const fs::path& path) {
    return "'" + escapeCut(path.string(), 200) + "'";
}

/// The real path behind `path` if it lies in `folder`, which is a real path itself.
std::optional<fs::path> within(const fs::path& folder, const fs::path& path) {
    std::error_code error;
    const fs::path real = fs::canonical(path, error);
    const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), real.begin(), real.end());
    return error || end != folder.end() ? std::nullopt : std::optional(real);
}

class FolderReader {
public:
    FolderReader(fs::path root, const ReadingBounds& bounds) : root_(std::move(root)), reader_(bounds) {}

    Result<FolderRead> read() {
        std::vector<std::string> waiting{"/"};
        while (!waiting.empty()) {
            const std::string folder = std::move(waiting.back());
            waiting.pop_back();
            found_[folder] = {nullptr, modifiedAt(root_ / folder.substr(1))};
            std::error_code error;
            for (fs::directory_iterator it(root_ / folder.substr(1), error); !error && it != fs::directory_iterator();
                 it.increment(error)) {
                if (const auto wrong = take(*it, folder, waiting)) {
                    return Error{*wrong};
                }
            }
            if (error) {
                return Error{shownPath(root_ / folder.substr(1)) + " cannot be read: " + error.message()};
            }
        }
        return std::move(found_);
    }

private:
    std::optional<std::string> take(const fs::directory_entry& entry, const std::string& folder,
                                    std::vector<std::string>& waiting) {
        const std::string path = folder + entry.path().filename().string();
        if (auto wrong = reader_.countOne()) {
            return wrong;
        }
        std::error_code error;
        const fs::file_type type = entry.symlink_status(error).type();
        if (type == fs::file_type::directory) {
            waiting.push_back(path + '/');
            return std::nullopt;
        }
        fs::path target = entry.path();
        if (type == fs::file_type::symlink) {
            const auto real = within(root_, target);
            if (!real || !fs::is_regular_file(*real, error)) {
                return shownPath(target) +
                       " is a symbolic link that does not lead to a file of the same folder; "
                       "put a copy in its place, or remove it";
            }
            target = *real;
        } else if (type != fs::file_type::regular) {
            return shownPath(target) + " is neither a file nor a folder; remove it";
        }
        auto file = reader_.file(target, shownPath(entry.path()));
        if (!file) {
            return file.error();
        }
        found_.insert_or_assign(path, *std::move(file));
        return std::nullopt;
    }

    fs::path root_;
    Reader reader_;
    FolderRead found_;
};

/// What stands in for a value "..._file": the file itself.
Result<FileRead> namedFile(const std::string& tablesFile, const std::string& name, Reader& reader) {
    std::error_code error;
    fs::path folder = fs::path(tablesFile).parent_path();
    folder = fs::canonical(folder.empty() ? "." : folder, error);
    const auto real = within(folder, folder / name);
    if (!real || !fs::is_regular_file(*real, error)) {
        return Error{"must name a file in the folder of this one; there is no " + shownPath(name)};
    }
    return reader.file(*real, shownPath(name));
}

TableRead readTable(const std::string& file, const std::string& name, const TomlTable& table, Reader& reader) {
    TableRead read{name, table.line(), {}};
    for (TomlValue& value : table.values()) {
        ValueRead& kept = read.values[value.key];
        kept.line = value.line;
        std::visit([&](auto& content) { kept.value = std::move(content); }, value.value);
        const auto* path = std::get_if<std::string>(&kept.value);
        if (!value.key.ends_with(kFileKey) || path == nullptr) {
            continue;
        }
        if (auto content = namedFile(file, *path, reader)) {
            kept.value = *std::move(content);
        } else {
            table.complain(value, content.error());
        }
    }
    return read;
}

std::string joined(const std::vector<std::string>& errors) {
    std::string text;
    for (std::size_t i = 0; i < std::min(errors.size(), kErrorsShown); ++i) {
        text += (i == 0 ? "" : "; ") + errors[i];
    }
    return errors.size() <= kErrorsShown ? text
                                         : text + "; and " + std::to_string(errors.size() - kErrorsShown) + " more";
}

}  // namespace

Result<FolderRead> readFolder(const std::string& path, const ReadingBounds& bounds) {
    std::error_code error;
    const fs::path root = fs::canonical(path, error);
    if (error || !fs::is_directory(root, error)) {
        return Error{shownPath(path) + (error ? " cannot be read: " + error.message() : " is not a folder")};
    }
    return FolderReader(root, bounds).read();
}

Result<TablesRead> readTables(const std::string& path, const ReadingBounds& bounds) {
    TomlFile file = TomlFile::read(path);
    TablesRead read{path, {}};
    Reader reader(bounds);
    const TomlTable root = file.root();
    for (const std::string& name : root.keys()) {
        for (const TomlTable& table : root.tables(name)) {
            read.tables.push_back(readTable(path, name, table, reader));
        }
    }
    if (const auto errors = file.finish(); !errors.empty()) {
        return Error{joined(errors)};
    }
    std::ranges::sort(read.tables, {}, &TableRead::line);
    return read;
}

}  // namespace apiary::agent
