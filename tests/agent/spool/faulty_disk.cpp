#include "tests/agent/spool/faulty_disk.hpp"

#include <atomic>
#include <cerrno>
#include <sqlite3.h>
#include <utility>

namespace apiary::agent {
namespace {

// SQLite keeps pointers to plain functions, so what they look at is global; tests run one after the other.
sqlite3_vfs* realDisk = nullptr;
sqlite3_vfs faultyDisk;
// The database and its write-ahead log have different functions; those replaced here are the same in both.
const sqlite3_io_methods* realMethods = nullptr;
sqlite3_io_methods faultyDatabase;
sqlite3_io_methods faultyLog;
std::atomic<FaultyDisk::Call> failing = FaultyDisk::Call::Sync;
std::atomic<int> untilFault{0};
std::atomic<int> faults{0};
std::atomic<int> faultsWanted{0};
std::atomic<bool> diskFull{false};
int untilCalled = 0;
std::function<void()> called;

void countDown() {
    if (called && --untilCalled <= 0) {
        std::exchange(called, nullptr)();
    }
}

bool fails(FaultyDisk::Call call) {
    if (call != failing || faults >= faultsWanted) {
        return false;
    }
    if (untilFault > 1) {
        --untilFault;
        return false;
    }
    ++faults;
    return true;
}

int sync(sqlite3_file* file, int flags) {
    countDown();
    return fails(FaultyDisk::Call::Sync) ? SQLITE_IOERR_FSYNC : realMethods->xSync(file, flags);
}

int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) {
    countDown();
    if (fails(FaultyDisk::Call::Write)) {
        return diskFull ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    return realMethods->xWrite(file, bytes, size, at);
}

int read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 at) {
    if (fails(FaultyDisk::Call::Read)) {
        errno = EIO;
        return SQLITE_IOERR_CORRUPTFS;  // as the real layer does for EIO
    }
    return realMethods->xRead(file, bytes, size, at);
}

int control(sqlite3_file* file, int operation, void* argument) {
    if (operation == SQLITE_FCNTL_LAST_ERRNO && failing == FaultyDisk::Call::Read && faults > 0) {
        *static_cast<int*>(argument) = EIO;
        return SQLITE_OK;
    }
    return realMethods->xFileControl(file, operation, argument);
}

int open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* outFlags) {
    const int code = realDisk->xOpen(realDisk, path, file, flags, outFlags);
    if (code == SQLITE_OK && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0) {
        realMethods = file->pMethods;
        sqlite3_io_methods& faulty = (flags & SQLITE_OPEN_WAL) != 0 ? faultyLog : faultyDatabase;
        faulty = *realMethods;
        faulty.xSync = &sync;
        faulty.xWrite = &write;
        faulty.xRead = &read;
        faulty.xFileControl = &control;
        file->pMethods = &faulty;
    }
    return code;
}

}  // namespace

std::string FaultyDisk::name() {
    if (realDisk == nullptr) {
        realDisk = sqlite3_vfs_find(nullptr);
        faultyDisk = *realDisk;
        faultyDisk.zName = "faulty";
        faultyDisk.xOpen = &open;
        sqlite3_vfs_register(&faultyDisk, 0);
    }
    return "faulty";
}

void FaultyDisk::fail(Call call, int nth, int times, bool full) {
    failing = call;
    untilFault = nth;
    faults = 0;
    faultsWanted = times;
    diskFull = full;
}

void FaultyDisk::heal() {
    faultsWanted = 0;
}

void FaultyDisk::before(int nth, std::function<void()> call) {
    untilCalled = nth;
    called = std::move(call);
}

int FaultyDisk::failures() {
    return faults;
}

}  // namespace apiary::agent
