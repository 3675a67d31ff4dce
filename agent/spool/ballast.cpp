#include "agent/spool/ballast.hpp"

#include "common/log/log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace apiary::agent {

void Ballast::ensure() const {
    struct stat status {};
    struct statvfs disk {};
    if (bytes_ == 0 || ::stat(path_.c_str(), &status) == 0) {
        return;
    }
    const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        return;
    }
    const bool plenty = ::fstatvfs(file, &disk) == 0 && disk.f_bavail * disk.f_frsize > 8 * bytes_;
    const bool made = plenty && ::posix_fallocate(file, 0, static_cast<off_t>(bytes_)) == 0;
    ::close(file);
    if (!made) {
        ::unlink(path_.c_str());
    }
}

bool Ballast::give() const {
    if (::unlink(path_.c_str()) != 0) {
        return false;
    }
    log::error("spool: the disk is full; " + path_ + " was given up to go on for a while. Make room on that disk");
    return true;
}

}  // namespace apiary::agent
