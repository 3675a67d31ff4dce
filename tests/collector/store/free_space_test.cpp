#include "collector/store/free_space.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <unistd.h>

namespace apiary::collector {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

/// Two disks of 10 GiB.
class FreeSpaceTest : public testing::Test {
protected:
    FreeSpace watch(std::optional<std::uint64_t> floor) {
        return {[this] { return found_; }, floor,
                [this](const std::string& path) -> std::optional<FreeSpace::Room> {
                    const auto disk = available_.find(path);
                    return disk == available_.end()
                               ? std::optional<FreeSpace::Room>()
                               : FreeSpace::Room{.available = disk->second, .capacity = 10240 * kMiB};
                }};
    }

    std::vector<std::string> found_{"/data", "/wal"};
    std::map<std::string, std::uint64_t> available_{{"/data", 9000 * kMiB}, {"/wal", 9000 * kMiB}};
};

TEST_F(FreeSpaceTest, NamesTheDiskThatHasLessThanTheFloor) {
    auto space = watch(800 * kMiB);
    EXPECT_FALSE(space.lack());
    available_["/wal"] = 799 * kMiB;
    EXPECT_EQ(space.lack(),
              "the disk of /wal has 799MiB left, its floor is 800MiB: make room, or have [retention] keep less");
}

TEST_F(FreeSpaceTest, HasRoomAgainWhenThereIsSomeMoreThanTheFloor) {
    auto space = watch(800 * kMiB);
    available_["/data"] = 700 * kMiB;
    EXPECT_TRUE(space.lack());
    available_["/data"] = 899 * kMiB;
    EXPECT_TRUE(space.lack());
    available_["/data"] = 900 * kMiB;
    EXPECT_FALSE(space.lack());
    available_["/data"] = 801 * kMiB;
    EXPECT_FALSE(space.lack());
}

TEST_F(FreeSpaceTest, KeepsATwentiethByDefaultButNoMoreThanAGibibyteAndNoLessThanFourFilesOfTheLog) {
    EXPECT_EQ(FreeSpace::defaultFloor({.available = 0, .capacity = 10240 * kMiB}), 512 * kMiB);
    EXPECT_EQ(FreeSpace::defaultFloor({.available = 0, .capacity = 10240 * 1024 * kMiB}), 1024 * kMiB);
    EXPECT_EQ(FreeSpace::defaultFloor({.available = 0, .capacity = 100 * kMiB}), 64 * kMiB);
    auto space = watch({});
    available_["/data"] = 511 * kMiB;
    EXPECT_TRUE(space.lack());
}

TEST_F(FreeSpaceTest, LooksAgainForWhatItHasNotFoundAndSkipsWhatCannotBeSeen) {
    found_.clear();
    auto space = watch(800 * kMiB);
    available_["/data"] = 0;
    EXPECT_FALSE(space.lack());
    found_ = {"/elsewhere", "/data"};
    EXPECT_TRUE(space.lack());
}

TEST(DatabaseFoldersTest, AreNamedByTheLockFileBesideTheSocket) {
    std::string folder = "/tmp/apiary-sockets-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    std::ofstream(folder + "/.s.PGSQL.5433.lock") << "1234\n/var/lib/data\n1700000000\n";
    EXPECT_EQ(databaseFolders("host=" + folder + " port=5433 dbname=apiary"),
              (std::vector<std::string>{"/var/lib/data", "/var/lib/data/pg_wal"}));
    EXPECT_TRUE(databaseFolders("host=" + folder + " dbname=apiary").empty());
    EXPECT_TRUE(databaseFolders("host=192.0.2.1 port=5433").empty());
    std::filesystem::remove_all(folder);
}

TEST(DatabaseFoldersTest, TheRootHasRoom) {
    EXPECT_GT(FreeSpace::roomOf("/")->capacity, 0U);
    EXPECT_FALSE(FreeSpace::roomOf("/no such folder"));
}

}  // namespace
}  // namespace apiary::collector
