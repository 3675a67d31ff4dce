#include "collector/store/free_space.hpp"

#include "common/text/units.hpp"

#include <algorithm>
#include <fstream>
#include <libpq-fe.h>
#include <memory>
#include <string_view>
#include <sys/statvfs.h>
#include <utility>

namespace apiary::collector {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr const char* kDefaultPort = "5432";
constexpr const char* kDefaultFolder = "/var/run/postgresql";  // of sockets, as Debian builds libpq

std::string inMiB(std::uint64_t bytes) {
    return sizeText(bytes / kMiB * kMiB);
}

}  // namespace

FreeSpace::FreeSpace(Find find, std::optional<std::uint64_t> floor, Measure measure)
    : find_(std::move(find)), floor_(floor), measure_(std::move(measure)) {}

std::optional<std::string> FreeSpace::lack() {
    if (paths_.empty()) {
        paths_ = find_();
    }
    for (const std::string& path : paths_) {
        const auto room = measure_(path);
        if (!room) {
            continue;
        }
        const std::uint64_t floor = floor_.value_or(defaultFloor(*room));
        if (room->available < floor + (lacking_ ? floor / 8 : 0)) {
            lacking_ = true;
            return "the disk of " + path + " has " + inMiB(room->available) + " left, its floor is " + inMiB(floor) +
                   ": make room, or have [retention] keep less";
        }
    }
    lacking_ = false;
    return std::nullopt;
}

std::uint64_t FreeSpace::defaultFloor(const Room& room) {
    return std::max(std::min(room.capacity / 20, 1024 * kMiB), 64 * kMiB);
}

std::optional<FreeSpace::Room> FreeSpace::roomOf(const std::string& path) {
    struct statvfs told {};
    if (::statvfs(path.c_str(), &told) != 0) {
        return std::nullopt;
    }
    return Room{.available = static_cast<std::uint64_t>(told.f_bavail) * told.f_frsize,
                .capacity = static_cast<std::uint64_t>(told.f_blocks) * told.f_frsize};
}

std::vector<std::string> databaseFolders(const std::string& dsn) {
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(dsn.c_str(), nullptr),
                                                                               &PQconninfoFree);
    std::string folder = kDefaultFolder;
    std::string port = kDefaultPort;
    for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
        if (option->val != nullptr && std::string_view(option->keyword) == "host") {
            folder = option->val;
        } else if (option->val != nullptr && std::string_view(option->keyword) == "port") {
            port = option->val;
        }
    }
    if (!folder.starts_with('/')) {
        return {};
    }
    std::ifstream lock(folder + "/.s.PGSQL." + port + ".lock");
    std::string process;
    std::string data;
    if (!std::getline(lock, process) || !std::getline(lock, data) || !data.starts_with('/')) {
        return {};
    }
    return {data, data + "/pg_wal"};
}

}  // namespace apiary::collector
