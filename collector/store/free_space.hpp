#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace apiary::collector {

/// Watches that the disks of the database keep a floor of free space: PostgreSQL gives up where its write-ahead log
/// finds no room, and does not come back by itself. One thread.
class FreeSpace {
public:
    struct Room {
        std::uint64_t available = 0;  // for who is not root
        std::uint64_t capacity = 0;
    };
    /// The file system of a path; nothing if it cannot be seen now.
    using Measure = std::function<std::optional<Room>(const std::string& path)>;
    /// Folders to watch; none: not known yet, ask again.
    using Find = std::function<std::vector<std::string>()>;

    /// Without `floor` it is defaultFloor() of each.
    FreeSpace(Find find, std::optional<std::uint64_t> floor, Measure measure = roomOf);

    /// Says which disk has less than the floor, and what to do; nothing while there is room, or nothing to be seen.
    /// Once a disk had too little there is room again at an eighth more than the floor, so that it does not go to and
    /// fro.
    std::optional<std::string> lack();

    /// 5 %, at the most 1 GiB, and at least 64 MiB: four files of a write-ahead log.
    static std::uint64_t defaultFloor(const Room& room);

    /// Asks the operating system.
    static std::optional<Room> roomOf(const std::string& path);

private:
    const Find find_;
    const std::optional<std::uint64_t> floor_;
    const Measure measure_;
    std::vector<std::string> paths_;
    bool lacking_ = false;
};

/// The folders of data and write-ahead log of the PostgreSQL that a connection string leads to, if it is on this
/// machine and this account may see them: the lock file beside the server's socket names them. None if not, or if it
/// does not run.
std::vector<std::string> databaseFolders(const std::string& dsn);

}  // namespace apiary::collector
