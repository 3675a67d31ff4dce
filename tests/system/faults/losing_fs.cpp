// losing_fs FOLDER MOUNTPOINT: a file system over FOLDER in which what was not synced lives in this process alone.
// Killed with SIGKILL it is a power cut: unsynced data is gone. With TEAR=SEED in the environment SIGTERM first writes
// back a random half of the unsynced blocks, as a disk that had begun with some of them. Directory operations are
// durable at once. One thread. The attribute user.fail of MOUNTPOINT, "write 3 5", lets the third write from now on
// fail with error 5; so do open and fsync. user.failed is how many have failed since it was set, 0 or 1. To set
// user.syncfs on anything is to sync all, an fsync among those that may fail: FUSE is not told of syncfs(), see
// losing_syncfs.cpp.

#define FUSE_USE_VERSION 31
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace {

constexpr off_t kBlock = 4096;
using Block = std::array<char, kBlock>;

/// A file that was opened once: what it holds on the disk, and what came since it was synced last.
struct File {
    explicit File(int opened) : descriptor(opened) {
        struct stat status {};
        ::fstat(descriptor, &status);
        size = status.st_size;
    }
    ~File() { ::close(descriptor); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    Block& block(off_t number) {
        const auto [found, fresh] = unsynced.try_emplace(number);
        if (fresh) {
            found->second.fill(0);
            if (::pread(descriptor, found->second.data(), kBlock, number * kBlock) < 0) {
                found->second.fill(0);
            }
        }
        return found->second;
    }

    bool writeBack(off_t number) const {
        const off_t at = number * kBlock;
        const auto length = static_cast<std::size_t>(std::clamp<off_t>(size - at, 0, kBlock));
        return ::pwrite(descriptor, unsynced.at(number).data(), length, at) == static_cast<ssize_t>(length);
    }

    int descriptor;
    off_t size = 0;
    std::map<off_t, Block> unsynced;
};

std::string root;
std::map<std::string, std::shared_ptr<File>> files;
const char* tear = nullptr;

/// The call that is to fail.
struct Failing {
    std::string call;
    long left = 0;
    int error = 0;
    int failed = 0;
};
Failing failing;

bool fails(std::string_view call) {
    if (failing.call != call || failing.left <= 0 || --failing.left > 0) {
        return false;
    }
    ++failing.failed;
    return true;
}

std::string real(const char* path) {
    return root + path;
}

int result(int done) {
    return done < 0 ? -errno : 0;
}

std::shared_ptr<File> known(const char* path) {
    const auto found = files.find(path);
    return found == files.end() ? nullptr : found->second;
}

int openFile(const char* path, int flags, mode_t mode) {
    if (known(path)) {
        return 0;
    }
    const int descriptor = ::open(real(path).c_str(), (flags & O_CREAT) | O_RDWR, mode);
    if (descriptor < 0) {
        return -errno;
    }
    files[path] = std::make_shared<File>(descriptor);
    return 0;
}

int attributes(const char* path, struct stat* status, fuse_file_info*) {
    if (::lstat(real(path).c_str(), status) < 0) {
        return -errno;
    }
    if (const auto file = known(path)) {
        status->st_size = file->size;
    }
    return 0;
}

int list(const char* path, void* buffer, fuse_fill_dir_t fill, off_t, fuse_file_info*, fuse_readdir_flags) {
    DIR* folder = ::opendir(real(path).c_str());
    if (folder == nullptr) {
        return -errno;
    }
    while (const dirent* entry = ::readdir(folder)) {
        fill(buffer, entry->d_name, nullptr, 0, fuse_fill_dir_flags{});
    }
    ::closedir(folder);
    return 0;
}

int openPath(const char* path, fuse_file_info*) {
    return fails("open") ? -failing.error : openFile(path, 0, 0);
}

int create(const char* path, mode_t mode, fuse_file_info*) {
    return fails("open") ? -failing.error : openFile(path, O_CREAT, mode);
}

int readAt(const char* path, char* out, std::size_t length, off_t at, fuse_file_info*) {
    const auto file = known(path);
    if (!file) {
        return -EBADF;
    }
    if (at >= file->size) {
        return 0;
    }
    length = std::min(length, static_cast<std::size_t>(file->size - at));
    for (std::size_t done = 0; done < length;) {
        const off_t number = (at + static_cast<off_t>(done)) / kBlock;
        const auto within = static_cast<std::size_t>((at + static_cast<off_t>(done)) % kBlock);
        const std::size_t count = std::min(static_cast<std::size_t>(kBlock) - within, length - done);
        const auto found = file->unsynced.find(number);
        if (found != file->unsynced.end()) {
            std::memcpy(out + done, found->second.data() + within, count);
        } else {
            std::memset(out + done, 0, count);
            if (::pread(file->descriptor, out + done, count, at + static_cast<off_t>(done)) < 0) {
                return -errno;
            }
        }
        done += count;
    }
    return static_cast<int>(length);
}

int writeAt(const char* path, const char* data, std::size_t length, off_t at, fuse_file_info*) {
    const auto file = known(path);
    if (!file) {
        return -EBADF;
    }
    if (fails("write")) {
        return -failing.error;
    }
    for (std::size_t done = 0; done < length;) {
        const off_t number = (at + static_cast<off_t>(done)) / kBlock;
        const auto within = static_cast<std::size_t>((at + static_cast<off_t>(done)) % kBlock);
        const std::size_t count = std::min(static_cast<std::size_t>(kBlock) - within, length - done);
        std::memcpy(file->block(number).data() + within, data + done, count);
        done += count;
    }
    file->size = std::max(file->size, at + static_cast<off_t>(length));
    return static_cast<int>(length);
}

int resize(const char* path, off_t size, fuse_file_info*) {
    if (const int opened = openFile(path, 0, 0); opened < 0) {
        return opened;
    }
    File& file = *known(path);
    if (size < file.size) {
        file.unsynced.erase(file.unsynced.lower_bound((size + kBlock - 1) / kBlock), file.unsynced.end());
        if (size % kBlock != 0) {
            Block& last = file.block(size / kBlock);
            std::fill(last.begin() + size % kBlock, last.end(), '\0');
        }
        if (::ftruncate(file.descriptor, size) < 0) {
            return -errno;
        }
    }
    file.size = size;
    return 0;
}

int syncFile(File& file) {
    for (const auto& [number, block] : file.unsynced) {
        if (number * kBlock < file.size && !file.writeBack(number)) {
            return -EIO;
        }
    }
    file.unsynced.clear();
    return result(::ftruncate(file.descriptor, file.size) < 0 ? -1 : ::fsync(file.descriptor));
}

int sync(const char* path, int, fuse_file_info*) {
    const auto file = known(path);
    if (!file) {
        return 0;
    }
    return fails("fsync") ? -failing.error : syncFile(*file);
}

int syncAll() {
    if (fails("fsync")) {
        return -failing.error;
    }
    for (const auto& [path, file] : files) {
        if (const int done = syncFile(*file); done < 0) {
            return done;
        }
    }
    return 0;
}

int removeFile(const char* path) {
    files.erase(path);
    return result(::unlink(real(path).c_str()));
}

int renameFile(const char* from, const char* to, unsigned) {
    if (::rename(real(from).c_str(), real(to).c_str()) < 0) {
        return -errno;
    }
    files.erase(to);
    if (auto moved = files.extract(from)) {
        moved.key() = to;
        files.insert(std::move(moved));
    }
    return 0;
}

int makeFolder(const char* path, mode_t mode) {
    return result(::mkdir(real(path).c_str(), mode));
}

int makeNode(const char* path, mode_t mode, dev_t device) {
    return result(::mknod(real(path).c_str(), mode, device));  // the socket of `apiary-agent status`
}

int removeFolder(const char* path) {
    return result(::rmdir(real(path).c_str()));
}

int space(const char* path, struct statvfs* disk) {
    return result(::statvfs(real(path).c_str(), disk));
}

int changeMode(const char* path, mode_t mode, fuse_file_info*) {
    return result(::chmod(real(path).c_str(), mode));
}

int changeTimes(const char* path, const timespec times[2], fuse_file_info*) {
    return result(::utimensat(AT_FDCWD, real(path).c_str(), times, 0));
}

int keepOwner(const char*, uid_t, gid_t, fuse_file_info*) {
    return 0;
}

int setAttribute(const char*, const char* name, const char* value, std::size_t length, int) {
    if (std::string_view(name) == "user.syncfs") {
        return syncAll();
    }
    if (std::string_view(name) != "user.fail") {
        return -ENOTSUP;
    }
    failing = {};
    std::istringstream(std::string(value, length)) >> failing.call >> failing.left >> failing.error;
    return 0;
}

int attribute(const char*, const char* name, char* value, std::size_t room) {
    if (std::string_view(name) != "user.failed") {
        return -ENODATA;
    }
    const std::string text = std::to_string(failing.failed);
    if (room >= text.size()) {
        text.copy(value, text.size());
    }
    return room > 0 && room < text.size() ? -ERANGE : static_cast<int>(text.size());
}

void torn(int) {
    if (tear != nullptr) {
        std::minstd_rand chance(static_cast<unsigned>(std::atoi(tear)));
        for (const auto& [path, file] : files) {
            for (const auto& [number, block] : file->unsynced) {
                if (chance() % 2 == 0 && number * kBlock < file->size) {
                    file->writeBack(number);
                }
            }
        }
    }
    std::_Exit(0);
}

}  // namespace

int main(int count, char** words) {
    if (count < 3) {
        std::fputs("usage: losing_fs FOLDER MOUNTPOINT [options of FUSE]\n", stderr);
        return 2;
    }
    const std::unique_ptr<char, decltype(&std::free)> folder(::realpath(words[1], nullptr), &std::free);
    if (!folder) {
        std::perror(words[1]);
        return 2;
    }
    root = folder.get();
    tear = std::getenv("TEAR");
    fuse_operations operations{};
    operations.getattr = attributes;
    operations.readdir = list;
    operations.open = openPath;
    operations.create = create;
    operations.read = readAt;
    operations.write = writeAt;
    operations.truncate = resize;
    operations.fsync = sync;
    operations.unlink = removeFile;
    operations.rename = renameFile;
    operations.mkdir = makeFolder;
    operations.mknod = makeNode;
    operations.rmdir = removeFolder;
    operations.statfs = space;
    operations.chmod = changeMode;
    operations.chown = keepOwner;
    operations.utimens = changeTimes;
    operations.setxattr = setAttribute;
    operations.getxattr = attribute;
    struct sigaction action {};
    action.sa_handler = torn;
    ::sigaction(SIGTERM, &action, nullptr);
    std::string foreground = "-f";
    std::string single = "-s";
    std::array<char*, 4> mount{words[0], words[2], foreground.data(), single.data()};
    return fuse_main(static_cast<int>(mount.size()), mount.data(), &operations, nullptr);
}
