#include "collector/pki/durable_file.hpp"

#include "common/crypto/digest.hpp"
#include "common/uuid.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace apiary::collector {
namespace {

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path) {
    throw std::system_error(errno, std::generic_category(), "cannot " + what + " '" + path.string() + "'");
}

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    int get() const { return fd_; }

private:
    int fd_;
};

void writeAll(int fd, std::string_view content, const std::filesystem::path& path) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno != EINTR) {
            fail("write", path);
        }
        content.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
}

void syncDirectory(const std::filesystem::path& directory) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): that is how open() is declared
    const Descriptor folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() < 0 || ::fsync(folder.get()) != 0) {
        fail("sync the directory", directory);
    }
}

std::filesystem::path directoryOf(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

}  // namespace

void writeDurably(const std::filesystem::path& path, std::string_view content, mode_t mode) {
    auto temporary = path;
    temporary += "." + Uuid::v4(randomBytes<16>()).text();
    try {
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): that is how open() is declared
        const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
        if (file.get() < 0) {
            fail("create", temporary);
        }
        writeAll(file.get(), content, temporary);
        if (::fchmod(file.get(), mode) != 0 || ::fsync(file.get()) != 0) {
            fail("sync", temporary);
        }
        if (::rename(temporary.c_str(), path.c_str()) != 0) {
            fail("replace", path);
        }
    } catch (const std::system_error&) {
        ::unlink(temporary.c_str());
        throw;
    }
    syncDirectory(directoryOf(path));
}

void ensurePrivateDirectory(const std::filesystem::path& directory) {
    if (std::filesystem::is_directory(directory)) {
        return;
    }
    if (directory.has_parent_path()) {
        std::filesystem::create_directories(directory.parent_path());
    }
    if (::mkdir(directory.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
        fail("make the directory", directory);
    }
    syncDirectory(directoryOf(directory));
}

}  // namespace apiary::collector
